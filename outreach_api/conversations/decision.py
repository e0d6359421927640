"""What a turn comes to: words heard, what is known of the speaker, and the decision, all plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from models.vocabulary import (
    ApplicationStatus,
    Audience,
    CaseKind,
    CaseReason,
    Channel,
    ContactPurpose,
    ConversationOutcome,
    MatchState,
    StopReason,
    Topic,
    Urgency,
)
from outreach_api.conversations.bot import Turn
from outreach_api.conversations.errands import Errand
from outreach_api.conversations.exact_words import ExactWord
from outreach_api.conversations.state import DialogueState
from outreach_api.conversations.when import Window
from outreach_api.surveys.effects import KeepAnswer, MoveInvitation, RefuseSurveys
from outreach_api.surveys.open_survey import OpenSurvey
from scheduler.policies.card import PolicyCard
from scheduler.policies.faq_search import Faq


class Standing(StrEnum):
    """Whom we may take the speaker for. Only `KNOWN` hears anything personal."""

    KNOWN = "known"
    SHARED = "shared"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Person:
    resident_id: int
    name: str
    birth_month: int | None
    age_years: int | None
    place: str = ""
    """Where they live, down to the community and no further."""
    audience: Audience = Audience.PERSON
    clerk: str | None = None
    """Of a firm: who answers for it."""

    @property
    def is_firm(self) -> bool:
        return self.audience is Audience.ENTERPRISE


@dataclass(frozen=True)
class KnownMatch:
    match_id: int
    resident_id: int
    policy_id: str
    policy_version: str
    state: MatchState
    is_open: bool
    number: int = 1
    """The number it had in the last offer."""
    in_offer: bool = False
    visit_unasked: bool = False
    """It waits for a visit that the ladder of contacts asked for, not the resident."""
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What the rule saw of the resident when it matched: it picks their own band of an amount."""


def offered_to(
    resident_id: int | None, matches: Iterable[KnownMatch]
) -> tuple[tuple[KnownMatch, ...], tuple[KnownMatch, ...]]:
    """One resident's matches: those the newest offer spoke of, in the order of their numbers, and all others."""
    own = [match for match in matches if match.resident_id == resident_id]
    offered = sorted((match for match in own if match.in_offer), key=lambda match: match.number)
    return tuple(offered), tuple(match for match in own if not match.in_offer)


@dataclass(frozen=True)
class KnownMandate:
    """A mandate in force that concerns the speaker: held at this phone, or given by them."""

    mandate_id: int
    resident_id: int
    policy_id: str
    relation: str
    is_here: bool
    """Whether it is held at this phone."""


@dataclass(frozen=True)
class KnownApplication:
    resident_id: int
    policy_id: str
    status: ApplicationStatus
    occurred_on: date


@dataclass(frozen=True)
class Context:
    """All a decision may know; `now` is in the resident's own zone.

    `offered` are the matches of the newest offer, `others` all other ones of the resident.
    """

    now: datetime
    channel: Channel
    state: DialogueState
    standing: Standing
    person: Person | None
    household: tuple[Person, ...]
    offered: tuple[KnownMatch, ...]
    others: tuple[KnownMatch, ...]
    on_phone: tuple[KnownMatch, ...]
    """Open matches of everybody whom this phone reaches."""
    applications: tuple[KnownApplication, ...]
    stop: StopReason | None
    in_human_hands: bool
    outcome: ConversationOutcome
    cards: Mapping[str, PolicyCard]
    kept_faqs: tuple[Faq, ...] = ()
    """Kept from what people answered, and reviewed."""
    survey: OpenSurvey | None = None
    """The survey this message may be an answer to."""
    called_about: OpenSurvey | None = None
    """The survey of the call in which somebody speaks who has not said yet who they are."""
    errand: Errand | None = None
    """What this call is for, or what the phone was texted last, where that was no offer."""
    audience: Audience = Audience.PERSON
    """Whether a person or a firm's clerk is spoken to; before the speaker is known, whom the last offer was for."""
    by_proxy: bool = False
    """Somebody else of the family is at the chat page; a word there is never the resident's own."""
    station: str = ""
    """The station nearest to where the resident lives."""
    mandates: tuple[KnownMandate, ...] = ()
    at_holders_phone: bool = False
    """Whether the resident is reached here by a mandate only: then a family member speaks, whatever they say."""
    proof_code: str = ""
    """What to say, in answer to this message, to somebody who doubts us."""

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def matches(self) -> tuple[KnownMatch, ...]:
        return (*self.offered, *self.others)


@dataclass(frozen=True)
class Heard:
    """`turn` is None as long as the bot was not asked."""

    text: str
    exact: ExactWord | None
    turn: Turn | None = None


@dataclass(frozen=True)
class Line:
    """One sentence or two to say, with the key of the copy deck it came from."""

    key: str
    text: str


@dataclass(frozen=True)
class MoveMatch:
    match_id: int
    to: MatchState


@dataclass(frozen=True)
class GiveConsent:
    match: KnownMatch
    text: str
    mandate_id: int | None = None
    """By which a family member gives it."""


@dataclass(frozen=True)
class WithdrawConsent:
    match_id: int


@dataclass(frozen=True)
class PlaceStop:
    reason: StopReason
    placed_by: str


@dataclass(frozen=True)
class ReleaseOptOut:
    """The resident's own word undoes the resident's own stop."""


@dataclass(frozen=True)
class QuarantinePhone:
    pass


@dataclass(frozen=True)
class OpenCase:
    kind: CaseKind
    reason: CaseReason
    match: KnownMatch | None = None
    urgency: Urgency = Urgency.NORMAL
    summary: str | None = None
    wanted: Window | None = None
    """When a visit would suit."""


@dataclass(frozen=True)
class AnswerSettled:
    """Whoever reported something says whether it is settled."""

    case_id: int
    settled: bool
    words: str


@dataclass(frozen=True)
class CancelVisit:
    """Call off a visit that nobody asked for."""

    match_id: int


@dataclass(frozen=True)
class SetCallback:
    match_id: int
    at: datetime


@dataclass(frozen=True)
class KeepPreference:
    name: str
    value: Mapping[str, Any]


@dataclass(frozen=True)
class Identify:
    resident_id: int


@dataclass(frozen=True)
class IssueProof:
    code: str


@dataclass(frozen=True)
class GrantMandate:
    match: KnownMatch
    relation: str


@dataclass(frozen=True)
class RevokeMandate:
    mandate_id: int
    because: str


Effect = (
    MoveMatch
    | GiveConsent
    | WithdrawConsent
    | PlaceStop
    | ReleaseOptOut
    | QuarantinePhone
    | OpenCase
    | AnswerSettled
    | CancelVisit
    | SetCallback
    | KeepPreference
    | Identify
    | GrantMandate
    | RevokeMandate
    | KeepAnswer
    | MoveInvitation
    | RefuseSurveys
    | IssueProof
)


@dataclass(frozen=True)
class Decision:
    """What to say and do. No lines: nothing is sent."""

    lines: tuple[Line, ...]
    effects: tuple[Effect, ...]
    state: DialogueState
    outcome: ConversationOutcome
    purpose: ContactPurpose = ContactPurpose.REPLY
    topics: tuple[Topic, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)
