"""All that the decision about one resident looks at, as values; read for many residents in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, func, null, or_, select, union_all
from sqlalchemy.orm import Session

from models.asking import AnyColumns, AnyUnion, ask, ids
from models.case import Case
from models.contact import Campaign, Contact, ContactMatch
from models.conversation import ContactStop, Conversation, Message
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.vocabulary import (
    PROACTIVE_PURPOSES,
    Audience,
    CampaignKind,
    CampaignState,
    CaseKind,
    CaseState,
    Channel,
    ContactPurpose,
    ContactState,
    Direction,
    MatchState,
    PhoneState,
    ResidentStatus,
    StopReason,
)
from scheduler.planning.cadence import Attempt, Cadence, read_cadence
from scheduler.planning.guards import Guard, Guards
from scheduler.planning.mandates import mandates_in_force
from scheduler.planning.pauses import Pauses
from scheduler.planning.phases import Phases
from scheduler.planning.preferences import RELATION_WISHED, Wish, wishes_of
from scheduler.planning.stops import stops_of_phones, stops_of_residents

# Who said yes and got no further is reminded, and at last helped at home, like who said nothing.
PUSHED_STATES = frozenset(
    {MatchState.NEW, MatchState.IN_OUTREACH, MatchState.INTERESTED, MatchState.CALLBACK, MatchState.AWAITING_PHONE}
)
LADDER_PURPOSES = frozenset({ContactPurpose.OFFER, ContactPurpose.REMINDER})
UNFINISHED_CASES = (CaseState.OPEN, CaseState.ACCEPTED)
# While a person works on one of these, the machine keeps quiet.
HUMAN_HANDS = (CaseKind.HUMAN, CaseKind.COMPLAINT, CaseKind.APPEAL, CaseKind.IDENTITY)


class Card(Protocol):
    def is_pushable(self, today: date) -> bool:
        """Whether residents may be told of it unasked."""

    def closes_on(self, today: date) -> date | None:
        """The last day of the window that is open today, if the item has windows."""


@dataclass(frozen=True)
class PhoneSituation:
    phone_id: int
    state: PhoneState
    stop: StopReason | None
    shared: bool
    """More than one matched person is said to be reached here."""
    speaks_for: frozenset[str] | None = None
    """At a family member's phone the policies they have a mandate for; None at the resident's own."""


@dataclass(frozen=True)
class MatchSituation:
    match_id: int
    policy_id: str
    campaign_id: int
    priority: int
    state: MatchState
    callback_at: datetime | None
    attempts: tuple[Attempt, ...]
    pushable: bool
    paused: bool
    home_help_asked: bool
    interested_at: datetime | None = None
    closes_on: date | None = None
    eligible_from: date | None = None
    """Where it was matched ahead of time."""
    cadence: Cadence | None = None
    """Its campaign's own ladder, where it has one."""


@dataclass(frozen=True)
class ResidentSituation:
    resident_id: int
    audience: Audience
    status: ResidentStatus
    profiling_refused: bool
    preferences: frozenset[Wish]
    stop: StopReason | None
    in_human_hands: bool
    last_talk_at: datetime | None
    has_open_contact: bool
    phones: tuple[PhoneSituation, ...]
    """In rank order; before them a family member's to whom the resident wishes to be taken."""
    matches: tuple[MatchSituation, ...]
    """Highest priority first."""


@dataclass(frozen=True)
class Terms:
    """What holds for a whole planning pass."""

    campaigns: Mapping[str, Campaign]
    """By policy; of several the one that goes first."""
    pauses: Pauses
    cards: Mapping[str, Card]
    zone: ZoneInfo
    now: datetime
    guards: Guards
    phases: Phases = field(default_factory=Phases)
    channels: frozenset[Channel] = frozenset(Channel)
    """What somebody serves: no campaign's ladder has a rung on another."""

    @cached_property
    def cadences(self) -> dict[int, Cadence]:
        """By campaign, for those that have a ladder of their own."""
        own = {campaign.id: campaign.cadence for campaign in self.campaigns.values()}
        return {number: read_cadence(rungs).served_by(self.channels) for number, rungs in own.items() if rungs}

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def stops_stand(self) -> bool:
        return self.guards.after_stop is Guard.ON

    @property
    def pushed_states(self) -> frozenset[MatchState]:
        return pushed_states(self.guards)


