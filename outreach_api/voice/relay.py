"""Twilio's ConversationRelay: its published messages, read into events and written from commands.

The set is written down in `relay_messages.schema.json`. A message that does not fit it is logged and passed over: a
vendor that adds one must not end a call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from jsonschema import Draft202012Validator

from models.vocabulary import Direction
from outreach_api.voice.settings import VoiceSettings
from outreach_api.voice.transport import (
    CallRef,
    Command,
    Dtmf,
    End,
    Error,
    Event,
    Info,
    Interrupt,
    Language,
    Play,
    Prompt,
    SendDigits,
    Setup,
    Text,
    Transfer,
)

PROVIDER = "twilio"
LONGEST_MESSAGE = 16_384
_HALF = "\\ud"
SCHEMA = json.loads(Path(__file__).with_name("relay_messages.schema.json").read_text("utf-8"))
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Partial:
    """Words that are still being spoken; they count only if the line goes dead on them."""

    text: str


@dataclass(frozen=True)
class Opened:
    ref: CallRef
    setup: Setup


def of_whole_signs(message: str) -> str:
    """JSON in which no half of a sign stands alone, as where a machine cut a text by its length: it could not be kept.

    Raises:
        ValueError: it is no JSON.
    """
    if _HALF not in message.lower():
        return message
    return json.dumps(json.loads(message), ensure_ascii=False).encode("utf-8", "replace").decode()


def read(message: str) -> Event | Partial | Opened | None:
    """The event a message tells of; None for one that is unknown, malformed or of no consequence."""
    try:
        body = json.loads(of_whole_signs(message)) if len(message) <= LONGEST_MESSAGE else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not _is_published(body):
        log.warning("relay_message_strange", length=len(message))
        return None
    return _READ[body["type"]](body)


def _setup(body: dict[str, Any]) -> Opened:
    outbound = body.get("direction", "").startswith("outbound")
    contact = str((body.get("customParameters") or {}).get("contact", ""))
    number = body.get("to" if outbound else "from", "")
    direction = Direction.OUT if outbound else Direction.IN
    setup = Setup(direction, number, int(contact) if contact.isdecimal() and outbound else None)
    return Opened(CallRef(PROVIDER, body["callSid"]), setup)


def _prompt(body: dict[str, Any]) -> Prompt | Partial:
    text = body["voicePrompt"]
    return Prompt(text, body.get("lang") or "") if body.get("last", True) else Partial(text)


_READ: dict[str, Callable[[dict[str, Any]], Event | Partial | Opened]] = {
    "setup": _setup,
    "prompt": _prompt,
    "dtmf": lambda body: Dtmf(body["digit"]),
    "interrupt": lambda body: Interrupt(body["utteranceUntilInterrupt"]),
    "error": lambda body: Error(body["description"]),
    "info": lambda body: Info(str(body.get("name", "")), str(body.get("value", ""))),
}


# One for each kind: to try a message against all of them takes as long as all the rest that is done with it.
_FROM_TWILIO = {kind: Draft202012Validator(SCHEMA | {"$ref": f"#/$defs/{kind}"}) for kind in _READ}


def _is_published(body: dict[str, Any]) -> bool:
    kind = body.get("type")
    return isinstance(kind, str) and kind in _FROM_TWILIO and _FROM_TWILIO[kind].is_valid(body)


def write(commands: Sequence[Command], settings: VoiceSettings) -> list[dict[str, Any]]:
    """The messages that carry the commands out. The last words of all end the turn: `last` is true once."""
    messages = [message for command in commands for message in _write(command, settings)]
    texts = [message for message in messages if message["type"] == "text"]
    for message in texts:
        message["last"] = message is texts[-1]
    return messages


def _write(command: Command, settings: VoiceSettings) -> list[dict[str, Any]]:
    match command:
        case Text(sentences, interruptible):
            return [_token(sentence, interruptible=interruptible) for sentence in sentences]
        case Play(source):
            return [{"type": "play", "source": source, "loop": 1, "preemptible": False, "interruptible": True}]
        case SendDigits(digits):
            return [{"type": "sendDigits", "digits": digits}]
        case Language(cantonese):
            spoken = settings.cantonese_tts_language if cantonese else settings.tts_language
            heard = settings.cantonese_asr_language if cantonese else settings.asr_language
            return [{"type": "language", "ttsLanguage": spoken, "transcriptionLanguage": heard}]
        case Transfer(_, case_id):
            return [{"type": "end", "handoffData": json.dumps({"reason": "transfer", "case": case_id})}]
        case End(because):
            return [{"type": "end", "handoffData": json.dumps({"reason": "end", "because": because})}]


def _token(sentence: str, *, interruptible: bool) -> dict[str, Any]:
    """A sentence a token: the first is spoken while the others follow."""
    return {"type": "text", "token": sentence, "last": False, "interruptible": interruptible, "preemptible": False}
