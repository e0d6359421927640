"""After a failed attempt: the same phone again, the next phone, or none; by cause, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.vocabulary import Cause, ContactState
from scheduler.planning.cadence import NOT_REACHED, Attempt, NotYet


class Remedy(StrEnum):
    NEXT_PHONE = "next_phone"
    SAME_PHONE_LATER = "same_phone_later"


@dataclass(frozen=True)
class Retry:
    """`times` counts the repeats on one phone; when they are used up, the next phone's turn comes."""

    remedy: Remedy
    after: timedelta = timedelta(0)
    times: int = 0


_DAY = timedelta(days=1)
_OTHER_PHONE = Retry(Remedy.NEXT_PHONE)
_LATER_ONCE = Retry(Remedy.SAME_PHONE_LATER, after=_DAY, times=1)
# The fault is ours or the carrier's, not the phone's: patience, then treat the phone as one that we can't reach.
_LATER_OFTEN = Retry(Remedy.SAME_PHONE_LATER, after=_DAY, times=3)

RETRY_BY_CAUSE: dict[Cause, Retry] = {
    Cause.INVALID_NUMBER: _OTHER_PHONE,
    Cause.LANDLINE: _OTHER_PHONE,
    Cause.OPTED_OUT_AT_CARRIER: _OTHER_PHONE,
    Cause.UNREACHABLE: _LATER_ONCE,
    Cause.FILTERED: _LATER_ONCE,
    Cause.UNCLASSIFIED: _LATER_ONCE,
    Cause.CARRIER_FAULT: _LATER_OFTEN,
    Cause.RATE_LIMITED: _LATER_OFTEN,
    Cause.ACCOUNT: _LATER_OFTEN,
    Cause.REGION_NOT_ALLOWED: _OTHER_PHONE,
}


@dataclass(frozen=True)
class NoPhone:
    """No phone is left that could reach this resident."""


def choose_phone(phone_ids: Sequence[int], attempts: Sequence[Attempt], *, now: datetime) -> int | NotYet | NoPhone:
    """The phone to try next: the first in rank whose failures leave room for it.

    `phone_ids` are usable and in rank order; `attempts` are oldest first. An attempt settled as not sent is no failure
    of the phone. A phone that may be retried later is waited for before the next one is tried.
    """
    for phone_id in phone_ids:
        failures = _failures_since_success(phone_id, attempts)
        if not failures:
            return phone_id
        last = failures[-1]
        retry = RETRY_BY_CAUSE[last.cause or Cause.UNCLASSIFIED]
        if retry.remedy is Remedy.NEXT_PHONE or len(failures) > retry.times:
            continue
        again_at = last.at + retry.after
        return phone_id if again_at <= now else NotYet(again_at, f"retry_after_{last.cause}")
    return NoPhone()


def _failures_since_success(phone_id: int, attempts: Sequence[Attempt]) -> list[Attempt]:
    failures: list[Attempt] = []
    for attempt in attempts:
        if attempt.phone_id != phone_id or attempt.state is ContactState.NOT_SENT:
            continue
        if attempt.state in NOT_REACHED:
            failures.append(attempt)
        else:
            failures.clear()
    return failures