def pushed_states(guards: Guards) -> frozenset[MatchState]:
    """States in which a match is contacted unasked. Without the stop guard, opted-out ones too: that is the breach."""
    return PUSHED_STATES if guards.after_stop is Guard.ON else PUSHED_STATES | {MatchState.OPTED_OUT}


def campaigns_on(session: Session, day: date) -> dict[str, Campaign]:
    """Campaigns that hold `day` and run or are only paused, by policy; of several, a running one of first priority."""
    found = session.scalars(_campaigns(), {"day": day})
    # The last of a policy stays in the table.
    return {campaign.policy_id: campaign for campaign in found}


@cache
def _campaigns() -> Select[Campaign]:
    day = bindparam("day", type_=Campaign.starts_on.type)
    return (
        select(Campaign)
        .where(
            Campaign.kind == CampaignKind.ORDINARY,
            Campaign.state.in_((CampaignState.RUNNING, CampaignState.PAUSED)),
            Campaign.starts_on <= day,
            or_(Campaign.ends_on.is_(None), Campaign.ends_on >= day),
        )
        .order_by(Campaign.state == CampaignState.RUNNING, Campaign.priority.desc(), Campaign.id.desc())
    )


def read_situations(session: Session, resident_ids: Collection[int], terms: Terms) -> list[ResidentSituation]:
    """The situations of these residents, in the order given; those without a match to push are left out."""
    matches = _matches(session, resident_ids, terms)
    return situations_of(session, {one: matches[one] for one in resident_ids if one in matches}, terms)


def situations_of(
    session: Session, matches: Mapping[int, Sequence[MatchSituation]], terms: Terms
) -> list[ResidentSituation]:
    """The situations of these residents with the matches given."""
    stops = stops_of_residents(session, list(matches)) if terms.stops_stand else {}
    wishes = wishes_of(session, list(matches))
    phones = _phones(session, list(matches), terms)
    family = _family_phones(session, wishes, terms)
    talks = talks_of(session, list(matches))
    handled = _in_human_hands(session, list(matches))
    busy = _with_open_contact(session, list(matches))
    people = _people(session, list(matches))
    return [
        ResidentSituation(
            resident_id=resident_id,
            audience=people[resident_id].audience,
            status=people[resident_id].status,
            profiling_refused=people[resident_id].profiling_refused_at is not None,
            preferences=wishes.get(resident_id, frozenset()),
            stop=stops.get(resident_id),
            in_human_hands=resident_id in handled or talks.get(resident_id, (None, None))[1] is not None,
            last_talk_at=talks.get(resident_id, (None, None))[0],
            has_open_contact=resident_id in busy,
            phones=_in_order(family.get(resident_id, []), phones.get(resident_id, [])),
            matches=tuple(sorted(matches[resident_id], key=lambda m: (m.priority, m.match_id))),
        )
        for resident_id in matches
    ]


def _people(session: Session, resident_ids: Collection[int]) -> dict[int, Any]:
    return {row.id: row for row in ask(session, _standing_of(), residents=resident_ids)}


@cache
def _standing_of() -> AnyColumns:
    columns = (Resident.id, Resident.audience, Resident.status, Resident.profiling_refused_at)
    return select(*columns).where(Resident.id.in_(ids("residents")))


def _matches(session: Session, resident_ids: Collection[int], terms: Terms) -> dict[int, list[MatchSituation]]:
    wanted = {"residents": resident_ids, "states": terms.pushed_states, "policies": list(terms.campaigns)}
    # By the ORM: a preview counts no match that its reader may not see.
    rows = session.execute(_pushed(), wanted).all()
    attempts = _attempts(session, [row.id for row in rows])
    helped = _home_help_asked(session, [row.id for row in rows], resident_ids)
    found: dict[int, list[MatchSituation]] = defaultdict(list)
    for row in rows:
        campaign = terms.campaigns[row.policy_id]
        card = terms.cards.get(row.policy_id)
        if terms.phases.wait(row.resident_id, campaign.id):
            continue
        found[row.resident_id].append(
            MatchSituation(
                match_id=row.id,
                policy_id=row.policy_id,
                campaign_id=campaign.id,
                priority=campaign.priority,
                state=row.state,
                callback_at=row.callback_at if row.state is MatchState.CALLBACK else None,
                interested_at=row.state_changed_at if row.state is MatchState.INTERESTED else None,
                attempts=tuple(attempts.get(row.id, ())),
                closes_on=card.closes_on(terms.today) if card is not None else None,
                eligible_from=row.eligible_from,
                pushable=card is not None and card.is_pushable(terms.today),
                paused=terms.pauses.hold(policy_id=row.policy_id, campaign_id=campaign.id),
                home_help_asked=row.id in helped.matches or row.resident_id in helped.residents,
                cadence=terms.cadences.get(campaign.id),
            )
        )
    return found


