"""TwiML, written with the SDK's own classes: what Twilio is told to say, to listen for and to connect to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from twilio.twiml.voice_response import Connect, ConversationRelay, Dial, Gather, Say, VoiceResponse

from outreach_api.voice.settings import VoiceSettings
from outreach_api.voice.transport import Command, End, Language, Play, SendDigits, Text, Transfer

PATH = "/webhooks/twilio/voice"
TURN, ENDED, DIALLED, SOCKET = f"{PATH}/turn", f"{PATH}/relay-ended", f"{PATH}/dialled", f"{PATH}/relay"
LONGEST_HINTS = 500


@dataclass(frozen=True)
class Scribe:
    """Writes the answers to Twilio's requests for one installation."""

    public_url: str
    settings: VoiceSettings
    hints: tuple[str, ...] = ()

    def hang_up(self) -> str:
        response = VoiceResponse()
        response.hangup()
        return str(response)

    def relay(self, *, contact: int | None, cantonese: bool = False) -> str:
        """Hand the call to our socket. Every attribute is set, so that no default of the vendor's decides."""
        response, settings = VoiceResponse(), self.settings
        connect = Connect(action=self._url(ENDED, contact=contact), method="POST")
        relay = ConversationRelay(
            url=self.socket_url,
            language=settings.cantonese_tts_language if cantonese else settings.tts_language,
            tts_language=settings.cantonese_tts_language if cantonese else settings.tts_language,
            transcription_language=settings.cantonese_asr_language if cantonese else settings.asr_language,
            tts_provider=settings.relay_tts_provider,
            voice=settings.cantonese_relay_voice if cantonese else settings.relay_voice,
            transcription_provider=settings.relay_transcription_provider,
            speech_model=settings.relay_speech_model,
            profanity_filter=False,
            dtmf_detection=True,
            partial_prompts=True,
            welcome_greeting_interruptible="none",
            interruptible=settings.interruptible,
            interrupt_sensitivity=settings.interrupt_sensitivity,
            preemptible=False,
            report_input_during_agent_speech="none",
            ignore_backchannel=True,
            speech_timeout=settings.relay_speech_timeout,
            hints=self._hints(),
        )
        for code, asr, voice in self._languages():
            relay.language(
                code=code,
                tts_provider=settings.relay_tts_provider,
                voice=voice,
                transcription_provider=settings.relay_transcription_provider,
                speech_model=asr,
            )
        if contact is not None:
            relay.parameter(name="contact", value=str(contact))
        connect.append(relay)
        response.append(connect)
        return str(response)

    def gather(self, commands: Iterable[Command], *, turn: int, contact: int | None, cantonese: bool = False) -> str:
        """Say it and listen: for words and for one key; silence is reported too."""
        response = VoiceResponse()
        spoken: list[Text] = []
        for command in commands:
            match command:
                case Language(cantonese=now):
                    cantonese = now
                case Text():
                    spoken.append(command)
                case Play(source):
                    response.play(source)
                case SendDigits(digits):
                    response.play(digits=digits)
                case Transfer():
                    return self._transfer(spoken, command, cantonese=cantonese)
                case End():
                    return self._goodbye(spoken, cantonese=cantonese)
        fixed = [text for text in spoken if not text.interruptible]
        self._speak(response, fixed, cantonese=cantonese)
        gather = Gather(
            input="speech dtmf",
            action=self._url(TURN, contact=contact, turn=turn),
            method="POST",
            action_on_empty_result=True,
            language=self.settings.cantonese_asr_language if cantonese else self.settings.asr_language,
            timeout=self.settings.silence_seconds,
            speech_timeout=str(self.settings.speech_timeout_seconds),
            num_digits=1,
            finish_on_key="",
            barge_in=True,
            profanity_filter=False,
            hints=self._hints(),
        )
        self._speak(gather, [text for text in spoken if text.interruptible], cantonese=cantonese)
        response.append(gather)
        return str(response)

    @property
    def socket_url(self) -> str:
        return self.public_url.rstrip("/").replace("http", "ws", 1) + SOCKET

    def _goodbye(self, spoken: Sequence[Text], *, cantonese: bool) -> str:
        response = VoiceResponse()
        self._speak(response, spoken, cantonese=cantonese)
        response.hangup()
        return str(response)

    def _transfer(self, spoken: Sequence[Text], transfer: Transfer, *, cantonese: bool) -> str:
        response = VoiceResponse()
        self._speak(response, spoken, cantonese=cantonese)
        dial = Dial(action=self._url(DIALLED, case=transfer.case_id), method="POST", answer_on_bridge=True, timeout=30)
        dial.number(transfer.to)
        response.append(dial)
        return str(response)

    def _speak(self, into: VoiceResponse | Gather, texts: Sequence[Text], *, cantonese: bool) -> None:
        settings = self.settings
        for text in texts:
            say = Say(
                language=settings.cantonese_tts_language if cantonese else settings.tts_language,
                voice=settings.cantonese_say_voice if cantonese else settings.say_voice,
            )
            rate = settings.slow_rate_percent if text.slow else settings.rate_percent
            pause = settings.pause_milliseconds * (2 if text.slow else 1)
            for sentence in text.sentences:
                say.prosody(sentence, rate=f"{rate}%")
                say.break_(time=f"{pause}ms")
            into.append(say)

    def _languages(self) -> list[tuple[str, str, str]]:
        settings = self.settings
        return [
            (settings.tts_language, settings.relay_speech_model, settings.relay_voice),
            (settings.cantonese_tts_language, settings.relay_speech_model, settings.cantonese_relay_voice),
        ]

    def _hints(self) -> str:
        return ",".join(self.hints)[:LONGEST_HINTS]

    def _url(self, path: str, **query: int | None) -> str:
        wanted = {name: value for name, value in query.items() if value is not None}
        return self.public_url.rstrip("/") + path + (f"?{urlencode(wanted)}" if wanted else "")
