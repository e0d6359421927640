"""Planning reminders of dates ahead: one text to whoever has the benefit, by the same rules as an offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Protocol

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from models.asking import ask
from models.contact import Contact
from models.reminder import Reminder
from models.session import Sessions
from models.vocabulary import Channel, ContactPurpose, PhoneState, Refusal, ReminderOccasion
from scheduler.planning.budget import UNSPENT, Spent, budget_refusal
from scheduler.planning.decision import Bench, refusal_of_number, refusal_of_person
from scheduler.planning.guards import ALL_GUARDS, Guards
from scheduler.planning.pauses import standing_pauses
from scheduler.planning.planner import CONTACT_EXPIRES_AFTER, RenderedText
from scheduler.planning.preferences import Wish, honouring
from scheduler.planning.quiet_hours import next_allowed
from scheduler.planning.rules import ContactRules, contact_rules
from scheduler.planning.situation import Card, PhoneSituation, ResidentSituation, Terms, situations_of
from scheduler.planning.spending import Planned, Spending, spending

REMINDERS_AT_A_TIME = 500


class RenderHeadsUp(Protocol):
    """Writes the words of a reminder from the card; on a shared phone it names no benefit."""

    def __call__(
        self, policy_id: str, occasion: ReminderOccasion, *, on: date, until: date, shared_phone: bool
    ) -> RenderedText: ...


def plan_reminders(
    sessions: Sessions,
    *,
    now: datetime,
    cards: Mapping[str, Card],
    render: RenderHeadsUp,
    rules: ContactRules | None = None,
    guards: Guards = ALL_GUARDS,
) -> int:
    """Plan the reminders whose time has come; how many. Each is told once: what was cancelled is planned anew."""
    with sessions.read() as session:
        rules = rules or contact_rules(session)
        terms = Terms({}, standing_pauses(session), cards, rules.zone, now, guards)
        due = list(ask(session, _due(), today=terms.today).scalars())
    planned = 0
    for start in range(0, len(due), REMINDERS_AT_A_TIME):
        with sessions.write() as session:
            planned += _plan_some(session, due[start : start + REMINDERS_AT_A_TIME], terms, rules, render)
    return planned


@cache
def _due() -> Select[int]:
    today = bindparam("today", type_=Reminder.until.type)
    untold = or_(Reminder.contact_id.is_(None), Contact.state.in_(UNSPENT))
    return (
        select(Reminder.id)
        .outerjoin(Contact, Contact.id == Reminder.contact_id)
        .where(Reminder.until >= today, Reminder.tell_from <= today, untold)
        .order_by(Reminder.on, Reminder.id)
    )


def _plan_some(session: Session, ids: Sequence[int], terms: Terms, rules: ContactRules, render: RenderHeadsUp) -> int:
    reminders = session.scalars(select(Reminder).where(Reminder.id.in_(ids)).order_by(Reminder.on, Reminder.id)).all()
    resident_ids = list(dict.fromkeys(reminder.resident_id for reminder in reminders))
    people = {p.resident_id: p for p in situations_of(session, {one: [] for one in resident_ids}, terms)}
    phone_ids = {phone.phone_id for person in people.values() for phone in person.phones}
    counted = spending(session, resident_ids, phone_ids, now=terms.now, planned=Planned.COUNTS)
    bench = Bench(rules, rules.cadence, terms.guards, terms.now)
    planned = 0
    for reminder in reminders:
        person = people[reminder.resident_id]
        decided = _decide(reminder, person, bench, terms, counted)
        if isinstance(decided, Refusal):
            reminder.refusal, reminder.refused_at = decided, terms.now
            continue
        phone, due_at = decided
        contact = _contact(reminder, phone, due_at, render, now=terms.now)
        session.add(contact)
        session.flush()
        reminder.contact_id, reminder.refusal = contact.id, None
        spent = Spent(Channel.SMS, due_at, ContactPurpose.HEADS_UP)
        counted.add(contact.id, spent, resident_id=person.resident_id, phone_id=phone.phone_id)
        planned += 1
    return planned


def _decide(
    reminder: Reminder, person: ResidentSituation, bench: Bench, terms: Terms, counted: Spending
) -> tuple[PhoneSituation, datetime] | Refusal:
    card = terms.cards.get(reminder.policy_id)
    if card is None or not card.is_pushable(terms.today):
        return Refusal.NOT_PUSHABLE
    if terms.pauses.hold(policy_id=reminder.policy_id, campaign_id=None):
        return Refusal.CAMPAIGN_PAUSED
    blanket = refusal_of_person(person, bench)
    if blanket is not None:
        return blanket
    if Wish.VISIT_ONLY in person.preferences:
        return Refusal.PREFERENCE
    own = [p for p in person.phones if p.speaks_for is None]
    phone = next((p for p in own if p.state is PhoneState.USABLE and p.stop is None), None)
    if phone is None:
        return refusal_of_number(own[0]) if own else Refusal.NO_PHONE
    due_at = next_allowed(bench.now, Channel.SMS, honouring(bench.rules, person.preferences).hours)
    spent = counted.of(resident_id=person.resident_id, phone_id=phone.phone_id)
    return budget_refusal(spent, Channel.SMS, bench.rules.budget, at=due_at) or (phone, due_at)


def _contact(
    reminder: Reminder, phone: PhoneSituation, due_at: datetime, render: RenderHeadsUp, *, now: datetime
) -> Contact:
    rendered = render(
        reminder.policy_id, reminder.occasion, on=reminder.on, until=reminder.until, shared_phone=phone.shared
    )
    return Contact(
        resident_id=reminder.resident_id,
        phone_id=phone.phone_id,
        channel=Channel.SMS,
        purpose=ContactPurpose.HEADS_UP,
        template_key=rendered.template_key,
        variables=rendered.variables,
        text=rendered.text,
        created_at=now,
        due_at=due_at,
        expires_at=due_at + CONTACT_EXPIRES_AFTER,
    )
