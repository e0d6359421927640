"""Which card of each item counts today: those of the folder and every approved submission, without a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Select, func, select

from models.asking import ask
from models.policy import PolicySubmission
from models.session import Sessions
from models.vocabulary import SubmissionState
from outreach_api.clock import Clock
from scheduler.policies.card import PolicyCard
from scheduler.policies.catalogue import Catalogue
from scheduler.policies.check import read_card_text

LOOK_EVERY = timedelta(minutes=1)
_APPROVED = PolicySubmission.state == SubmissionState.APPROVED

log = structlog.get_logger()


class Book:
    """Looks for approvals at most once a minute, so that one made by another process counts soon.

    What was shipped is read when it is first asked for: many commands never ask.
    """

    def __init__(self, shipped: Callable[[], Catalogue], sessions: Sessions, clock: Clock, zone: ZoneInfo) -> None:
        self._read_shipped = shipped
        self._sessions = sessions
        self._clock = clock
        self._zone = zone
        self._approved = 0
        self._looked_at: datetime | None = None
        self._with_approved: Catalogue | None = None
        self._days: dict[date, Mapping[str, PolicyCard]] = {}

    @cached_property
    def _shipped(self) -> Catalogue:
        return self._read_shipped()

    def today(self) -> Mapping[str, PolicyCard]:
        return self.on(self._clock.now().astimezone(self._zone).date())

    def on(self, day: date) -> Mapping[str, PolicyCard]:
        """The card of each item that counts on a day."""
        catalogue = self.catalogue()
        if day not in self._days:
            self._days = {day: catalogue.on(day)}
        return self._days[day]

    def catalogue(self) -> Catalogue:
        """Every version that was shipped or approved.

        Raises:
            CardsRefused: a shipped card has a fault.
        """
        now = self._clock.now()
        if self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY:
            self.look()
            self._looked_at = now
        return self._with_approved or self._shipped

    def look(self) -> None:
        """Take in what was approved since the last look."""
        with self._sessions.read() as session:
            approved = ask(session, _how_many_approved()).scalar() or 0
            if approved == self._approved:
                return
            rows = session.execute(
                select(PolicySubmission.id, PolicySubmission.policy_id, PolicySubmission.text)
                .where(_APPROVED)
                .order_by(PolicySubmission.id)
            ).all()
        self._with_approved = self._shipped.with_cards(_cards((row.id, row.policy_id, row.text) for row in rows))
        self._approved = approved
        self._days = {}


@cache
def _how_many_approved() -> Select[int]:
    return select(func.count()).select_from(PolicySubmission).where(_APPROVED)


def _cards(rows: Iterator[tuple[int, str, str]]) -> Iterator[PolicyCard]:
    for submission_id, policy_id, text in rows:
        card, _ = read_card_text(policy_id, text)
        if card is None:
            # Approved under an older form of the card; the version before it goes on counting.
            log.error("approved_card_unreadable", submission=submission_id, policy=policy_id)
        else:
            yield card
