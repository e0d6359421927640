"""The cadence: a ladder of contacts, each some days after the one before, that ends with help at home."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from models.vocabulary import Cause, Channel, ContactPurpose, ContactState, Refusal


class Action(StrEnum):
    TEXT_OFFER = "text_offer"
    TEXT_REMINDER = "text_reminder"
    CALL = "call"
    HOME_HELP = "home_help"


CHANNEL_OF: dict[Action, Channel] = {
    Action.TEXT_OFFER: Channel.SMS,
    Action.TEXT_REMINDER: Channel.SMS,
    Action.CALL: Channel.VOICE,
}
PURPOSE_OF: dict[Action, ContactPurpose] = {
    Action.TEXT_OFFER: ContactPurpose.OFFER,
    Action.TEXT_REMINDER: ContactPurpose.REMINDER,
    Action.CALL: ContactPurpose.REMINDER,
}
# An attempt in one of these did not reach the resident and takes no rung of the ladder: `retry` decides what follows.
NOT_REACHED = frozenset({ContactState.REJECTED, ContactState.UNDELIVERED, ContactState.NOT_SENT})
# Nobody took the call: it takes its rung only when it was tried so often, each time a while after the last.
UNANSWERED = frozenset({ContactState.BUSY, ContactState.NO_ANSWER})
CALL_TRIES = 2
CALL_AGAIN_AFTER: dict[ContactState, timedelta] = {
    ContactState.BUSY: timedelta(hours=2),
    ContactState.NO_ANSWER: timedelta(hours=20),
}
# A callback is planned this long ahead, so that it goes out at the hour that was asked for.
CALLBACK_LOOKAHEAD = timedelta(days=1)

LAST_CALL_DAYS = 3
"""So long before a window closes the next rung is due at the latest."""


@dataclass(frozen=True)
class Rung:
    action: Action
    after_days: int
    """Calendar days after the rung before, on the resident's own calendar."""


@dataclass(frozen=True)
class Cadence:
    rungs: tuple[Rung, ...]

    @property
    def shortest_wait_days(self) -> int:
        return min((rung.after_days for rung in self.rungs[1:]), default=0)

    @property
    def calls(self) -> bool:
        return any(rung.action is Action.CALL for rung in self.rungs)

    @property
    def length_days(self) -> int:
        return sum(rung.after_days for rung in self.rungs)

    def stored(self) -> list[dict[str, Any]]:
        """As `read_cadence` takes it."""
        return [{"do": rung.action.value, "after_days": rung.after_days} for rung in self.rungs]

    def served_by(self, channels: Collection[Channel]) -> Cadence:
        """The same ladder without what goes out by a channel that nobody serves; what follows waits for both."""
        rungs: list[Rung] = []
        skipped = 0
        for rung in self.rungs:
            if rung.action in CHANNEL_OF and CHANNEL_OF[rung.action] not in channels:
                skipped += rung.after_days
            else:
                rungs.append(replace(rung, after_days=rung.after_days + skipped) if rungs else rung)
                skipped = 0
        return Cadence(tuple(rungs))


DEFAULT_CADENCE = Cadence((Rung(Action.TEXT_OFFER, 0), Rung(Action.TEXT_REMINDER, 4), Rung(Action.HOME_HELP, 6)))


@dataclass(frozen=True)
class Attempt:
    """One contact that spoke of this match."""

    step: int
    phone_id: int
    state: ContactState
    cause: Cause | None
    at: datetime


@dataclass(frozen=True)
class ContactHistory:
    """The attempts of one match, oldest first, and what the resident said to them."""

    attempts: Sequence[Attempt]
    zone: ZoneInfo
    callback_at: datetime | None = None
    """When they asked to be contacted again."""
    interested_at: datetime | None = None
    """When they showed interest, and no more came of it."""
    closes_on: date | None = None
    """The last day on which one may apply."""


@dataclass(frozen=True)
class PlannedAt:
    """The rung to take, not before `at`. Its action may be home help, which is no contact."""

    step: int
    rung: Rung
    at: datetime


@dataclass(frozen=True)
class NotYet:
    until: datetime
    reason: str


@dataclass(frozen=True)
class Never:
    reason: Refusal


