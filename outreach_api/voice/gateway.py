"""The plain socket for a district's own SIP gateway: our JSON, one object a message. `docs/voice.md` has it in full."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from models.vocabulary import Direction
from outreach_api.voice.relay import Opened, Partial, of_whole_signs
from outreach_api.voice.transport import (
    CallRef,
    Closed,
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

PROVIDER = "gateway"
LONGEST_MESSAGE = 16_384
log = structlog.get_logger(__name__)


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Setup(_Message):
    type: Literal["setup"]
    call: str = Field(min_length=1, max_length=64)
    direction: Literal["in", "out"]
    number: str = Field(max_length=32)
    contact: int | None = None
    answered_by: str = Field(default="", max_length=32)


class _Prompt(_Message):
    type: Literal["prompt"]
    text: str
    last: bool = True
    language: str = Field(default="", max_length=32)


class _Dtmf(_Message):
    type: Literal["dtmf"]
    digit: str = Field(pattern=r"^[0-9*#]$")


class _Interrupt(_Message):
    type: Literal["interrupt"]
    heard: str


class _Silence(_Message):
    type: Literal["silence"]


class _Info(_Message):
    type: Literal["info"]
    name: str
    value: str = ""


class _Error(_Message):
    type: Literal["error"]
    description: str


class _Closed(_Message):
    type: Literal["closed"]
    because: str = Field(default="", max_length=32)


_INCOMING: TypeAdapter[Any] = TypeAdapter(
    Annotated[_Setup | _Prompt | _Dtmf | _Interrupt | _Silence | _Info | _Error | _Closed, Field(discriminator="type")]
)


def read(message: str) -> Event | Partial | Opened | None:
    """The event a message tells of; None for one that is no message of ours."""
    try:
        body = _INCOMING.validate_json(of_whole_signs(message)) if len(message) <= LONGEST_MESSAGE else None
    except (ValueError, RecursionError):
        body = None
    match body:
        case _Setup():
            setup = Setup(Direction(body.direction), body.number, body.contact, body.answered_by)
            return Opened(CallRef(PROVIDER, body.call), setup)
        case _Prompt():
            return Prompt(body.text, body.language) if body.last else Partial(body.text)
        case _Dtmf():
            return Dtmf(body.digit)
        case _Interrupt():
            return Interrupt(body.heard)
        case _Silence():
            return Prompt("")
        case _Info():
            return Info(body.name, body.value)
        case _Error():
            return Error(body.description)
        case _Closed():
            return Closed(body.because)
    log.warning("gateway_message_strange", length=len(message))
    return None


def write(command: Command) -> dict[str, Any]:
    match command:
        case Text(sentences, interruptible, slow):
            body = {"sentences": list(sentences), "interruptible": interruptible, "pace": "slow" if slow else "usual"}
            return {"type": "text", **body}
        case Play(source):
            return {"type": "play", "source": source}
        case SendDigits(digits):
            return {"type": "send_digits", "digits": digits}
        case Language(cantonese):
            return {"type": "language", "language": "yue" if cantonese else "cmn"}
        case Transfer(to, case_id):
            return {"type": "transfer", "to": to, "case": case_id}
        case End(because):
            return {"type": "end", "because": because}


def dumps(command: Command) -> str:
    return json.dumps(write(command), ensure_ascii=False)
