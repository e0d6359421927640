"""How calls are made and how they sound; from the environment (`OUTREACH_VOICE_…`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Transport(StrEnum):
    """How a call of Twilio's is carried; `gather` also takes over when the relay fails."""

    RELAY = "relay"
    GATHER = "gather"


class VoiceSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OUTREACH_VOICE_", env_file=".env", extra="ignore")

    enabled: bool = False
    """Without calls the ladder of contacts leaves them out."""
    transport: Transport = Transport.RELAY

    # How it sounds
    tts_language: str = "cmn-CN"
    asr_language: str = "cmn-Hans-CN"
    say_voice: str = "Google.cmn-CN-Wavenet-A"
    relay_tts_provider: Literal["Google", "Amazon", "ElevenLabs"] = "Google"
    relay_voice: str = "cmn-CN-Wavenet-A"
    relay_transcription_provider: Literal["Google", "Deepgram"] = "Google"
    relay_speech_model: str = "long"
    cantonese_tts_language: str = "yue-HK"
    cantonese_asr_language: str = "yue-Hant-HK"
    cantonese_say_voice: str = "Google.yue-HK-Standard-A"
    cantonese_relay_voice: str = "yue-HK-Standard-A"
    rate_percent: int = 90
    slow_rate_percent: int = 75
    pause_milliseconds: int = 400
    """Between two sentences; twice as long for who wants it slow."""

    # How it listens
    speech_timeout_seconds: int = 3
    """How long a slow speaker may pause inside a sentence."""
    relay_speech_timeout: str = "2500"
    silence_seconds: int = 8
    """How long nothing at all may be heard before the assistant asks again."""
    relay_silence_seconds: float = 8.0
    """The same on a socket, counted from when our own words are over."""
    seconds_per_character: float = 0.28
    interruptible: Literal["none", "dtmf", "speech", "any"] = "any"
    interrupt_sensitivity: Literal["low", "medium", "high"] = "low"

    # Limits
    ring_seconds: int = 30
    longest_call_seconds: int = 600
    most_calls_at_once: int = 20
    allowed_prefixes: list[str] = ["+86"]
    price_per_minute: float = 0.0
    daily_spend_cap: float = 0.0
    """In the currency of the price; 0 is no cap."""
    machine_detection: Literal["Enable", "DetectMessageEnd"] = "DetectMessageEnd"
    fallback_url: str = ""
    """Where Twilio turns when we do not answer at all; a static TwiML that says goodbye."""

    agents_number: str = ""
    """The queue of the people at work; a call is handed over to it in working hours."""
    gateway_url: str = ""
    """Where the district's own gateway takes calls to place; with one, all calls go that way. Empty: by Twilio."""
    gateway_token: SecretStr = SecretStr("")
    """What a SIP gateway presents on the plain socket; empty: the socket is closed to everybody."""
