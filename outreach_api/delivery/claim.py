"""Claiming: a batch of due contacts becomes this worker's, after a last look at each, and is committed as such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from models.asking import ids, locks_rows
from models.contact import Campaign, Contact, ContactMatch
from models.event import Event
from models.match import Match
from models.resident import Phone, Resident
from models.session import Sessions
from models.vocabulary import PROACTIVE_PURPOSES, Channel, ContactState, EventKind, Refusal
from outreach_api.channels.carrier import OutgoingText
from outreach_api.delivery.circumstances import Circumstances, read_circumstances
from outreach_api.delivery.examination import Bench, Cancel, Go, Postpone, examine
from outreach_api.delivery.lanes import ANSWERS, Candidate, due_answers, due_in_turns
from outreach_api.delivery.pace import Paces, Rate
from outreach_api.delivery.toll import Purse
from outreach_api.delivery.toll_limits import TollLimits
from scheduler.planning.budget import Spent, tomorrow
from scheduler.planning.guards import ALL_GUARDS, Guards
from scheduler.planning.pauses import Pauses, standing_pauses
from scheduler.planning.refusals import Refused, record_refusals
from scheduler.planning.rules import ContactRules
from scheduler.planning.stops import SILENCED_PURPOSES

USUAL_TOLL = TollLimits(_env_file=None)
NO_RATES: Mapping[Channel, Rate] = MappingProxyType({})
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A contact that is this worker's to send, as long as its fence is the newest."""

    contact_id: int
    fence: int
    resident_id: int | None
    phone_id: int
    channel: Channel
    stoppable: bool
    not_after: datetime | None
    message: OutgoingText


@dataclass
class ClaimReport:
    claimed: list[Claimed] = field(default_factory=list)
    postponed: int = 0
    cancelled: int = 0

    @property
    def looked_at(self) -> int:
        return len(self.claimed) + self.postponed + self.cancelled


def claim_due(
    sessions: Sessions,
    *,
    channels: Collection[Channel],
    now: datetime,
    limit: int,
    rules: ContactRules,
    guards: Guards = ALL_GUARDS,
    rates: Mapping[Channel, Rate] = NO_RATES,
    toll: TollLimits = USUAL_TOLL,
) -> ClaimReport:
    """Claim up to `limit` due contacts in one committed transaction: answers first, then in turns of the campaigns.

    A sending number's rate holds back all but answers. The residents and phones are locked first, always in the order
    of their ids, and whoever is locked already is left for the next time: two workers never wait for each other, and
    stops and budget are read under the lock.
    """
    with sessions.write() as session:
        paces = Paces(session, rates, now=now)
        contacts = _lock_due(session, _candidates(session, channels, paces, now=now, limit=limit), now=now)
        bench = Bench(rules, guards, now)
        report = _take(session, contacts, bench, toll) if contacts else ClaimReport()
        for channel, count in Counter(one.channel for one in report.claimed).items():
            paces.charge(channel, count)
        return report


def cancel_expired(sessions: Sessions, *, now: datetime, rules: ContactRules) -> int:
    """Cancel planned contacts whose time has passed; offers among them are planned anew. How many."""
    with sessions.write() as session:
        expired = session.scalars(
            select(Contact)
            .where(Contact.state == ContactState.PLANNED, Contact.expires_at <= now)
            .with_for_update(skip_locked=True)
        ).all()
        if not expired:
            return 0
        held = held_campaigns(session, standing_pauses(session))
        refused: list[Refused] = []
        matches = _matches(session, [contact.id for contact in expired])
        for contact in expired:
            # What kept it, if that is known, is the better reason.
            reason = Refusal.CAMPAIGN_PAUSED if contact.campaign_id in held else Refusal.EXPIRED
            refused += _cancel(session, contact, reason, matches.get(contact.id, {}), now=now)
        record_refusals(session, refused, now=now, zone=rules.zone)
        return len(expired)


def held_back(session: Session) -> frozenset[int] | None:
    """The campaigns whose contacts a pause holds back; None: all are held but answers, which never are."""
    pauses = standing_pauses(session)
    return None if pauses.everything is not None else held_campaigns(session, pauses)


def held_campaigns(session: Session, pauses: Pauses) -> frozenset[int]:
    if not pauses.policies:
        return pauses.campaigns
    by_policy = session.scalars(select(Campaign.id).where(Campaign.policy_id.in_(pauses.policies)))
    return pauses.campaigns | frozenset(by_policy)


def _candidates(
    session: Session, channels: Collection[Channel], paces: Paces, *, now: datetime, limit: int
) -> list[Candidate]:
    answers = due_answers(session, channels, now=now, limit=limit)
    room = {channel: paces.room(channel) for channel in channels}
    open_channels = [channel for channel, left in room.items() if left != 0]
    in_turns = due_in_turns(session, open_channels, now=now, limit=limit - len(answers)) if open_channels else []
    taken: Counter[Channel] = Counter(answer.channel for answer in answers)
    others: list[Candidate] = []
    for candidate in in_turns:
        left = room[candidate.channel]
        if left is None or taken[candidate.channel] < left:
            others.append(candidate)
            taken[candidate.channel] += 1
    return [*answers, *others]


