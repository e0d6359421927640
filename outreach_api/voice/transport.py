"""The seam between a call and whatever carries it: what comes in, what goes out. Nothing here is any vendor's."""

from __future__ import annotations

from dataclasses import dataclass

from models.vocabulary import Direction


@dataclass(frozen=True)
class CallRef:
    """One call of one provider."""

    provider: str
    ref: str


# In


@dataclass(frozen=True)
class Setup:
    """The call stands, for the first time or after its connection broke. `number` is the other end's."""

    direction: Direction
    number: str
    contact_id: int | None = None
    answered_by: str = ""
    """As machine detection has it: `human`, `machine_…`, `fax`, `unknown` or nothing."""


@dataclass(frozen=True)
class Prompt:
    """What was said; empty: nothing, for as long as one waits. `cut_off`: the line went dead before its end."""

    text: str
    language: str = ""
    cut_off: bool = False


@dataclass(frozen=True)
class Dtmf:
    digit: str


@dataclass(frozen=True)
class Interrupt:
    """The assistant was interrupted; `heard` is what had been spoken until then."""

    heard: str


@dataclass(frozen=True)
class Info:
    name: str
    value: str = ""


@dataclass(frozen=True)
class Error:
    description: str


@dataclass(frozen=True)
class Closed:
    """The connection is gone; the call may go on by another."""

    because: str = ""


@dataclass(frozen=True)
class StaffWords:
    """A member of staff wants something said in this call."""


Event = Setup | Prompt | Dtmf | Interrupt | Info | Error | Closed | StaffWords


# Out


@dataclass(frozen=True)
class Text:
    """Sentences to say, in order; each is a breath."""

    sentences: tuple[str, ...]
    interruptible: bool = True
    slow: bool = False


@dataclass(frozen=True)
class Play:
    source: str


@dataclass(frozen=True)
class SendDigits:
    digits: str


@dataclass(frozen=True)
class Language:
    """From here on speak and listen in this one."""

    cantonese: bool


@dataclass(frozen=True)
class Transfer:
    """Hand the call to a person at `to`; the case is open already."""

    to: str
    case_id: int


@dataclass(frozen=True)
class End:
    because: str


Command = Text | Play | SendDigits | Language | Transfer | End
