"""The decision about one resident: whom to contact now, whom to help at home, and why not. Values in, values out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from models.vocabulary import (
    Audience,
    CaseReason,
    Cause,
    Channel,
    ContactPurpose,
    MatchState,
    PhoneState,
    Refusal,
    ResidentStatus,
    StopReason,
)
from scheduler.planning.budget import Spent, budget_refusal
from scheduler.planning.cadence import (
    CHANNEL_OF,
    PURPOSE_OF,
    Action,
    Attempt,
    Cadence,
    ContactHistory,
    Never,
    NotYet,
    PlannedAt,
    next_contact,
)
from scheduler.planning.guards import Guard, Guards
from scheduler.planning.preferences import Wish, channel_for, honouring
from scheduler.planning.quiet_hours import next_allowed
from scheduler.planning.retry import NoPhone, choose_phone
from scheduler.planning.rules import ContactRules
from scheduler.planning.situation import MatchSituation, PhoneSituation, ResidentSituation
from scheduler.planning.stops import REFUSAL_OF_STOP

# More choices than this in one text are hard to take in; the rest follow another day.
MOST_OFFERS_IN_ONE_CONTACT = 4
REFUSAL_OF_PHONE = {
    PhoneState.QUARANTINED: Refusal.PHONE_QUARANTINED,
    PhoneState.UNREACHABLE: Refusal.PHONE_UNREACHABLE,
    PhoneState.LANDLINE: Refusal.PHONE_UNREACHABLE,
}


@dataclass(frozen=True)
class PlannedContact:
    """A contact to make: the matches it speaks of, in the order of their numbers."""

    matches: tuple[MatchSituation, ...]
    audience: Audience
    phone: PhoneSituation
    channel: Channel
    purpose: ContactPurpose
    step: int
    due_at: datetime


@dataclass(frozen=True)
class HomeHelp:
    """A match that a person must now take to the door; it moves to `state`."""

    match: MatchSituation
    reason: CaseReason
    state: MatchState


@dataclass
class Verdict:
    contact: PlannedContact | None = None
    over_budget: PlannedContact | None = None
    """What would be the contact, had the budget room for one more."""
    home_help: list[HomeHelp] = field(default_factory=list)
    refused: list[tuple[int, Refusal]] = field(default_factory=list)

    def refuse(self, matches: list[Due], reason: Refusal) -> None:
        self.refused += [(due.match.match_id, reason) for due in matches]


@dataclass(frozen=True)
class Due:
    match: MatchSituation
    planned: PlannedAt

    @property
    def action(self) -> Action:
        return self.planned.rung.action


@dataclass(frozen=True)
class Bench:
    """What every decision of a pass is measured by."""

    rules: ContactRules
    cadence: Cadence
    guards: Guards
    now: datetime


def decide(person: ResidentSituation, bench: Bench, spent_on: Callable[[int], list[Spent]]) -> Verdict:
    """Decide for one resident.

    What holds for the person (a stop, a refusal of profiling, somebody of the staff at work) outranks what holds for a
    match; a match that is not due yet is neither contacted nor refused. `spent_on` tells what counts against the
    budget when this resident is contacted on a phone.
    """
    verdict = Verdict()
    due = _due_matches(person, bench, verdict)
    if not due:
        return verdict
    blanket = refusal_of_person(person, bench)
    if blanket is not None:
        verdict.refuse(due, blanket)
        return verdict
    if Wish.VISIT_ONLY in person.preferences:
        verdict.refuse(due, Refusal.PREFERENCE)
        verdict.home_help += [HomeHelp(d.match, CaseReason.REQUESTED, MatchState.IN_QUEUE) for d in due]
        return verdict
    exhausted = [d for d in due if d.action is Action.HOME_HELP]
    verdict.refuse(exhausted, Refusal.LADDER_EXHAUSTED)
    verdict.home_help += [HomeHelp(d.match, _why_at_home(d.match), MatchState.IN_QUEUE) for d in exhausted]
    contacts = [d for d in due if d.action is not Action.HOME_HELP]
    if contacts:
        _plan_contact(person, contacts, bench, spent_on, verdict)
    return verdict


def _why_at_home(match: MatchSituation) -> CaseReason:
    return CaseReason.HELP_TO_APPLY if match.state is MatchState.INTERESTED else CaseReason.LADDER_EXHAUSTED


def _due_matches(person: ResidentSituation, bench: Bench, verdict: Verdict) -> list[Due]:
    due: list[Due] = []
    for match in person.matches:
        history = ContactHistory(
            match.attempts, bench.rules.zone, match.callback_at, match.interested_at, match.closes_on
        )
        answer = next_contact(history, match.cadence or bench.cadence, now=bench.now)
        if isinstance(answer, NotYet):
            continue
        refusal = answer.reason if isinstance(answer, Never) else _refusal_of_match(match)
        if refusal is not None or isinstance(answer, Never):
            verdict.refused.append((match.match_id, refusal or Refusal.LADDER_EXHAUSTED))
        else:
            due.append(Due(match, answer))
    return due


def _refusal_of_match(match: MatchSituation) -> Refusal | None:
    if not match.pushable:
        return Refusal.NOT_PUSHABLE
    return Refusal.CAMPAIGN_PAUSED if match.paused else None


def refusal_of_person(person: ResidentSituation, bench: Bench) -> Refusal | None:
    """What holds for the person, whatever is to be told."""
    if person.status is ResidentStatus.DECEASED:
        return Refusal.DECEASED
    if person.stop is not None:
        return REFUSAL_OF_STOP[person.stop]
    if person.profiling_refused:
        return Refusal.PROFILING_REFUSED
    if person.in_human_hands:
        return Refusal.IN_HUMAN_HANDS
    if person.has_open_contact:
        return Refusal.OPEN_CONTACT
    talking = person.last_talk_at is not None and bench.now - person.last_talk_at < bench.rules.conversation_wait
    called_back = any(match.callback_at is not None for match in person.matches)
    return Refusal.OPEN_CONVERSATION if talking and not called_back else None


def _plan_contact(
    person: ResidentSituation,
    due: list[Due],
    bench: Bench,
    spent_on: Callable[[int], list[Spent]],
    verdict: Verdict,
) -> None:
    group, rest = _one_contact(due)
    group, others = _for_family(person, group)
    verdict.refuse([*rest, *others], Refusal.OPEN_CONTACT)
    phone = _phone(person, group, bench)
    if isinstance(phone, Refusal):
        verdict.refuse(group, phone)
        return
    if phone is None:
        _without_phone(person, group, verdict)
        return
    contact = _contact(person, group, phone, bench)
    refusal = None
    if bench.guards.budget is Guard.ON:
        spent = spent_on(phone.phone_id)
        refusal = budget_refusal(spent, contact.channel, bench.rules.budget, at=contact.due_at)
    if refusal is None:
        verdict.contact = contact
    else:
        verdict.over_budget = contact
        verdict.refuse(group, refusal)


def _one_contact(due: list[Due]) -> tuple[list[Due], list[Due]]:
    """Those that go out together: on one rung of the ladder, a callback's first. The others wait for another day."""
    lead = min(due, key=lambda d: d.match.callback_at is None)
    together = [d for d in due if d.planned.step == lead.planned.step and d.action is lead.action]
    group = together[:MOST_OFFERS_IN_ONE_CONTACT]
    return group, [d for d in due if d not in group]


