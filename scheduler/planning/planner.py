"""The planner: turns matches into contacts that are due. Nothing is sent here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from typing import Any, Protocol

import structlog
from sqlalchemy import Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from models.asking import ask, ids, locks_rows
from models.contact import Contact, ContactMatch
from models.event import Event
from models.match import Match
from models.resident import Resident
from models.session import Sessions
from models.vocabulary import (
    PROACTIVE_PURPOSES,
    Audience,
    CaseReason,
    Channel,
    ContactPurpose,
    ContactState,
    EventKind,
    MatchState,
    Refusal,
)
from scheduler.matching.moves import move_match
from scheduler.planning.budget import UNSPENT
from scheduler.planning.cadence import NOT_REACHED, UNANSWERED, Cadence
from scheduler.planning.chat_links import INVITATION, LINK_MARK, add_link_of_contact
from scheduler.planning.data_notice import NOTICE_LINE, note_text, told_by, with_notice
from scheduler.planning.deciding import beside_their_housemates, decide_in_turn
from scheduler.planning.decision import Bench, HomeHelp, PlannedContact
from scheduler.planning.guards import ALL_GUARDS, Guards
from scheduler.planning.pauses import standing_pauses
from scheduler.planning.phases import phases_on
from scheduler.planning.refusals import Refused, record_refusals
from scheduler.planning.release import DeskRoom, Room
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.planning.situation import (
    LADDER_PURPOSES,
    Card,
    ResidentSituation,
    Terms,
    campaigns_on,
    read_situations,
)
from scheduler.planning.spending import Planned, Spending, spending
from scheduler.planning.waiting import waiting_unchanged
from scheduler.rules.guardians import has_guardian

RESIDENTS_AT_A_TIME = 500
FEW_AT_FIRST = 50
# A planned offer that could not go out for so long (a pause, an outage) is planned anew instead.
CONTACT_EXPIRES_AFTER = timedelta(days=3)
BECAUSE = "planner"

log = structlog.get_logger(__name__)


class RenderedText(Protocol):
    """A text ready to go; `outreach_api.delivery.outbox.Rendered` is one."""

    @property
    def template_key(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def variables(self) -> dict[str, Any]: ...


class Render(Protocol):
    """Writes the words of a contact: the numbered offers, or on a shared phone no benefit at all."""

    def __call__(
        self,
        offers: Sequence[tuple[int, str]],
        *,
        resident: Resident,
        step: int,
        shared_phone: bool,
        contact_purpose: ContactPurpose,
        from_days: Mapping[str, date] = ...,
        channel: Channel,
        for_family: bool = ...,
        for_guardian: bool = ...,
    ) -> RenderedText: ...


class OpenHomeHelp(Protocol):
    """Opens a home visit case for a match, in the caller's transaction."""

    def __call__(self, session: Session, match: Match, reason: CaseReason, now: datetime) -> object: ...


@dataclass
class PlanReport:
    contacts: int = 0
    offers: int = 0
    """Matches that those contacts speak of."""
    home_help: int = 0
    refused: Counter[Refusal] = field(default_factory=Counter)
    """Matches due today that were not planned, by reason."""
    latest_due_at: datetime | None = None

    def facts(self) -> dict[str, Any]:
        """For an event or a job's result: counts only."""
        refused = {reason.value: count for reason, count in sorted(self.refused.items())}
        return {"contacts": self.contacts, "offers": self.offers, "home_help": self.home_help, "refused": refused}


@dataclass
class _Pass:
    """One planning pass: what it was told, and how far the campaigns' days are filled."""

    bench: Bench
    terms: Terms
    render: Render
    open_home_help: OpenHomeHelp
    filled: Counter[tuple[int, date]]
    room: Room | None = None
    desk: DeskRoom | None = None
    held: dict[int, Refusal] = field(default_factory=dict)
    """Matches whose contact waits for a team with room, or for agents with time."""
    report: PlanReport = field(default_factory=PlanReport)

    @property
    def now(self) -> datetime:
        return self.bench.now


