"""The Message resource, as Twilio writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

from sandbox.carrier.errors import DELIVERY_WORDS, DeliveryError


class Status(StrEnum):
    ACCEPTED = "accepted"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    RECEIVED = "received"


class Direction(StrEnum):
    OUTBOUND = "outbound-api"
    INBOUND = "inbound"


@dataclass(slots=True)
class Message:
    sid: str
    account_sid: str
    to: str
    sender: str | None
    body: str
    direction: Direction
    status: Status
    created_at: datetime
    updated_at: datetime
    service_sid: str | None = None
    status_callback: str | None = None
    sent_at: datetime | None = None
    error: DeliveryError | None = None

    @property
    def listed_at(self) -> datetime:
        """What `DateSent` compares with: a message not yet sent counts as of its creation."""
        return self.sent_at or self.created_at

    def as_json(self) -> dict[str, Any]:
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{self.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": _rfc2822(self.created_at),
            "date_sent": _rfc2822(self.sent_at),
            "date_updated": _rfc2822(self.updated_at),
            "direction": self.direction.value,
            "error_code": int(self.error) if self.error else None,
            "error_message": DELIVERY_WORDS[self.error] if self.error else None,
            "from": self.sender,
            "messaging_service_sid": self.service_sid,
            "num_media": "0",
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status.value,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


def segments(body: str) -> int:
    """Chinese text travels in UCS-2: 70 characters, or 67 a part when it takes several."""
    length = len(body.encode("utf-16-le")) // 2
    return 1 if length <= 70 else -(-length // 67)


def _rfc2822(when: datetime | None) -> str | None:
    return format_datetime(when.astimezone(UTC)) if when else None
