"""What a carrier's word means for the phone itself, beyond the one contact."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from models.asking import ask, ids
from models.match import Match
from models.resident import Phone
from models.session import lock_resident
from models.vocabulary import Cause, MatchState, PhoneState, StopReason
from outreach_api.cases.unasked_visits import cancel_unasked_visits, unasked_visits
from scheduler.matching.moves import move_match
from scheduler.planning.situation import PUSHED_STATES
from scheduler.planning.stops import StopScope, place_stop, standing_stop

FAILURES_UNTIL_UNREACHABLE = 2
PLACED_BY = "carrier"


class PhoneEffect(StrEnum):
    NONE = "none"
    COUNT_FAILURE = "count_failure"
    UNREACHABLE = "unreachable"
    CALLS_ONLY = "calls_only"
    STOP = "stop"


EFFECT_OF_CAUSE: dict[Cause, PhoneEffect] = {
    Cause.INVALID_NUMBER: PhoneEffect.UNREACHABLE,
    Cause.LANDLINE: PhoneEffect.CALLS_ONLY,
    Cause.UNREACHABLE: PhoneEffect.COUNT_FAILURE,
    Cause.OPTED_OUT_AT_CARRIER: PhoneEffect.STOP,
    Cause.FILTERED: PhoneEffect.NONE,
    Cause.RATE_LIMITED: PhoneEffect.NONE,
    Cause.ACCOUNT: PhoneEffect.NONE,
    Cause.REGION_NOT_ALLOWED: PhoneEffect.NONE,
    Cause.CARRIER_FAULT: PhoneEffect.NONE,
    Cause.UNCLASSIFIED: PhoneEffect.COUNT_FAILURE,
}


class Failed(Protocol):
    """A contact, as far as its failure tells on others."""

    @property
    def id(self) -> int: ...
    @property
    def resident_id(self) -> int | None: ...
    @property
    def phone_id(self) -> int: ...


def note_failure(session: Session, contact: Failed, cause: Cause, *, now: datetime) -> None:
    """Let a failed contact tell on its phone: unreachable at once, after two failures in a row, by text, or stopped."""
    match EFFECT_OF_CAUSE[cause]:
        case PhoneEffect.UNREACHABLE:
            _change(session, contact.phone_id, state=PhoneState.UNREACHABLE)
        case PhoneEffect.CALLS_ONLY:
            _change(session, contact.phone_id, state=PhoneState.LANDLINE)
        case PhoneEffect.COUNT_FAILURE:
            _count_failure(session, contact.phone_id)
        case PhoneEffect.STOP:
            _stop(session, contact, now=now)


def note_deliveries(session: Session, phone_ids: Collection[int]) -> None:
    """A delivery ends a run of failures."""
    if phone_ids:
        ask(session, _no_failures(), phones=list(phone_ids))


@cache
def _no_failures() -> Update:
    return update(Phone).where(Phone.id.in_(ids("phones")), Phone.carrier_failures > 0).values(carrier_failures=0)


def _count_failure(session: Session, phone_id: int) -> None:
    failures = 1 + (session.scalar(select(Phone.carrier_failures).where(Phone.id == phone_id).with_for_update()) or 0)
    _change(session, phone_id, carrier_failures=failures)
    if failures >= FAILURES_UNTIL_UNREACHABLE:
        _change(session, phone_id, state=PhoneState.UNREACHABLE)


def _change(session: Session, phone_id: int, **values: object) -> None:
    """Quarantine is a person's word and stays."""
    free = Phone.state != PhoneState.QUARANTINED
    session.execute(
        update(Phone).where(Phone.id == phone_id, free).values(**values).execution_options(synchronize_session=False)
    )


def _stop(session: Session, contact: Failed, *, now: datetime) -> None:
    """The resident told the carrier to stop: for us the same as having told us, with the matches closed likewise."""
    if contact.resident_id is not None:
        lock_resident(session, contact.resident_id)
    scope = StopScope(contact.resident_id, contact.phone_id)
    if standing_stop(session, resident_id=scope.resident_id, phone_id=scope.phone_id) is StopReason.OPT_OUT:
        return
    place_stop(session, StopReason.OPT_OUT, scope, placed_by=PLACED_BY, message_id=None, now=now)
    stopped = PUSHED_STATES | {MatchState.IN_QUEUE}
    matches = session.scalars(
        select(Match).where(Match.resident_id == contact.resident_id, Match.state.in_(stopped))
    ).all()
    queued = [match.id for match in matches if match.state is MatchState.IN_QUEUE]
    asked_for = frozenset(queued) - unasked_visits(session, queued)
    cancel_unasked_visits(session, queued, by=PLACED_BY, now=now)
    for match in matches:
        if match.id not in asked_for:
            move_match(session, match, MatchState.OPTED_OUT, because=f"contact:{contact.id}", now=now)
