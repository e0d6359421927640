"""Texts by Twilio: create with a status callback that names our contact, and list what was accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from models.vocabulary import Cause
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
from outreach_api.channels.dialling import DEAR_PREFIXES, may_be_dialled
from outreach_api.channels.twilio_http import NotAnswered, RedirectedHttpClient, TooManyRequests
from outreach_api.channels.vendor_codes import ACCOUNT_WIDE, MEANING_OF_STATUS, cause_of_answer
from outreach_api.settings import Settings

if TYPE_CHECKING:
    from twilio.rest.api.v2010.account.message import MessageInstance

PAGE_SIZE = 1000
MOST_PAGES = 1000
CARRIER_DOWN_RETRY_SECONDS = 60.0
ACCOUNT_RETRY_SECONDS = 900.0
STATUS_PATH = "/webhooks/twilio/status"

INBOUND = "inbound"
LISTING_FAULTS = (HTTPError, NotAnswered, TooManyRequests, TwilioException, ValueError, TypeError)

log = structlog.get_logger(__name__)


class TwilioCarrier:
    """A `TextCarrier` on the real SDK. `base_url` leads elsewhere only for a sandbox."""

    name = "twilio"

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        *,
        public_url: str,
        base_url: str = "https://api.twilio.com",
        timeout_seconds: float = 10.0,
        allowed_prefixes: Sequence[str] = ("+",),
        denied_prefixes: Sequence[str] = DEAR_PREFIXES,
    ) -> None:
        self._http = RedirectedHttpClient(base_url, timeout_seconds=timeout_seconds)
        self._messages = Client(account_sid, auth_token, http_client=self._http).messages
        self.sender = sender
        self._allowed, self._denied = tuple(allowed_prefixes), tuple(denied_prefixes)
        self._status_url = public_url.rstrip("/") + STATUS_PATH

    @classmethod
    def from_settings(cls, settings: Settings) -> TwilioCarrier:
        return cls(
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
            settings.twilio_from,
            public_url=settings.public_url,
            base_url=settings.twilio_base_url,
            timeout_seconds=settings.carrier_timeout_seconds,
            allowed_prefixes=settings.text_prefixes,
            denied_prefixes=settings.denied_prefixes,
        )

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._http.close()

    def send(self, message: OutgoingText) -> SendResult:
        if not may_be_dialled(message.to, allowed=self._allowed, denied=self._denied):
            # Whoever writes from a dear number elsewhere would otherwise have us answer at its price.
            return Rejected(Cause.REGION_NOT_ALLOWED)
        try:
            created = self._messages.create(
                to=message.to,
                from_=self.sender,
                body=message.text,
                status_callback=f"{self._status_url}?contact={message.contact_id}",
            )
        except TooManyRequests as fault:
            return Rejected(Cause.RATE_LIMITED, "20429", fault.retry_after_seconds)
        except (TwilioRestException, TwilioServiceException) as fault:
            return refused(fault.code, fault.status)
        except HTTPError as fault:
            return after_broken_request(fault)
        except (NotAnswered, TwilioException, ValueError, TypeError) as fault:
            # The answer made no sense to the SDK: whatever it was, it is not a refusal.
            return Unknown(type(fault).__name__)
        return Accepted(created.sid) if created.sid else Unknown("no sid in the answer")

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        """What Twilio accepted from our number in the window; incomplete when any page failed."""
        found: list[ListedMessage] = []
        try:
            found.extend(
                _as_listed(message)
                for message in self._pages(since, until, from_=self.sender)
                if message.status in MEANING_OF_STATUS
            )
        except LISTING_FAULTS as fault:
            log.warning("listing_incomplete", provider=self.name, fault=type(fault).__name__, seen=len(found))
            return Listing(found, complete=False)
        return Listing(found, complete=True)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        """What residents wrote to our number in the window; incomplete when any page failed."""
        found: list[HeardMessage] = []
        try:
            found.extend(
                _as_heard(message)
                for message in self._pages(since, until, to=self.sender)
                if message.direction == INBOUND
            )
        except LISTING_FAULTS as fault:
            log.warning("hearing_incomplete", provider=self.name, fault=type(fault).__name__, seen=len(found))
            return Hearing(found, complete=False)
        return Hearing(found, complete=True)

    def _pages(self, since: datetime, until: datetime, **numbers: str) -> Iterator[MessageInstance]:
        page = self._messages.page(
            **numbers,
            date_sent_after=since.astimezone(UTC),
            date_sent_before=until.astimezone(UTC),
            page_size=PAGE_SIZE,
        )
        for _ in range(MOST_PAGES):
            yield from page
            # The SDK's own stream would follow a listing that leads back to itself for ever.
            page = page.next_page()
            if page is None:
                return
        raise ValueError(f"a listing of more than {MOST_PAGES} pages")


def _as_listed(message: MessageInstance) -> ListedMessage:
    sent_at = message.date_sent or message.date_created
    if message.sid is None or message.to is None or sent_at is None:
        raise ValueError("a listed message lacks its sid, its recipient or its time")
    return ListedMessage(
        provider_ref=message.sid,
        to=message.to,
        text=message.body or "",
        state=MEANING_OF_STATUS[str(message.status)].state,
        vendor_code=str(message.error_code) if message.error_code else None,
        sent_at=sent_at.astimezone(UTC),
    )


def _as_heard(message: MessageInstance) -> HeardMessage:
    heard_at = message.date_sent or message.date_created
    if message.sid is None or message.from_ is None or message.to is None or heard_at is None:
        raise ValueError("a listed message lacks its sid, its sender, its recipient or its time")
    return HeardMessage(message.sid, message.from_, message.to, message.body or "", heard_at.astimezone(UTC))


def refused(code: int | None, http_status: int) -> Rejected:
    patience = ACCOUNT_RETRY_SECONDS if code in ACCOUNT_WIDE else None
    return Rejected(cause_of_answer(code, http_status), str(code) if code else None, patience)


def after_broken_request(fault: HTTPError) -> SendResult:
    """A request that never got a connection was not carried out; any other may have been."""
    if isinstance(fault, ConnectTimeoutError | NewConnectionError):
        return Rejected(Cause.CARRIER_FAULT, None, CARRIER_DOWN_RETRY_SECONDS)
    return Unknown(type(fault).__name__)
