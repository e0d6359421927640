"""The policy card: one benefit as its department published it.

`null` means not known, never no; `[]` means none needed.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, Strict, StrictBool, StrictInt, StrictStr

from models.vocabulary import Audience, Topic
from scheduler.rules.rule import Label, Rule

Text = Annotated[StrictStr, Field(min_length=1)]
Name = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Spoken = Annotated[StrictStr, Field(min_length=2, max_length=110, description="Said to a resident as it stands")]
PartialDate = Annotated[StrictStr, Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
Day = Annotated[date, Strict()]
MonthDay = Annotated[StrictStr, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class PolicyKind(StrEnum):
    """A service is attended, not paid."""

    CASH = "cash"
    SERVICE = "service"


class PolicyStatus(StrEnum):
    ACTIVE = "active"
    UNVERIFIED_CURRENT = "unverified_current"
    CLOSED_TO_NEW = "closed_to_new"
    HISTORICAL = "historical"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Domain(StrEnum):
    CIVIL_AFFAIRS = "civil_affairs"
    DISABLED_PERSONS = "disabled_persons"
    HEALTH = "health"
    EDUCATION = "education"
    HUMAN_RESOURCES = "human_resources"
    ENTERPRISE_SERVICES = "enterprise_services"
    HOUSING = "housing"
    MEDICAL_INSURANCE = "medical_insurance"


class Level(StrEnum):
    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"


class Period(StrEnum):
    MONTH = "month"
    TERM = "term"
    YEAR = "year"
    ONCE = "once"


class SourceKind(StrEnum):
    OFFICIAL = "official"
    OFFICIAL_MIRROR = "official_mirror"
    PRESS = "press"
    PRESS_MIRROR = "press_mirror"
    PORTAL = "portal"
    LOW = "low"
    SEED = "seed"


# Mirrors and low-grade pages often sit on unrelated or hijacked domains: citations for editors, never for residents.
SHOWABLE = (SourceKind.OFFICIAL, SourceKind.PRESS, SourceKind.SEED, SourceKind.PORTAL)


class CardPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Verification(CardPart):
    """A policy editor has checked the card against the deciding authority."""

    by: Text
    at: Day
    source: Text


class Reply(CardPart):
    """Whether the deciding authority takes a text reply as an application."""

    accepts: StrictBool
    keyword: Text | None = None
    consent_text: Spoken | None = None


class Band(CardPart):
    """One step of an amount: a range of the field (both ends included), some of its codes, or everybody."""

    from_: StrictInt | None = Field(None, alias="from")
    to: StrictInt | None = None
    values: tuple[Text, ...] = ()
    yuan: StrictInt | float = Field(gt=0)

    def holds(self, value: object) -> bool:
        if self.values:
            return value in self.values
        if self.from_ is None and self.to is None:
            return True
        if not isinstance(value, int):
            return False
        return (self.from_ is None or self.from_ <= value) and (self.to is None or value <= self.to)


class Amount(CardPart):
    per: Period | None = None
    by: Text | None = Field(None, description="The rule field that the bands step through")
    bands: tuple[Band, ...] | None = None
    at_most: StrictBool = Field(default=False, description="The amounts are ceilings")
    covers: tuple[Text, ...] | None = Field(None, description="What a service consists of")
    say: Spoken | None = None


class Documents(CardPart):
    needed: tuple[Text, ...] | None = None
    say: Spoken | None = None


class HowToApply(CardPart):
    online: tuple[Text, ...] | None = None
    offline: tuple[Text, ...] | None = None
    say: Spoken | None = None


class Where(CardPart):
    places: tuple[Text, ...] | None = None
    say: Spoken | None = None


class Stretch(NamedTuple):
    """Days, both ends included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


class Window(CardPart):
    """A stretch of days in which the item is open or a renewal is due; every year, or once with the year given."""

    from_: MonthDay | Day = Field(alias="from")
    to: MonthDay | Day

    def around(self, day: date) -> Stretch:
        """The stretch of the day's year, or the one over New Year that holds the day or comes next."""
        first, last = _in_year(self.from_, day.year), _in_year(self.to, day.year)
        if last >= first:
            return Stretch(first, last)
        if day <= last:
            return Stretch(_in_year(self.from_, day.year - 1), last)
        return Stretch(first, _in_year(self.to, day.year + 1))


