"""A carrier in memory that does what it is told, for the sender's tests; it passes the real adapter's contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.vocabulary import Cause, ContactState
from outreach_api.channels.carrier import (
    Accepted,
    HeardMessage,
    Hearing,
    ListedMessage,
    Listing,
    OutgoingText,
    Rejected,
    SendResult,
    Unknown,
)


class PowerCut(BaseException):
    """The process dies here; no code of ours sees it."""


@dataclass
class FakeCarrier:
    now: Callable[[], datetime]
    name: str = "twilio"
    sender: str = "+8675525550100"
    accepted: list[OutgoingText] = field(default_factory=list)
    listed: list[ListedMessage] = field(default_factory=list)
    heard: list[HeardMessage] = field(default_factory=list)
    script: list[str] = field(default_factory=list)
    """What happens to the next sends, else they are accepted: see `send`."""
    listing_complete: bool = True
    listings: int = 0
    before_send: Callable[[OutgoingText], None] = lambda _: None

    def send(self, message: OutgoingText) -> SendResult:
        self.before_send(message)
        match self.script.pop(0) if self.script else "accept":
            case "accept":
                return Accepted(self._accept(message))
            case "timeout_after_accept":
                self._accept(message)
                return Unknown("timeout")
            case "timeout_before_accept":
                return Unknown("timeout")
            case "rate_limited":
                return Rejected(Cause.RATE_LIMITED, "20429", 5.0)
            case "landline":
                return Rejected(Cause.LANDLINE, "21614")
            case "opted_out":
                return Rejected(Cause.OPTED_OUT_AT_CARRIER, "21610")
            case "bug":
                self._accept(message)
                raise KeyError("a bug of the adapter")
            case "power_cut_before":
                raise PowerCut
            case "power_cut_after":
                self._accept(message)
                raise PowerCut
            case other:
                raise AssertionError(other)

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        self.listings += 1
        return Listing([m for m in self.listed if since <= m.sent_at <= until], self.listing_complete)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        return Hearing([m for m in self.heard if since <= m.heard_at <= until], self.listing_complete)

    def forget(self) -> None:
        """Let no listing show anything."""
        self.listed.clear()

    def contact_ids(self) -> list[int]:
        return [message.contact_id for message in self.accepted]

    def _accept(self, message: OutgoingText) -> str:
        self.accepted.append(message)
        ref = f"SM{len(self.accepted):032d}"
        self.listed.append(
            ListedMessage(ref, message.to, message.text, ContactState.ACCEPTED, None, self.now() + timedelta(seconds=1))
        )
        return ref