@cache
def _pushed() -> AnyColumns:
    columns = (Match.id, Match.resident_id, Match.policy_id, Match.state, Match.callback_at, Match.state_changed_at)
    return select(*columns, Match.eligible_from).where(
        Match.resident_id.in_(ids("residents")),
        Match.state.in_(ids("states")),
        Match.policy_id.in_(ids("policies")),
    )


def _attempts(session: Session, match_ids: Collection[int]) -> dict[int, list[Attempt]]:
    """Attempts by match, oldest first. One that reached a stranger (a wrong number) was no attempt to reach them."""
    found: dict[int, list[Attempt]] = defaultdict(list)
    for match_id, step, phone_id, state, cause, sent_at, due_at in ask(session, _made(), matches=match_ids):
        found[match_id].append(Attempt(step, phone_id, state, cause, sent_at or due_at))
    return found


@cache
def _made() -> AnyColumns:
    strangers = select(ContactStop.phone_id).where(
        ContactStop.reason == StopReason.WRONG_NUMBER, ContactStop.released_at.is_(None)
    )
    at = func.coalesce(Contact.sent_at, Contact.due_at)
    return (
        select(ContactMatch.match_id, Contact.ladder_step, Contact.phone_id, Contact.state, Contact.cause)
        .add_columns(Contact.sent_at, Contact.due_at)
        .join(Contact, Contact.id == ContactMatch.contact_id)
        .where(
            ContactMatch.match_id.in_(ids("matches")),
            Contact.purpose.in_(LADDER_PURPOSES),
            Contact.state != ContactState.CANCELLED,
            Contact.phone_id.not_in(strangers),
        )
        .order_by(at, Contact.id)
    )


@dataclass(frozen=True)
class _Helped:
    matches: frozenset[int | None]
    residents: frozenset[int | None]


def _home_help_asked(session: Session, match_ids: Collection[int], resident_ids: Collection[int]) -> _Helped:
    """Matches that ever had a home visit case, and residents who have an unfinished one."""
    rows = ask(session, _visits_opened(), matches=match_ids, residents=resident_ids).all()
    return _Helped(frozenset(match_id for match_id, _ in rows), frozenset(resident_id for _, resident_id in rows))


@cache
def _visits_opened() -> AnyUnion:
    is_visit = Case.kind == CaseKind.HOME_VISIT
    ever = select(Case.match_id, null().label("resident_id")).where(is_visit, Case.match_id.in_(ids("matches")))
    unfinished = select(null(), Case.resident_id).where(
        is_visit, Case.state.in_(UNFINISHED_CASES), Case.resident_id.in_(ids("residents"))
    )
    return union_all(ever, unfinished)


def _phones(session: Session, resident_ids: Collection[int], terms: Terms) -> dict[int, list[PhoneSituation]]:
    rows = ask(session, _phones_of(), residents=resident_ids).all()
    phone_ids = {row.id for row in rows}
    stops = stops_of_phones(session, phone_ids) if terms.stops_stand else {}
    shared = shared_phones(session, phone_ids)
    found: dict[int, list[PhoneSituation]] = defaultdict(list)
    for row in rows:
        phone = PhoneSituation(row.id, row.state, stops.get(row.id), shared=row.id in shared)
        found[row.resident_id].append(phone)
    return found


@cache
def _phones_of() -> AnyColumns:
    return (
        select(ResidentPhone.resident_id, Phone.id, Phone.state)
        .join(Phone, Phone.id == ResidentPhone.phone_id)
        .where(ResidentPhone.resident_id.in_(ids("residents")))
        .order_by(ResidentPhone.rank, ResidentPhone.id)
    )


