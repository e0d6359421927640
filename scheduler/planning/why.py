"""Why a resident was contacted, will be, or was not: everything on record about it, oldest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from models.contact import Contact, ContactMatch, RefusedContact
from models.conversation import ContactStop
from models.match import Match, MatchChange
from models.reminder import Reminder
from models.resident import ResidentPhone
from models.vocabulary import CLOSED_MATCH_STATES, ContactState
from scheduler.planning.pauses import standing_pauses
from scheduler.planning.rules import HOME_ZONE
from scheduler.planning.situation import PUSHED_STATES, campaigns_on


class Fact(StrEnum):
    MATCH_MOVED = "match_moved"
    CONTACT_SENT = "contact_sent"
    CONTACT_PLANNED = "contact_planned"
    CONTACT_CANCELLED = "contact_cancelled"
    CONTACT_FAILED = "contact_failed"
    CONTACT_UNKNOWN = "contact_unknown"
    REFUSED = "refused"
    STOPPED = "stopped"
    STOP_RELEASED = "stop_released"
    NOT_PUSHED_IN_STATE = "not_pushed_in_state"
    NO_CAMPAIGN = "no_campaign"
    PAUSED = "paused"
    DATE_AHEAD = "date_ahead"
    REMINDER_REFUSED = "reminder_refused"


FACT_OF_STATE: dict[ContactState, Fact] = {
    ContactState.PLANNED: Fact.CONTACT_PLANNED,
    ContactState.SENDING: Fact.CONTACT_PLANNED,
    ContactState.CANCELLED: Fact.CONTACT_CANCELLED,
    ContactState.REJECTED: Fact.CONTACT_FAILED,
    ContactState.UNDELIVERED: Fact.CONTACT_FAILED,
    ContactState.NOT_SENT: Fact.CONTACT_FAILED,
    ContactState.UNKNOWN: Fact.CONTACT_UNKNOWN,
}


@dataclass(frozen=True)
class Why:
    """One fact with its time. `detail` holds enum values, ids and numbers: how to say it is the reader's matter."""

    at: datetime
    fact: Fact
    policy_ids: tuple[str, ...] = ()
    detail: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        local = self.at.astimezone(HOME_ZONE)
        detail = " ".join(f"{name}={value}" for name, value in self.detail.items())
        return " ".join(part for part in (f"{local:%Y-%m-%d %H:%M}", self.fact, *self.policy_ids, detail) if part)


def why_resident(session: Session, resident_id: int, now: datetime, zone: ZoneInfo = HOME_ZONE) -> list[Why]:
    """What was sent, planned and refused to this resident and why, and what holds for their open matches now."""
    matches = {m.id: m for m in session.scalars(select(Match).where(Match.resident_id == resident_id))}
    history = [
        *_moves(session, matches),
        *_contacts(session, resident_id, matches),
        *_refusals(session, resident_id, matches),
        *_stops(session, resident_id),
        *_dates_ahead(session, resident_id),
    ]
    return sorted(history, key=lambda why: why.at) + _as_it_stands(session, matches, now=now, zone=zone)


def _moves(session: Session, matches: dict[int, Match]) -> list[Why]:
    changes = session.scalars(select(MatchChange).where(MatchChange.match_id.in_(matches)).order_by(MatchChange.id))
    return [
        Why(
            change.at,
            Fact.MATCH_MOVED,
            (matches[change.match_id].policy_id,),
            {"from": change.old.value, "to": change.new.value, "because": change.because},
        )
        for change in changes
    ]


def _contacts(session: Session, resident_id: int, matches: dict[int, Match]) -> list[Why]:
    offered: dict[int, list[str]] = {}
    query = select(ContactMatch.contact_id, ContactMatch.match_id).where(ContactMatch.match_id.in_(matches))
    for contact_id, match_id in session.execute(query.order_by(ContactMatch.number)):
        offered.setdefault(contact_id, []).append(matches[match_id].policy_id)
    told = select(Reminder.contact_id, Reminder.policy_id).where(
        Reminder.resident_id == resident_id, Reminder.contact_id.is_not(None)
    )
    for reminded_by, policy_id in session.execute(told):
        offered.setdefault(reminded_by or 0, []).append(policy_id)
    without_words = (defer(Contact.text), defer(Contact.variables))
    mine = or_(Contact.resident_id == resident_id, Contact.id.in_(offered))
    contacts = session.scalars(select(Contact).where(mine).options(*without_words))
    return [_contact(contact, tuple(offered.get(contact.id, ()))) for contact in contacts]


