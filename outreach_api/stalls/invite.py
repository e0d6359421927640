"""Inviting to stall days: those matched in the estates around it, by the same rules as every other contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contact import Contact
from models.match import Match
from models.resident import Resident
from models.session import Sessions
from models.stall import StallDay, StallInvitation
from models.vocabulary import Channel, ContactPurpose, ContactState, PhoneState, Refusal
from outreach_api.conversations.copy_deck import LINES
from scheduler.planning.budget import UNSPENT, Spent, budget_refusal
from scheduler.planning.decision import Bench, refusal_of_number, refusal_of_person
from scheduler.planning.guards import ALL_GUARDS
from scheduler.planning.pauses import standing_pauses
from scheduler.planning.preferences import Wish, honouring
from scheduler.planning.quiet_hours import next_allowed
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.planning.situation import PUSHED_STATES, Card, PhoneSituation, ResidentSituation, Terms, situations_of
from scheduler.planning.spending import Planned, Spending, spending

INVITED_AHEAD = timedelta(days=3)
TEMPLATE = "stall"
AT_A_TIME = 200


def invite_to_stalls(sessions: Sessions, *, cards: Mapping[str, Card], now: datetime) -> int:
    """Plan a text to each who lives there, is matched and was not told yet; how many. Whoever could not be told today
    is tried again tomorrow. Nobody is invited to the same stall twice.
    """
    with sessions.read() as session:
        rules = contact_rules(session)
        terms = Terms({}, standing_pauses(session), cards, rules.zone, now, ALL_GUARDS)
        if terms.pauses.everything is not None:
            return 0
        ahead = (StallDay.on > terms.today, StallDay.on <= terms.today + INVITED_AHEAD)
        stalls = session.scalars(select(StallDay.id).where(*ahead, StallDay.cancelled_at.is_(None))).all()
    return sum(_invite_to(sessions, stall_id, terms, rules) for stall_id in stalls)


def _invite_to(sessions: Sessions, stall_id: int, terms: Terms, rules: ContactRules) -> int:
    with sessions.read() as session:
        uninvited = _uninvited(session, session.get_one(StallDay, stall_id))
    invited = 0
    for start in range(0, len(uninvited), AT_A_TIME):
        with sessions.write() as session:
            stall = session.get_one(StallDay, stall_id)
            invited += _invite_some(session, stall, uninvited[start : start + AT_A_TIME], terms, rules)
    return invited


def _uninvited(session: Session, stall: StallDay) -> list[int]:
    """Residents of the estates with something open who were not told of this stall; addresses are read only here."""
    told = (
        select(StallInvitation.resident_id)
        .join(Contact, Contact.id == StallInvitation.contact_id)
        .where(StallInvitation.stall_id == stall.id, Contact.state.not_in(UNSPENT))
    )
    query = (
        select(Resident.id, Resident.address)
        .where(Resident.street == stall.street, Resident.id.not_in(told))
        .where(Resident.id.in_(select(Match.resident_id).where(Match.state.in_(PUSHED_STATES))))
        .order_by(Resident.id)
    )
    if stall.community is not None:
        query = query.where(Resident.community == stall.community)
    return [
        resident_id
        for resident_id, address in session.execute(query)
        if not stall.estates or any(estate in (address or "") for estate in stall.estates)
    ]


def _invite_some(
    session: Session, stall: StallDay, resident_ids: Sequence[int], terms: Terms, rules: ContactRules
) -> int:
    people = situations_of(session, {one: [] for one in resident_ids}, terms)
    phones = {phone.phone_id for person in people for phone in person.phones}
    counted = spending(session, resident_ids, phones, now=terms.now, planned=Planned.COUNTS)
    bench = Bench(rules, rules.cadence, terms.guards, terms.now)
    known = select(StallInvitation).where(
        StallInvitation.stall_id == stall.id, StallInvitation.resident_id.in_(resident_ids)
    )
    before = {invitation.resident_id: invitation for invitation in session.scalars(known)}
    invited = 0
    for person in people:
        invitation = before.get(person.resident_id) or StallInvitation(
            stall_id=stall.id, resident_id=person.resident_id
        )
        session.add(invitation)
        decided = _decide(person, stall, bench, counted)
        if isinstance(decided, Refusal):
            invitation.refusal = decided
            continue
        phone, due_at = decided
        contact = _contact(stall, person.resident_id, phone.phone_id, due_at, terms)
        session.add(contact)
        session.flush()
        invitation.contact_id, invitation.refusal = contact.id, None
        spent = Spent(Channel.SMS, due_at, ContactPurpose.STALL)
        counted.add(contact.id, spent, resident_id=person.resident_id, phone_id=phone.phone_id)
        invited += 1
    return invited


def _decide(
    person: ResidentSituation, stall: StallDay, bench: Bench, counted: Spending
) -> tuple[PhoneSituation, datetime] | Refusal:
    blanket = refusal_of_person(person, bench)
    if blanket is not None:
        return blanket
    if Wish.VISIT_ONLY in person.preferences:
        return Refusal.PREFERENCE
    own = [phone for phone in person.phones if phone.speaks_for is None]
    phone = next((one for one in own if one.state is PhoneState.USABLE and one.stop is None), None)
    if phone is None:
        return refusal_of_number(own[0]) if own else Refusal.NO_PHONE
    due_at = next_allowed(bench.now, Channel.SMS, honouring(bench.rules, person.preferences).hours)
    if due_at >= _day_begins(stall, bench.rules):
        return Refusal.EXPIRED
    spent = counted.of(resident_id=person.resident_id, phone_id=phone.phone_id)
    return budget_refusal(spent, Channel.SMS, bench.rules.budget, at=due_at) or (phone, due_at)


def _contact(stall: StallDay, resident_id: int, phone_id: int, due_at: datetime, terms: Terms) -> Contact:
    variables = {"when": f"{stall.on.month}月{stall.on.day}日{stall.hours}", "place": stall.place}
    return Contact(
        resident_id=resident_id,
        phone_id=phone_id,
        channel=Channel.SMS,
        purpose=ContactPurpose.STALL,
        state=ContactState.PLANNED,
        template_key=TEMPLATE,
        variables=variables,
        text=LINES[TEMPLATE].format(**variables),
        created_at=terms.now,
        due_at=due_at,
        expires_at=datetime.combine(stall.on, time(), terms.zone),
    )


def _day_begins(stall: StallDay, rules: ContactRules) -> datetime:
    return datetime.combine(stall.on, time(), rules.zone)