def _family_phones(
    session: Session, wishes: Mapping[int, frozenset[Wish]], terms: Terms
) -> dict[int, list[PhoneSituation]]:
    """The phones of those to whom residents wish to be taken first and who hold a mandate in force."""
    wished = {
        resident_id: {RELATION_WISHED[wish] for wish in found if wish in RELATION_WISHED}
        for resident_id, found in wishes.items()
    }
    policies: dict[tuple[int, int], set[str]] = defaultdict(set)
    for mandate in mandates_in_force(session, now=terms.now, resident_ids=[one for one in wished if wished[one]]):
        if mandate.relation in wished[mandate.resident_id]:
            policies[mandate.resident_id, mandate.phone_id].add(mandate.policy_id)
    phone_ids = {phone_id for _, phone_id in policies}
    if not phone_ids:
        return {}
    states = {
        row.id: row.state for row in session.execute(select(Phone.id, Phone.state).where(Phone.id.in_(phone_ids)))
    }
    stops = stops_of_phones(session, phone_ids) if terms.stops_stand else {}
    also_residents = set(session.scalars(select(ResidentPhone.phone_id).where(ResidentPhone.phone_id.in_(phone_ids))))
    found: dict[int, list[PhoneSituation]] = defaultdict(list)
    for (resident_id, phone_id), covered in policies.items():
        # Who is matched too hears of no benefit before it is clear for whom.
        shared = phone_id in also_residents
        phone = PhoneSituation(phone_id, states[phone_id], stops.get(phone_id), shared, frozenset(covered))
        found[resident_id].append(phone)
    return found


def _in_order(family: Sequence[PhoneSituation], own: Sequence[PhoneSituation]) -> tuple[PhoneSituation, ...]:
    """The family's first; one that is registered as the resident's own too is just that, and goes first."""
    wished = {phone.phone_id for phone in family}
    own_ids = {phone.phone_id for phone in own}
    first = [phone for phone in own if phone.phone_id in wished]
    elsewhere = [phone for phone in family if phone.phone_id not in own_ids]
    return (*first, *elsewhere, *(phone for phone in own if phone.phone_id not in wished))


def shared_phones(session: Session, phone_ids: Collection[int]) -> frozenset[int]:
    """Those of the phones that are said to reach more than one matched person: a text to them names no benefit."""
    return frozenset(ask(session, _shared(), phones=phone_ids).scalars())


@cache
def _shared() -> Select[int]:
    return (
        select(ResidentPhone.phone_id)
        .where(ResidentPhone.phone_id.in_(ids("phones")))
        .group_by(ResidentPhone.phone_id)
        .having(func.count() > 1)
    )


def talks_of(session: Session, resident_ids: Collection[int]) -> dict[int, tuple[datetime | None, int | None]]:
    """When each resident last said something to us, and who of the staff has taken the talk over."""
    rows = ask(session, _talks(), residents=resident_ids)
    return {resident_id: (last_at, staff_id) for resident_id, last_at, staff_id in rows if resident_id is not None}


@cache
def _talks() -> AnyColumns:
    newest = func.max(Message.at, type_=Message.at.type)
    said = and_(Message.conversation_id == Conversation.id, Message.direction == Direction.IN)
    query = select(Conversation.resident_id, newest, func.max(Conversation.taken_over_by)).outerjoin(Message, said)
    return query.where(Conversation.resident_id.in_(ids("residents"))).group_by(Conversation.resident_id)


def _in_human_hands(session: Session, resident_ids: Collection[int]) -> frozenset[int | None]:
    return frozenset(ask(session, _handled(), residents=resident_ids).scalars())


@cache
def _handled() -> Select[int | None]:
    return select(Case.resident_id).where(
        Case.resident_id.in_(ids("residents")), Case.kind.in_(HUMAN_HANDS), Case.state.in_(UNFINISHED_CASES)
    )


def _with_open_contact(session: Session, resident_ids: Collection[int]) -> frozenset[int | None]:
    """Those to whom something is on its way; on a shared phone it may be addressed to a housemate."""
    return frozenset(ask(session, _underway(), residents=resident_ids).scalars())


@cache
def _underway() -> AnyUnion:
    underway = (
        Contact.state.in_((ContactState.PLANNED, ContactState.SENDING)),
        Contact.purpose.in_(PROACTIVE_PURPOSES),
    )
    addressed = select(Contact.resident_id).where(Contact.resident_id.in_(ids("residents")), *underway)
    spoken_of = (
        select(Match.resident_id)
        .join(ContactMatch, ContactMatch.match_id == Match.id)
        .join(Contact, Contact.id == ContactMatch.contact_id)
        .where(Match.resident_id.in_(ids("residents")), *underway)
    )
    return union_all(addressed, spoken_of)