def next_contact(history: ContactHistory, cadence: Cadence, *, now: datetime) -> PlannedAt | NotYet | Never:
    """Decide which rung of the ladder is next, and when.

    A callback that was asked for outranks the ladder's waiting. Who showed interest knows of the offer: they are
    reminded, the days counted from when they showed it. Attempts that did not reach the resident take no rung.
    A rung that is due on some day is due from that day's first minute: contact hours decide on the hour.

    Raises:
        ValueError: `now` has no timezone.
    """
    if now.tzinfo is None:
        raise ValueError("`now` needs a timezone")
    reached = [attempt for attempt in history.attempts if attempt.state not in NOT_REACHED]
    step = max((attempt.step for attempt in reached), default=-1) + 1
    again_at = _call_again_at(reached)
    if again_at is not None and history.callback_at is None and step <= len(cadence.rungs):
        again = PlannedAt(step - 1, cadence.rungs[step - 1], max(again_at, now))
        return again if again_at <= now else NotYet(again_at, "call_again")
    if history.callback_at is not None:
        return _callback(history.callback_at, step, cadence, now=now)
    if history.interested_at is not None:
        step = max(step, min(1, len(cadence.rungs) - 1))
    if step >= len(cadence.rungs):
        return Never(Refusal.LADDER_EXHAUSTED)
    rung = cadence.rungs[step]
    since = max((at for at in (*(a.at for a in reached), history.interested_at) if at is not None), default=None)
    at = now if since is None else _days_after(since, rung.after_days, history.zone)
    if since is not None and history.closes_on is not None:
        at = _before_it_closes(at, since, history.closes_on, history.zone)
    return PlannedAt(step, rung, at) if at <= now else NotYet(at, "cadence")


def _call_again_at(reached: Sequence[Attempt]) -> datetime | None:
    """When the rung's call is tried once more; None when the last attempt was none that nobody took, or was enough."""
    if not reached or reached[-1].state not in UNANSWERED:
        return None
    last = reached[-1]
    tries = sum(attempt.step == last.step and attempt.state in UNANSWERED for attempt in reached)
    return last.at + CALL_AGAIN_AFTER[last.state] if tries < CALL_TRIES else None


def _callback(asked_for: datetime, step: int, cadence: Cadence, *, now: datetime) -> PlannedAt | NotYet | Never:
    contacts = [index for index, rung in enumerate(cadence.rungs) if rung.action is not Action.HOME_HELP]
    if not contacts:
        return Never(Refusal.LADDER_EXHAUSTED)
    if asked_for > now + CALLBACK_LOOKAHEAD:
        return NotYet(asked_for - CALLBACK_LOOKAHEAD, "callback")
    index = max((i for i in contacts if i <= step), default=contacts[0])
    return PlannedAt(index, cadence.rungs[index], max(asked_for, now))


def _before_it_closes(at: datetime, since: datetime, closes_on: date, zone: ZoneInfo) -> datetime:
    """A window that closes brings the next rung forward, but never to the day of the last one."""
    last_call = datetime.combine(closes_on - timedelta(days=LAST_CALL_DAYS), time.min, zone)
    return max(min(at, last_call), _days_after(since, 1, zone))


def _days_after(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    due_on = instant.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(due_on, time.min, zone)


def read_cadence(value: Any) -> Cadence:
    """The ladder as staff wrote it: `[{"do": "text_offer", "after_days": 0}, …, {"do": "home_help", "after_days": 6}]`.

    Raises:
        ValueError: says which rung is wrong and how it should be.
    """
    if not isinstance(value, list) or not value:
        raise ValueError("the cadence is a list of rungs, first contact first")
    rungs = tuple(_read_rung(number, rung) for number, rung in enumerate(value, start=1))
    if any(rung.action is Action.HOME_HELP for rung in rungs[:-1]) or rungs[-1].action is not Action.HOME_HELP:
        raise ValueError("the last rung, and no other, is home_help: nobody is given up silently")
    return Cadence(rungs)


def _read_rung(number: int, value: Any) -> Rung:
    actions = ", ".join(Action)
    if not isinstance(value, dict) or value.get("do") not in set(Action):
        raise ValueError(f"rung {number} of the cadence: `do` is one of {actions}")
    days = value.get("after_days")
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= 365 or (number > 1 and days == 0):
        raise ValueError(f"rung {number} of the cadence: `after_days` is a whole number, 1 to 365 (0 for the first)")
    return Rung(Action(value["do"]), days)
