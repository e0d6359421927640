"""How fast a number may send: carriers take so many texts a second from one number and drop or delay the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ScalarResult, select
from sqlalchemy.orm import Session

from models.carrier import SenderPace
from models.vocabulary import Channel

# What a number has not used for so long it may send at once, so that a pass a second keeps up the rate.
SAVED_UP = timedelta(seconds=1)


@dataclass(frozen=True)
class Rate:
    """Texts a second that one sending number may send; answers go out regardless, but are counted."""

    sender: str
    per_second: float

    @property
    def gap(self) -> timedelta:
        return timedelta(seconds=1) / self.per_second


def seats(free_at: datetime | None, rate: Rate, *, now: datetime) -> int:
    """How many texts may go now. `free_at` lies the further ahead the more were sent."""
    begin = now - SAVED_UP
    used = max(free_at - begin, timedelta(0)) if free_at is not None else timedelta(0)
    return int((max(SAVED_UP, rate.gap) - used) / rate.gap)


def charged(free_at: datetime | None, rate: Rate, sent: int, *, now: datetime) -> datetime:
    """`free_at` after so many more texts."""
    return max(free_at or now - SAVED_UP, now - SAVED_UP) + sent * rate.gap


class Paces:
    """The rates of this claim's channels, with what is left of each; held until the transaction ends."""

    def __init__(self, session: Session, rates: Mapping[Channel, Rate], *, now: datetime) -> None:
        self._session = session
        self._rates = rates
        self._now = now
        senders = {rate.sender for rate in rates.values()}
        self._rows = {row.sender: row for row in _locked(session, senders)} if senders else {}

    def room(self, channel: Channel) -> int | None:
        """How many may go on this channel now; None where no rate is set."""
        rate = self._rates.get(channel)
        if rate is None:
            return None
        row = self._rows.get(rate.sender)
        return max(seats(row.free_at if row else None, rate, now=self._now), 0)

    def charge(self, channel: Channel, sent: int) -> None:
        rate = self._rates.get(channel)
        if rate is None or sent == 0:
            return
        row = self._rows.get(rate.sender)
        free_at = charged(row.free_at if row else None, rate, sent, now=self._now)
        if row is None:
            row = self._rows[rate.sender] = SenderPace(sender=rate.sender, free_at=free_at)
            self._session.add(row)
        row.free_at = free_at


def _locked(session: Session, senders: Collection[str]) -> ScalarResult[SenderPace]:
    query = select(SenderPace).where(SenderPace.sender.in_(senders)).order_by(SenderPace.sender)
    return session.scalars(query.with_for_update())