def _for_family(person: ResidentSituation, group: list[Due]) -> tuple[list[Due], list[Due]]:
    """Where a family member comes first, what they may be told of; the rest, which is the resident's own, after it."""
    told = next((p.speaks_for for p in person.phones if p.speaks_for is not None and _is_usable(p)), frozenset[str]())
    theirs = [due for due in group if due.match.policy_id in told]
    return (theirs, [due for due in group if due not in theirs]) if theirs else (group, [])


def _is_usable(phone: PhoneSituation) -> bool:
    return phone.state is PhoneState.USABLE and phone.stop is None


def _is_called_only(phone: PhoneSituation, person: ResidentSituation, group: list[Due], bench: Bench) -> bool:
    """A landline takes no text: where the ladder calls at all, a call takes the text's place."""
    return (
        phone.state is PhoneState.LANDLINE
        and phone.stop is None
        and phone.speaks_for is None
        and any((due.match.cadence or bench.cadence).calls for due in group)
        and channel_for(Channel.VOICE, _wishes(person)) is Channel.VOICE
    )


def _may_be_told(phone: PhoneSituation, group: list[Due]) -> bool:
    return phone.speaks_for is None or {due.match.policy_id for due in group} <= phone.speaks_for


def _phone(person: ResidentSituation, group: list[Due], bench: Bench) -> PhoneSituation | Refusal | None:
    """The first in rank; those that take calls only come last."""
    landlines = {p.phone_id: p for p in person.phones if _is_called_only(p, person, group, bench)}
    usable = {p.phone_id: p for p in person.phones if _is_usable(p) and _may_be_told(p, group)} | landlines
    # That a landline took no text says nothing about calls.
    attempts: list[Attempt] = sorted(
        {a for d in group for a in d.match.attempts if a.cause is not Cause.LANDLINE or a.phone_id not in landlines},
        key=lambda a: a.at,
    )
    chosen = choose_phone(list(usable), attempts, now=bench.now)
    if isinstance(chosen, NotYet):
        return Refusal.PHONE_UNREACHABLE
    return None if isinstance(chosen, NoPhone) else usable[chosen]


