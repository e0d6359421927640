"""Two carriers of texts as one: what the first carries goes by it; all else, and all while it fails, by the other.

A text is handed over once. What the one that failed may have sent stays unknown, and is not sent by the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from models.session import Sessions
from models.vocabulary import BreakerState, Cause
from outreach_api.channels.carrier import Hearing, Listing, OutgoingText, Rejected, SendResult, TextCarrier
from outreach_api.delivery.breaker import breakers, is_failure, may_probe, note_outcomes

SLOW = timedelta(seconds=5)
"""An answer that took so long counts as a failure of the carrier, though not of the text."""
RETURN_TAKES = timedelta(minutes=10)
RETRY_SECONDS = 30.0


class Domestic(TextCarrier, Protocol):
    def carries(self, message: OutgoingText) -> bool:
        """Whether this text is one for it at all."""


class RoutedTexts:
    """A `TextCarrier`. The breaker of each carrier decides; back from a failure, it gets its share little by little."""

    minds_its_own_health = True

    def __init__(self, domestic: Domestic, other: TextCarrier, sessions: Sessions, now: Callable[[], datetime]) -> None:
        self._domestic, self._other, self._sessions, self._now = domestic, other, sessions, now
        self.name, self.sender = other.name, other.sender
        self._returned_at: datetime | None = None
        self._was_away = False
        self._guard = threading.Lock()

    def send(self, message: OutgoingText) -> SendResult:
        domestic = self._domestic.carries(message) and self._is_its_turn(message)
        first: TextCarrier = self._domestic if domestic else self._other
        if not domestic and not self._may_have(self._other):
            return replace(Rejected(Cause.CARRIER_FAULT, None, RETRY_SECONDS), provider=first.name)
        result = self._hand_to(first, message)
        turned_away = isinstance(result, Rejected) and result.retry_after_seconds is not None
        # Turned away is not sent: only then may the other have it at once.
        return self._hand_to(self._other, message) if domestic and turned_away else result

    def _hand_to(self, carrier: TextCarrier, message: OutgoingText) -> SendResult:
        if _minds_its_own_health(carrier):
            return carrier.send(message)
        began = self._now()
        result = carrier.send(message)
        failed = is_failure(result) or self._now() - began > SLOW
        note_outcomes(self._sessions, carrier.name, good=not failed, bad=failed, now=self._now())
        return replace(result, provider=carrier.name)

    def _is_its_turn(self, message: OutgoingText) -> bool:
        """Whether the domestic carrier gets this one: it is well, or this is a look whether it is again."""
        now, state = self._now(), self._state(self._domestic.name)
        with self._guard:
            if state is not BreakerState.CLOSED:
                self._was_away, self._returned_at = True, None
            elif self._was_away:
                self._was_away, self._returned_at = False, now
            returned_at = self._returned_at
        if state is not BreakerState.CLOSED:
            return may_probe(self._sessions, self._domestic.name, now=now)
        if returned_at is None or now - returned_at >= RETURN_TAKES:
            return True
        return message.contact_id % 100 < 100 * ((now - returned_at) / RETURN_TAKES)

    def _may_have(self, carrier: TextCarrier) -> bool:
        """Whether the carrier is well, or this is the one text that looks whether it is again."""
        well = _minds_its_own_health(carrier) or self._state(carrier.name) is BreakerState.CLOSED
        return well or may_probe(self._sessions, carrier.name, now=self._now())

    def _state(self, name: str) -> BreakerState:
        with self._sessions.read() as session:
            found = breakers(session).get(name)
        return found.state if found else BreakerState.CLOSED

    def close(self) -> None:
        """Close the connections that either keeps open."""
        for carrier in (self._domestic, self._other):
            close = getattr(carrier, "close", None)
            if close is not None:
                close()

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        return self._other.sent_between(since, until)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        return self._other.heard_between(since, until)


def _minds_its_own_health(carrier: TextCarrier) -> bool:
    """Where the other is two carriers again, each of those has its own breaker."""
    return getattr(carrier, "minds_its_own_health", False)