def _contact(contact: Contact, policy_ids: tuple[str, ...]) -> Why:
    fact = FACT_OF_STATE.get(contact.state, Fact.CONTACT_SENT)
    at = contact.due_at if fact is Fact.CONTACT_PLANNED else contact.sent_at or contact.settled_at or contact.due_at
    known = {
        "contact": str(contact.id),
        "channel": contact.channel.value,
        "purpose": contact.purpose.value,
        "state": contact.state.value,
        "cause": contact.cause and contact.cause.value,
        "code": contact.vendor_code,
        "refusal": contact.refusal and contact.refusal.value,
    }
    return Why(at, fact, policy_ids, {name: value for name, value in known.items() if value})


def _refusals(session: Session, resident_id: int, matches: dict[int, Match]) -> list[Why]:
    rows = session.scalars(select(RefusedContact).where(RefusedContact.resident_id == resident_id))
    return [
        Why(row.at, Fact.REFUSED, (matches[row.match_id].policy_id,), {"reason": row.reason.value})
        for row in rows
        if row.match_id in matches
    ]


def _stops(session: Session, resident_id: int) -> list[Why]:
    phones = select(ResidentPhone.phone_id).where(ResidentPhone.resident_id == resident_id)
    mine = or_(ContactStop.resident_id == resident_id, ContactStop.phone_id.in_(phones))
    found: list[Why] = []
    for stop in session.scalars(select(ContactStop).where(mine)):
        scope = "resident" if stop.resident_id == resident_id else "phone"
        found.append(
            Why(
                stop.placed_at,
                Fact.STOPPED,
                detail={"reason": stop.reason.value, "scope": scope, "by": stop.placed_by},
            )
        )
        if stop.released_at is not None:
            found.append(Why(stop.released_at, Fact.STOP_RELEASED, detail={"by": stop.released_by or ""}))
    return found


def _dates_ahead(session: Session, resident_id: int) -> list[Why]:
    """Dates that the resident is to be told of, and why one was not told when that was last tried."""
    found: list[Why] = []
    for reminder in session.scalars(select(Reminder).where(Reminder.resident_id == resident_id)):
        policy, on = (reminder.policy_id,), reminder.on.isoformat()
        when = {"occasion": reminder.occasion.value, "on": on, "from": reminder.tell_from.isoformat()}
        found.append(Why(reminder.created_at, Fact.DATE_AHEAD, policy, when))
        if reminder.refusal is not None and reminder.refused_at is not None:
            refused = {"on": on, "reason": reminder.refusal.value}
            found.append(Why(reminder.refused_at, Fact.REMINDER_REFUSED, policy, refused))
    return found


def _as_it_stands(session: Session, matches: dict[int, Match], *, now: datetime, zone: ZoneInfo) -> list[Why]:
    """What keeps an open match from being pushed at this moment, where that leaves no row: its state, its campaign."""
    campaigns = campaigns_on(session, now.astimezone(zone).date())
    pauses = standing_pauses(session)
    found: list[Why] = []
    for match in matches.values():
        campaign = campaigns.get(match.policy_id)
        policy = (match.policy_id,)
        if match.state in CLOSED_MATCH_STATES:
            continue
        if match.state not in PUSHED_STATES:
            found.append(Why(now, Fact.NOT_PUSHED_IN_STATE, policy, {"state": match.state.value}))
        elif campaign is None:
            found.append(Why(now, Fact.NO_CAMPAIGN, policy))
        elif pauses.hold(policy_id=match.policy_id, campaign_id=campaign.id):
            found.append(Why(now, Fact.PAUSED, policy, {"campaign": str(campaign.id)}))
    return found
