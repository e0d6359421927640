"""The seam between our contacts and whoever carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from models.vocabulary import Cause, ContactState


@dataclass(frozen=True)
class OutgoingText:
    """One text: the template with its variables, and the rendered words. Carriers want one or the other."""

    contact_id: int
    to: str
    text: str
    template_key: str
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted:
    provider_ref: str
    provider: str = ""
    """Where a carrier is several: which of them it was."""


@dataclass(frozen=True)
class Rejected:
    """The carrier said no: it was not sent. `retry_after_seconds` only where the carrier did not process it (429)."""

    cause: Cause
    vendor_code: str | None = None
    retry_after_seconds: float | None = None
    provider: str = ""


@dataclass(frozen=True)
class Unknown:
    """A time-out, a broken connection or a 5xx: it may have been sent. Never a reason to send again."""

    detail: str
    provider: str = ""


SendResult = Accepted | Rejected | Unknown


@dataclass(frozen=True)
class ListedMessage:
    provider_ref: str
    to: str
    text: str | None
    """None: a call, whose words nobody lists."""
    state: ContactState
    vendor_code: str | None
    sent_at: datetime


@dataclass(frozen=True)
class Listing:
    """What the carrier says it sent; `complete` is False when a page was missing."""

    messages: Sequence[ListedMessage]
    complete: bool


@dataclass(frozen=True)
class HeardMessage:
    """What somebody wrote to our number, as the carrier keeps it."""

    provider_ref: str
    sender: str
    recipient: str
    text: str
    heard_at: datetime


@dataclass(frozen=True)
class Hearing:
    messages: Sequence[HeardMessage]
    complete: bool


class TextCarrier(Protocol):
    name: str
    sender: str
    """The number it sends from."""

    def send(self, message: OutgoingText) -> SendResult:
        """Hand one text to the carrier. Never raises for what a carrier may do; never called in a transaction."""

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        """Every message the carrier accepted in the window."""

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        """Every message the carrier took in for our number in the window."""