def _lock_due(session: Session, candidates: Sequence[Candidate], *, now: datetime) -> list[Contact]:
    if not candidates:
        return []
    residents = _lock(session, Resident, {c.resident_id for c in candidates if c.resident_id is not None})
    phones = _lock(session, Phone, {candidate.phone_id for candidate in candidates})
    ours = [
        candidate.contact_id
        for candidate in candidates
        if candidate.phone_id in phones and (candidate.resident_id is None or candidate.resident_id in residents)
    ]
    contacts = {contact.id: contact for contact in session.scalars(_still_due(), {"ours": ours, "now": now})}
    return [contacts[contact_id] for contact_id in ours if contact_id in contacts]


@cache
def _still_due() -> Select[Contact]:
    due = Contact.due_at <= bindparam("now", type_=Contact.due_at.type)
    query = select(Contact).where(Contact.id.in_(ids("ours")), Contact.state == ContactState.PLANNED, due)
    return query.with_for_update(skip_locked=True)


def _lock(session: Session, table: Any, wanted: Collection[int]) -> frozenset[int]:
    """Those of the rows that nobody else holds; they are ours until the transaction ends."""
    if not locks_rows(session):
        return frozenset(wanted)
    query = select(table.id).where(table.id.in_(wanted)).order_by(table.id)
    return frozenset(session.scalars(query.with_for_update(skip_locked=True, key_share=True)))


def _take(session: Session, contacts: Sequence[Contact], bench: Bench, toll: TollLimits) -> ClaimReport:
    at_hand = read_circumstances(session, contacts, now=bench.now)
    local = bench.now.astimezone(bench.rules.zone)
    purse = Purse(session, toll, contacts, now=local)
    report = ClaimReport()
    refused: list[Refused] = []
    for contact in contacts:
        match_ids = {match.match_id: match.resident_id for match in at_hand.matches.get(contact.id, ())}
        found = examine(contact, at_hand, bench)
        if isinstance(found, Go) and purse.is_empty_for(contact):
            found = _beyond_means(contact, bench)
        match found:
            case Go() as go:
                purse.charge(contact)
                report.claimed.append(_claim(contact, go, at_hand, now=bench.now))
            case Postpone(until, because):
                contact.due_at = until
                refused += _refused(contact, because, match_ids)
                report.postponed += 1
            case Cancel(because):
                refused += _cancel(session, contact, because, match_ids, now=bench.now)
                report.cancelled += 1
    record_refusals(session, refused, now=bench.now, zone=bench.rules.zone)
    return report


def _beyond_means(contact: Contact, bench: Bench) -> Postpone | Cancel:
    """What is too dear today waits for tomorrow; an answer that waited so long would be none."""
    log.warning("toll_limit_reached", contact=contact.id, purpose=contact.purpose.value, campaign=contact.campaign_id)
    until = bench.rules.next_slot([], contact.channel, at=tomorrow(bench.now, bench.rules.budget))
    is_stale = contact.expires_at is not None and until >= contact.expires_at
    if contact.purpose in ANSWERS or is_stale:
        return Cancel(Refusal.SPEND_CAP)
    return Postpone(until, Refusal.SPEND_CAP)


def _claim(contact: Contact, go: Go, at_hand: Circumstances, *, now: datetime) -> Claimed:
    contact.state = ContactState.SENDING
    contact.fence += 1
    contact.claimed_at = now
    contact.sent_at = None
    if go.proactive:
        spent = Spent(contact.channel, now, contact.purpose)
        at_hand.spent.add(contact.id, spent, resident_id=contact.resident_id, phone_id=contact.phone_id)
    return Claimed(
        contact_id=contact.id,
        fence=contact.fence,
        resident_id=contact.resident_id,
        phone_id=contact.phone_id,
        channel=contact.channel,
        stoppable=contact.purpose in SILENCED_PURPOSES,
        not_after=go.not_after,
        message=OutgoingText(
            contact_id=contact.id,
            to=at_hand.numbers[contact.phone_id],
            text=contact.text,
            template_key=contact.template_key,
            variables=contact.variables,
        ),
    )


def _cancel(
    session: Session, contact: Contact, because: Refusal, matches: Mapping[int, int], *, now: datetime
) -> list[Refused]:
    contact.state = ContactState.CANCELLED
    contact.refusal = because
    contact.settled_at = now
    facts = {"contact": contact.id, "state": contact.state.value, "refusal": because.value}
    session.add(Event(at=now, kind=EventKind.CONTACT_CHANGED, facts=facts))
    log.info("contact_cancelled", contact=contact.id, refusal=because.value)
    return _refused(contact, because, matches)


def _refused(contact: Contact, because: Refusal, matches: Mapping[int, int]) -> list[Refused]:
    if contact.purpose not in PROACTIVE_PURPOSES:
        return []
    return [Refused(match_id, resident_id, because) for match_id, resident_id in matches.items()]


def _matches(session: Session, contact_ids: Collection[int]) -> dict[int, dict[int, int]]:
    """Of each contact the matches it speaks of, with their residents."""
    query = (
        select(ContactMatch.contact_id, Match.id, Match.resident_id)
        .join(Match, Match.id == ContactMatch.match_id)
        .where(ContactMatch.contact_id.in_(contact_ids))
    )
    found: dict[int, dict[int, int]] = {}
    for contact_id, match_id, resident_id in session.execute(query):
        found.setdefault(contact_id, {})[match_id] = resident_id
    return found