class Deadlines(CardPart):
    all_year: StrictBool | None = None
    windows: tuple[Window, ...] | None = None
    renewals: tuple[Window, ...] | None = None
    notice_months_before_age: StrictInt | None = None
    say: Spoken | None = None

    def open_stretch(self, today: date) -> Stretch | None:
        """The window that is open today; None where there are no windows, or none is open."""
        stretches = (window.around(today) for window in self.windows or ())
        return next((stretch for stretch in stretches if stretch.holds(today)), None)

    def is_open(self, today: date) -> bool:
        """Whether one may apply today, as far as windows go."""
        return bool(self.all_year) or not self.windows or self.open_stretch(today) is not None


def _in_year(written: str | date, year: int) -> date:
    if isinstance(written, date):
        return written
    month, day = map(int, written.split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))


class Payment(CardPart):
    """`day` is the day of the month by which it is paid."""

    day: Annotated[StrictInt, Field(ge=1, le=31)] | None = None
    into: Text | None = None
    say: Spoken | None = None


class ProcessingTime(CardPart):
    working_days: Annotated[StrictInt, Field(ge=0)] | None = None
    say: Spoken | None = None


class Proxy(CardPart):
    allowed: StrictBool | None = None
    say: Spoken | None = None


class Faq(CardPart):
    topic: Topic
    q: Text
    a: Spoken


class Source(CardPart):
    title: Text
    short: Annotated[StrictStr, Field(min_length=2, max_length=20)] | None = None
    doc_no: Text | None = None
    year: Annotated[StrictInt, Field(ge=1990, le=2100)] | None = None
    effective_from: Day | None = None
    url: Annotated[StrictStr, Field(pattern=r"^https?://\S+$")] | None = None
    kind: SourceKind
    supports: tuple[Topic, ...] = ()

    @property
    def shown_as(self) -> str:
        return self.doc_no or self.short or self.title


class Conflict(CardPart):
    """A value seen elsewhere and rejected. It never surfaces; tests hold that it does not."""

    rejected: Text
    why: Text
    never_say: tuple[Text, ...] = ()


class PolicyCard(CardPart):
    id: Name
    version: Annotated[StrictInt, Field(ge=1)]
    name: Label
    short_name: Annotated[StrictStr, Field(min_length=2, max_length=12, description="The name in a text message")]
    domain: Domain
    department: Label
    level: Level
    audience: Audience
    kind: PolicyKind
    status: PolicyStatus
    confidence: Confidence
    as_of: PartialDate | None
    effective_from: Day | None
    effective_to: Day | None
    verified: Verification | None
    reply: Reply
    rule: Rule
    amount: Amount | None
    documents: Documents | None
    how_to_apply: HowToApply | None
    where: Where | None
    deadlines: Deadlines | None
    payment: Payment | None
    processing_time: ProcessingTime | None
    proxy: Proxy | None
    faqs: tuple[Faq, ...] = ()
    sources: tuple[Source, ...] = Field(min_length=1)
    unverified: tuple[Text, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    notes: Text | None = None

    def in_force(self, today: date) -> bool:
        started = self.effective_from is None or self.effective_from <= today
        return started and (self.effective_to is None or today <= self.effective_to)

    def is_trusted(self) -> bool:
        """A low-confidence card, or one whose current state is open, counts only once an editor has verified it."""
        doubtful = self.confidence is Confidence.LOW or self.status is PolicyStatus.UNVERIFIED_CURRENT
        return self.verified is not None or not doubtful

    def is_pushable(self, today: date) -> bool:
        """Whether residents may be told of it unasked."""
        if self.status is not PolicyStatus.ACTIVE or not self.is_trusted() or not self.in_force(today):
            return False
        return self.deadlines is None or self.deadlines.is_open(today)

    def closes_on(self, today: date) -> date | None:
        """The last day of the window that is open today, if the item has windows."""
        open_now = self.deadlines.open_stretch(today) if self.deadlines else None
        return open_now.last if open_now else None

    def source_for(self, topic: Topic) -> Source | None:
        """The best source that speaks of the topic and may be shown."""
        shown = [source for source in self.sources if source.kind in SHOWABLE and topic in source.supports]
        return min(shown, key=lambda source: SHOWABLE.index(source.kind), default=None)
