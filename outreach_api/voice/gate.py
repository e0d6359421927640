"""Room and money for one more call: how many are on, and what today's have cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from models.call import Call
from models.contact import Contact
from models.session import Sessions
from models.vocabulary import Cause, Channel, ContactState
from outreach_api.channels.carrier import Rejected
from outreach_api.clock import Clock
from outreach_api.voice.settings import VoiceSettings

FULL_AGAIN_AFTER_SECONDS = 20.0
SPENT_AGAIN_AFTER_SECONDS = 3600.0
_SIXTY = 60


@dataclass(frozen=True)
class CallGate:
    sessions: Sessions
    clock: Clock
    settings: VoiceSettings
    zone: ZoneInfo

    def __call__(self, contact_id: int) -> Rejected | None:
        """None when this one may be placed; else a refusal that is tried again later."""
        now = self.clock.now()
        with self.sessions.read() as session:
            if self._before(session, contact_id, now) >= self.settings.most_calls_at_once:
                return Rejected(Cause.RATE_LIMITED, None, FULL_AGAIN_AFTER_SECONDS)
            if self.settings.daily_spend_cap and self._spent_today(session, now) >= self.settings.daily_spend_cap:
                return Rejected(Cause.ACCOUNT, None, SPENT_AGAIN_AFTER_SECONDS)
        return None

    def _before(self, session: Session, contact_id: int, now: datetime) -> int:
        """Calls placed and not reported over, and those that are being placed just now and come before this one.

        One whose report never came counts no longer than it could last.
        """
        longest = timedelta(seconds=self.settings.ring_seconds + self.settings.longest_call_seconds)
        placed = Contact.state.in_((ContactState.ACCEPTED, ContactState.UNKNOWN))
        being_placed = and_(Contact.state == ContactState.SENDING, Contact.id < contact_id)
        on = (Contact.channel == Channel.VOICE, or_(placed, being_placed), Contact.sent_at > now - longest)
        return session.scalar(select(func.count()).select_from(Contact).where(*on)) or 0

    def _spent_today(self, session: Session, now: datetime) -> float:
        midnight = datetime.combine(now.astimezone(self.zone).date(), time.min, self.zone)
        lengths = session.scalars(select(Call.seconds).where(Call.started_at >= midnight, Call.seconds.is_not(None)))
        return sum(math.ceil((seconds or 0) / _SIXTY) for seconds in lengths) * self.settings.price_per_minute
