"""Whether a due contact may really go out now: the last look, a rule of values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.contact import Contact
from models.vocabulary import ContactPurpose, PhoneState, Refusal, ResidentStatus
from outreach_api.delivery.circumstances import Circumstances
from scheduler.planning.budget import budget_refusal, is_proactive
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
    if not offered or any(match.state not in pushed_states(bench.guards) for match in offered):
        return Refusal.MATCH_CLOSED
    if any(at_hand.pauses.hold(policy_id=m.policy_id, campaign_id=contact.campaign_id) for m in offered):
        return Refusal.CAMPAIGN_PAUSED
    phone_state = at_hand.phone_states[contact.phone_id]
    if phone_state is not PhoneState.USABLE:
        return REFUSAL_OF_PHONE[phone_state]
    wishes = at_hand.wishes.get(contact.resident_id or 0, frozenset())
    if Wish.VISIT_ONLY in wishes or channel_for(contact.channel, wishes) is not contact.channel:
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
    rules, now, guards = honouring(bench.rules, wishes), bench.now, bench.guards
    opening = next_opening(now, contact.channel, rules.hours)
    quiet = guards.quiet_hours is Guard.ON and opening.start > now
    spent = at_hand.spent.of(resident_id=contact.resident_id, phone_id=contact.phone_id)
    over = budget_refusal(spent, contact.channel, rules.budget, at=now) if guards.budget is Guard.ON else None
    if not quiet and over is None:
        return Go(not_after=opening.end if guards.quiet_hours is Guard.ON else None, proactive=True)
    counted = spent if guards.budget is Guard.ON else []
    until = rules.next_slot(counted, contact.channel, at=now)
    refusal = over or Refusal.QUIET_HOURS
    stale = contact.expires_at is not None and until >= contact.expires_at
    return Cancel(refusal) if stale else Postpone(until, refusal)