def plan(
    sessions: Sessions,
    *,
    now: datetime,
    cards: Mapping[str, Card],
    render: Render,
    open_home_help: OpenHomeHelp,
    cadence: Cadence | None = None,
    rules: ContactRules | None = None,
    guards: Guards = ALL_GUARDS,
    room: Room | None = None,
    desk: DeskRoom | None = None,
    channels: Collection[Channel] = tuple(Channel),
) -> PlanReport:
    """Plan the contacts that are due, and help at home where the ladder or the phones are exhausted.

    Residents are taken in batches, highest campaign priority first, each batch in one transaction: an interrupted pass
    keeps what it planned, and the next one goes on. A second pass at once plans nothing twice: an open contact is a
    reason not to plan another. `cadence` and `rules` default to what staff set; a campaign's own ladder is taken by its
    matches, without rungs on `channels` that nobody serves. Where a `room` is given, people are
    told for the first time only as far as it goes; where a `desk` is given, that holds for every contact.
    """
    with sessions.write() as session:
        rules = rules or contact_rules(session)
        bench = Bench(rules, cadence or rules.cadence, guards, now)
        today = now.astimezone(rules.zone).date()
        campaigns = campaigns_on(session, today)
        phases = phases_on(session, [campaign.id for campaign in campaigns.values()], today)
        pauses = standing_pauses(session)
        terms = Terms(campaigns, pauses, cards, rules.zone, now, guards, phases, frozenset(channels))
        ongoing = _Pass(bench, terms, render, open_home_help, _filled(session, terms), room, desk)
        residents = _residents_to_consider(session, terms, bench.cadence)
    for start in range(0, len(residents), RESIDENTS_AT_A_TIME):
        with sessions.write() as session:
            _plan_batch(session, residents[start : start + RESIDENTS_AT_A_TIME], ongoing)
    log.info("planned", **ongoing.report.facts())
    return ongoing.report


def _residents_to_consider(session: Session, terms: Terms, cadence: Cadence) -> list[int]:
    """Residents with a match to push, highest priority first; those whose next rung can't be due yet are left out."""
    closing = [policy_id for policy_id, card in terms.cards.items() if card.closes_on(terms.today) is not None]
    rows = ask(
        session,
        _to_consider(),
        states=terms.pushed_states,
        policies=list(terms.campaigns),
        closing=closing,
        since=_contacted_since(terms, cadence),
    ).all()
    priority = {policy_id: campaign.priority for policy_id, campaign in terms.campaigns.items()}
    begun = [row for row in rows if not terms.phases.wait(row.resident_id, terms.campaigns[row.policy_id].id)]
    in_order = sorted(begun, key=lambda row: (priority[row.policy_id], row.id))
    return beside_their_housemates(session, [row.resident_id for row in in_order])


def _contacted_since(terms: Terms, cadence: Cadence) -> datetime:
    """Who was reached since then cannot be due for their next rung."""
    ladders = (cadence, *terms.cadences.values())
    wait = timedelta(days=max(min(one.shortest_wait_days for one in ladders) - 1, 0))
    return datetime.combine(terms.today - wait, time.min, terms.zone)


@cache
def _to_consider() -> Select[int, int, str]:
    since = bindparam("since", type_=Contact.due_at.type)
    contacted = exists().where(
        ContactMatch.match_id == Match.id,
        Contact.id == ContactMatch.contact_id,
        Contact.purpose.in_(LADDER_PURPOSES),
        Contact.state.not_in(NOT_REACHED | UNANSWERED | {ContactState.CANCELLED}),
        or_(Contact.sent_at >= since, and_(Contact.sent_at.is_(None), Contact.due_at >= since)),
    )
    waits = Match.state.in_((MatchState.CALLBACK, MatchState.AWAITING_PHONE))
    return select(Match.id, Match.resident_id, Match.policy_id).where(
        Match.state.in_(ids("states")),
        Match.policy_id.in_(ids("policies")),
        or_(waits, Match.policy_id.in_(ids("closing")), ~contacted),
    )


def _filled(session: Session, terms: Terms) -> Counter[tuple[int, date]]:
    """How many contacts each campaign already has on each local day from today on."""
    midnight = datetime.combine(terms.today, time.min, terms.zone)
    rows = ask(session, _to_come(), midnight=midnight)
    return Counter((campaign_id or 0, due_at.astimezone(terms.zone).date()) for campaign_id, due_at in rows)


@cache
def _to_come() -> Select[int | None, datetime]:
    return select(Contact.campaign_id, Contact.due_at).where(
        Contact.campaign_id.is_not(None),
        Contact.due_at >= bindparam("midnight", type_=Contact.due_at.type),
        Contact.purpose.in_(PROACTIVE_PURPOSES),
        Contact.state.not_in(UNSPENT),
    )


