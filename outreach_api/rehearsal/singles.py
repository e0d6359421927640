"""Single messages of another campaign, queued while a long one is being sent: how long until each starts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from models.contact import Contact
from models.session import Sessions
from outreach_api.clock import Clock
from outreach_api.rehearsal.crowd import queue_single

POLL_SECONDS = 0.05


@dataclass
class Singles:
    """Queues one for each of these residents, in a thread of its own: the next some time after the one before began."""

    sessions: Sessions
    clock: Clock
    campaign_id: int
    policy_id: str
    resident_ids: Sequence[int]
    every_seconds: float
    queued_at: dict[int, datetime] = field(default_factory=dict)
    """By contact; from then on it waits for nothing but its turn."""
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="singles", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def starts(self) -> list[float]:
        """Seconds from queued to handed over, of those that were sent."""
        queued_at = dict(self.queued_at)
        query = select(Contact.id, Contact.sent_at).where(Contact.id.in_(queued_at), Contact.sent_at.is_not(None))
        with self.sessions.read() as session:
            sent_at = {number: at for number, at in session.execute(query) if at is not None}
        return [max((at - queued_at[number]).total_seconds(), 0.0) for number, at in sent_at.items()]

    def _run(self) -> None:
        for resident_id in self.resident_ids:
            if self._over.wait(self.every_seconds):
                return
            now = self.clock.now()
            number = queue_single(self.sessions, resident_id, self.policy_id, self.campaign_id, now=now)
            self.queued_at[number] = self.clock.now()
            while len(self.starts()) < len(self.queued_at):
                if self._over.wait(POLL_SECONDS):
                    return
