"""Whether a due contact may really go out now: the last look, a rule of values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.contact import Contact
from models.vocabulary import Channel, ContactPurpose, PhoneState, Refusal, ResidentStatus, Waiver
from outreach_api.delivery.circumstances import Circumstances
from scheduler.planning.budget import budget_refusal, is_proactive, notice_refusal, tomorrow
from scheduler.planning.decision import REFUSAL_OF_PHONE
from scheduler.planning.guards import Guard, Guards
from scheduler.planning.preferences import Wish, channel_for, honouring
from scheduler.planning.quiet_hours import next_opening
from scheduler.planning.rules import ContactRules
from scheduler.planning.situation import LADDER_PURPOSES, pushed_states
from scheduler.planning.stops import REFUSAL_OF_STOP, SILENCED_PURPOSES


@dataclass(frozen=True)
class Go:
    not_after: datetime | None
    """End of the contact hours it goes out in; None for an answer, which has no hours."""
    proactive: bool


@dataclass(frozen=True)
class Postpone:
    until: datetime
    because: Refusal


@dataclass(frozen=True)
class Cancel:
    because: Refusal


@dataclass(frozen=True)
class Bench:
    rules: ContactRules
    guards: Guards
    now: datetime


def examine(contact: Contact, at_hand: Circumstances, bench: Bench) -> Go | Postpone | Cancel:
    """Decide on one due contact. Stops outrank all, then what has become pointless, then hours and budget."""
    refusal = _stop(contact, at_hand, bench) or _late_acknowledgement(contact, at_hand)
    if refusal is None and contact.purpose in LADDER_PURPOSES:
        refusal = _pointless(contact, at_hand, bench)
    if refusal is None and contact.purpose is ContactPurpose.NOTICE:
        refusal = REFUSAL_OF_PHONE.get(at_hand.phone_states[contact.phone_id])
    if refusal is not None:
        return Cancel(refusal)
    heard = at_hand.heard_from.get(contact.phone_id)
    if contact.purpose is ContactPurpose.ACKNOWLEDGEMENT or not is_proactive(
        contact.purpose, at=bench.now, answers=heard
    ):
        return Go(not_after=None, proactive=False)
    return _within_hours_and_budget(contact, at_hand, bench)


def _stop(contact: Contact, at_hand: Circumstances, bench: Bench) -> Refusal | None:
    if bench.guards.after_stop is Guard.OFF or contact.purpose not in SILENCED_PURPOSES:
        return None
    if at_hand.statuses.get(contact.resident_id or 0) is ResidentStatus.DECEASED:
        return Refusal.DECEASED
    stop = at_hand.resident_stops.get(contact.resident_id or 0) or at_hand.phone_stops.get(contact.phone_id)
    return REFUSAL_OF_STOP[stop] if stop is not None else None


def _late_acknowledgement(contact: Contact, at_hand: Circumstances) -> Refusal | None:
    """An acknowledgement of a stop that comes late is no longer one: silence is what was asked for."""
    late = contact.purpose is ContactPurpose.ACKNOWLEDGEMENT and contact.phone_id not in at_hand.heard_from
    return Refusal.OPTED_OUT if late else None


def _pointless(contact: Contact, at_hand: Circumstances, bench: Bench) -> Refusal | None:
    """Why an offer is no longer what should be sent; the planner then plans anew from how things are."""
    offered = at_hand.matches.get(contact.id, [])
    pushed = [match for match in offered if match.state in pushed_states(bench.guards)]
    # A text to a household names nothing: it holds as long as it is still for one of them.
    for_a_household = len({match.resident_id for match in offered}) > 1
    if not pushed or (len(pushed) < len(offered) and not for_a_household):
        return Refusal.MATCH_CLOSED
    if any(at_hand.pauses.hold(policy_id=m.policy_id, campaign_id=contact.campaign_id) for m in offered):
        return Refusal.CAMPAIGN_PAUSED
    phone_state = at_hand.phone_states[contact.phone_id]
    by_call = phone_state is PhoneState.LANDLINE and contact.channel is Channel.VOICE
    if phone_state is not PhoneState.USABLE and not by_call:
        return REFUSAL_OF_PHONE[phone_state]
    wishes = at_hand.wishes.get(contact.resident_id or 0, frozenset())
    if (
        contact.id in at_hand.astray
        or Wish.VISIT_ONLY in wishes
        or channel_for(contact.channel, wishes) is not contact.channel
    ):
        return Refusal.PREFERENCE
    talk = at_hand.talks.get(contact.resident_id or 0)
    if talk is None or talk.last_at is None:
        return Refusal.IN_HUMAN_HANDS if talk and talk.taken_over else None
    if talk.taken_over:
        return Refusal.IN_HUMAN_HANDS
    lately = talk.last_at > contact.created_at and bench.now - talk.last_at < bench.rules.conversation_wait
    return Refusal.OPEN_CONVERSATION if lately else None


def _within_hours_and_budget(contact: Contact, at_hand: Circumstances, bench: Bench) -> Go | Postpone | Cancel:
    wishes = at_hand.wishes.get(contact.resident_id or 0, frozenset())
    rules, now = honouring(bench.rules, wishes), bench.now
    holds_hours, holds_budget = _what_holds(contact, at_hand, bench)
    opening = next_opening(now, contact.channel, rules.hours)
    spent = at_hand.spent.of(resident_id=contact.resident_id, phone_id=contact.phone_id) if holds_budget else []
    over = budget_refusal(spent, contact.channel, rules.budget, at=now)
    too_many = _too_many_notices(contact, at_hand, bench)
    if over is None and too_many is None and (opening.start <= now or not holds_hours):
        return Go(not_after=opening.end if holds_hours else None, proactive=True)
    at = tomorrow(now, rules.budget) if too_many else now
    until = rules.next_slot(spent, contact.channel, at=at)
    refusal = too_many or over or Refusal.QUIET_HOURS
    stale = contact.expires_at is not None and until >= contact.expires_at
    return Cancel(refusal) if stale else Postpone(until, refusal)


def _what_holds(contact: Contact, at_hand: Circumstances, bench: Bench) -> tuple[bool, bool]:
    """Whether contact hours and the budget hold for this contact. Stops hold for all."""
    waived = at_hand.waived.get(contact.campaign_id or 0, frozenset())
    return (
        bench.guards.quiet_hours is Guard.ON and Waiver.HOURS not in waived,
        bench.guards.budget is Guard.ON and Waiver.BUDGET not in waived,
    )


def _too_many_notices(contact: Contact, at_hand: Circumstances, bench: Bench) -> Refusal | None:
    if contact.purpose is not ContactPurpose.NOTICE:
        return None
    spent = at_hand.spent.of(resident_id=contact.resident_id, phone_id=contact.phone_id)
    return notice_refusal(spent, bench.rules.budget, at=bench.now)