def _without_phone(person: ResidentSituation, group: list[Due], verdict: Verdict) -> None:
    reasons = [refusal_of_number(phone) for phone in person.phones if phone.speaks_for is None]
    verdict.refuse(group, reasons[0] if reasons else Refusal.NO_PHONE)
    if any(phone.stop is StopReason.DECEASED for phone in person.phones):
        return  # A house in mourning, perhaps: a person checks first.
    verdict.home_help += [
        HomeHelp(d.match, CaseReason.NO_PHONE, MatchState.AWAITING_PHONE)
        for d in group
        if d.match.state is not MatchState.AWAITING_PHONE or not d.match.home_help_asked
    ]


def refusal_of_number(phone: PhoneSituation) -> Refusal:
    """Why a phone can't be used."""
    if phone.stop is not None:
        return REFUSAL_OF_STOP[phone.stop]
    return REFUSAL_OF_PHONE.get(phone.state, Refusal.PHONE_UNREACHABLE)


def _wishes(person: ResidentSituation) -> frozenset[Wish]:
    """A machine that calls asks for somebody of the house: firms are written to."""
    return person.preferences | ({Wish.NO_ROBOT_CALLS} if person.audience is Audience.ENTERPRISE else frozenset())


def _contact(person: ResidentSituation, group: list[Due], phone: PhoneSituation, bench: Bench) -> PlannedContact:
    lead = group[0]
    channel = channel_for(CHANNEL_OF[lead.action], _wishes(person))
    if phone.speaks_for is not None:
        channel = Channel.SMS  # A machine's call would ask them who the old person is, whom they know.
    elif phone.state is PhoneState.LANDLINE:
        channel = Channel.VOICE
    at = max(d.planned.at for d in group)
    at = max(at, bench.now)
    if bench.guards.quiet_hours is Guard.ON:
        at = next_allowed(at, channel, honouring(bench.rules, person.preferences).hours)
    return PlannedContact(
        matches=tuple(d.match for d in group),
        audience=person.audience,
        phone=phone,
        channel=channel,
        purpose=PURPOSE_OF[lead.action],
        step=lead.planned.step,
        due_at=at,
    )