def _plan_batch(session: Session, resident_ids: Sequence[int], ongoing: _Pass) -> None:
    counted = Spending()
    people = _to_look_at(session, _lock_in_order(session, resident_ids), ongoing, counted)
    decisions = decide_in_turn(people, ongoing.bench, counted, partial(_fits, ongoing))
    _write_contacts(session, decisions.contacts, ongoing)
    _ask_for_home_help(session, decisions.home_help, ongoing)
    _record(session, decisions.refused, ongoing)
    facts = {"planned": len(decisions.contacts)}
    session.add(Event(at=ongoing.now, kind=EventKind.CONTACT_CHANGED, facts=facts))


def _to_look_at(
    session: Session, resident_ids: Sequence[int], ongoing: _Pass, counted: Spending
) -> Iterator[ResidentSituation]:
    """The situations of these residents, each read when its turn comes, with what they spent added to `counted`.

    A little at a time while a team has room for somebody: it mostly has for one or two, and as soon as they are found,
    who waits needs no second look.
    """
    start, most = 0, FEW_AT_FIRST
    while start < len(resident_ids):
        end = start + most if ongoing.room is not None and not ongoing.room.is_full else len(resident_ids)
        people = read_situations(session, _but_for_who_waits(session, resident_ids[start:end], ongoing), ongoing.terms)
        counted.add_all(_spending(session, people, ongoing))
        yield from people
        start, most = end, most * 2


def _but_for_who_waits(session: Session, resident_ids: Sequence[int], ongoing: _Pass) -> Sequence[int]:
    """Without those who were held back today for want of a team, as long as none has room."""
    if ongoing.room is None or not ongoing.room.is_full:
        return resident_ids
    terms = ongoing.terms
    waiting = waiting_unchanged(
        session, resident_ids, states=terms.pushed_states, policies=list(terms.campaigns), today=terms.today
    )
    ongoing.report.refused[Refusal.TEAMS_FULL] += sum(waiting.values())
    return [resident_id for resident_id in resident_ids if resident_id not in waiting]


def _lock_in_order(session: Session, resident_ids: Sequence[int]) -> list[int]:
    """Lock these residents; one that somebody else is deciding about is left to the next pass."""
    if not locks_rows(session):
        return list(resident_ids)
    query = select(Resident.id).where(Resident.id.in_(resident_ids)).order_by(Resident.id)
    locked = set(session.scalars(query.with_for_update(skip_locked=True, key_share=True)))
    return [resident_id for resident_id in resident_ids if resident_id in locked]


def _spending(session: Session, people: Sequence[ResidentSituation], ongoing: _Pass) -> Spending:
    phone_ids = {phone.phone_id for person in people for phone in person.phones}
    resident_ids = {person.resident_id for person in people}
    return spending(session, resident_ids, phone_ids, now=ongoing.now, planned=Planned.COUNTS)


def _fits(ongoing: _Pass, contact: PlannedContact) -> bool:
    """Whether the day of the contact's first campaign has room; if so, it is taken. It counts in that campaign only."""
    campaign = ongoing.terms.campaigns[contact.matches[0].policy_id]
    day = (campaign.id, contact.due_at.astimezone(ongoing.terms.zone).date())
    if ongoing.filled[day] >= campaign.daily_cap:
        return False
    full = _what_is_full(ongoing, contact)
    if full is not None:
        ongoing.held.update(dict.fromkeys([match.match_id for match in contact.matches], full))
        return False
    ongoing.filled[day] += 1
    return True


def _what_is_full(ongoing: _Pass, contact: PlannedContact) -> Refusal | None:
    """Who has no time for what this contact may bring; only a first contact brings anybody new to the door."""
    if ongoing.desk is not None and not ongoing.desk.is_left:
        return Refusal.AGENTS_FULL
    first = contact.purpose is ContactPurpose.OFFER
    if ongoing.room is not None and first and not ongoing.room.take([match.policy_id for match in contact.matches]):
        return Refusal.TEAMS_FULL
    if ongoing.desk is not None:
        ongoing.desk.take()
    return None


def _write_contacts(session: Session, planned: Sequence[tuple[int, PlannedContact]], ongoing: _Pass) -> None:
    if not planned:
        return
    residents = _by_id(session, Resident, [resident_id for resident_id, _ in planned])
    told = told_by(session, Channel.SMS, residents)
    rows = [_row(contact, residents[number], ongoing, told=number in told) for number, contact in planned]
    session.add_all(rows)
    session.flush()
    for row, (_, contact) in zip(rows, planned, strict=True):
        numbered = enumerate(contact.matches, start=1)
        session.add_all(ContactMatch(contact_id=row.id, match_id=m.match_id, number=n) for n, m in numbered)
        if NOTICE_LINE in row.text:
            note_text(session, row, now=ongoing.now)
        if LINK_MARK in row.text:
            add_link_of_contact(session, row, now=ongoing.now)
    _move_into_outreach(session, [m.match_id for _, contact in planned for m in contact.matches], ongoing)
    ongoing.report.contacts += len(rows)
    ongoing.report.offers += sum(len(contact.matches) for _, contact in planned)
    latest = max(row.due_at for row in rows)
    ongoing.report.latest_due_at = max(ongoing.report.latest_due_at or latest, latest)


def _row(contact: PlannedContact, resident: Resident, ongoing: _Pass, *, told: bool) -> Contact:
    rendered = ongoing.render(
        [(number, match.policy_id) for number, match in enumerate(contact.matches, start=1)],
        resident=resident,
        step=contact.step,
        shared_phone=contact.phone.shared,
        contact_purpose=contact.purpose,
        from_days=_from_days(contact),
        channel=contact.channel,
        for_family=contact.phone.speaks_for is not None,
        for_guardian=has_guardian(resident.birth_date, on=contact.due_at.astimezone(ongoing.terms.zone).date()),
    )
    campaign = ongoing.terms.campaigns[contact.matches[0].policy_id]
    is_own = contact.phone.speaks_for is None and resident.audience is Audience.PERSON
    tells = contact.channel is Channel.SMS and is_own and not told
    text = with_notice(rendered.text) if tells else rendered.text
    # Without a birth date nobody could say who they are on the page.
    invites = campaign.chat_link and contact.channel is Channel.SMS and resident.birth_date is not None
    return Contact(
        resident_id=resident.id,
        phone_id=contact.phone.phone_id,
        campaign_id=contact.matches[0].campaign_id,
        channel=contact.channel,
        purpose=contact.purpose,
        ladder_step=contact.step,
        template_key=rendered.template_key,
        variables=rendered.variables,
        text=text + INVITATION if invites else text,
        created_at=ongoing.now,
        due_at=contact.due_at,
        expires_at=contact.due_at + CONTACT_EXPIRES_AFTER,
    )


def _from_days(contact: PlannedContact) -> dict[str, date]:
    """Policies that the resident is told of ahead of time, with the day from which they hold."""
    ahead = {match.policy_id: match.eligible_from for match in contact.matches}
    return {policy_id: day for policy_id, day in ahead.items() if day is not None and day > contact.due_at.date()}


def _move_into_outreach(session: Session, match_ids: Sequence[int], ongoing: _Pass) -> None:
    waiting = (MatchState.NEW, MatchState.CALLBACK, MatchState.AWAITING_PHONE)
    if not match_ids:
        return
    query = select(Match).where(Match.id.in_(match_ids), Match.state.in_(waiting))
    for match in session.scalars(query):
        move_match(session, match, MatchState.IN_OUTREACH, because=BECAUSE, now=ongoing.now)
        match.callback_at = None


def _ask_for_home_help(session: Session, home_help: Sequence[HomeHelp], ongoing: _Pass) -> None:
    matches = _by_id(session, Match, [help_.match.match_id for help_ in home_help])
    for help_ in home_help:
        match = matches[help_.match.match_id]
        ongoing.open_home_help(session, match, help_.reason, ongoing.now)
        move_match(session, match, help_.state, because=BECAUSE, now=ongoing.now)
    ongoing.report.home_help += len(home_help)


def _by_id(session: Session, table: Any, numbers: Sequence[int]) -> dict[int, Any]:
    return {row.id: row for row in session.scalars(select(table).where(table.id.in_(numbers)))} if numbers else {}


def _record(session: Session, refused: Sequence[Refused], ongoing: _Pass) -> None:
    held = ongoing.held
    refused = [one._replace(reason=held.get(one.match_id, one.reason)) for one in refused]
    record_refusals(session, refused, now=ongoing.now, zone=ongoing.terms.zone)
    ongoing.report.refused.update(one.reason for one in refused)
