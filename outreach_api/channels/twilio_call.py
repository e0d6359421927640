"""Calls by Twilio: create with the URL that answers, and list what was placed. The same seam as a text's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client
from urllib3.exceptions import HTTPError

from models.vocabulary import Cause
from outreach_api.channels.carrier import (
    Accepted,
    Hearing,
    ListedMessage,
    Listing,
    OutgoingText,
    Rejected,
    SendResult,
    Unknown,
)
from outreach_api.channels.dialling import may_be_dialled
from outreach_api.channels.twilio_http import NotAnswered, RedirectedHttpClient, TooManyRequests
from outreach_api.channels.twilio_text import after_broken_request, refused
from outreach_api.channels.vendor_codes import CALL_PREFIX, MEANING_OF_STATUS
from outreach_api.voice.settings import VoiceSettings
from outreach_api.voice.twiml import PATH

if TYPE_CHECKING:
    from outreach_api.settings import Settings

PAGE_SIZE = 1000
MOST_PAGES = 1000
EVENTS = ["initiated", "ringing", "answered", "completed"]
log = structlog.get_logger(__name__)

Gate = Callable[[int], Rejected | None]
"""Asked before a contact is called: whether there is room and money for one more call just now."""
_FAULTS = (HTTPError, NotAnswered, TooManyRequests, TwilioException, ValueError, TypeError)


class TwilioCallCarrier:
    """A `TextCarrier` whose contacts are calls: what is said is decided when somebody picks up."""

    name = "twilio_voice"

    def __init__(self, settings: Settings, gate: Gate = lambda _contact_id: None) -> None:
        self._http = RedirectedHttpClient(settings.twilio_base_url, timeout_seconds=settings.carrier_timeout_seconds)
        token = settings.twilio_auth_token.get_secret_value()
        self._calls = Client(settings.twilio_account_sid, token, http_client=self._http).calls
        self.sender = settings.twilio_from
        self._base = settings.public_url.rstrip("/") + PATH
        self._voice: VoiceSettings = settings.voice
        self._denied = settings.denied_prefixes
        self._gate = gate

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._http.close()

    def send(self, message: OutgoingText) -> SendResult:
        if not may_be_dialled(message.to, allowed=self._voice.allowed_prefixes, denied=self._denied):
            return Rejected(Cause.REGION_NOT_ALLOWED)
        full = self._gate(message.contact_id)
        if full is not None:
            return full
        try:
            created = self._calls.create(**self._request(message))
        except TooManyRequests as fault:
            return Rejected(Cause.RATE_LIMITED, "20429", fault.retry_after_seconds)
        except (TwilioRestException, TwilioServiceException) as fault:
            return refused(fault.code, fault.status)
        except HTTPError as fault:
            return after_broken_request(fault)
        except (NotAnswered, TwilioException, ValueError, TypeError) as fault:
            return Unknown(type(fault).__name__)
        return Accepted(created.sid) if created.sid else Unknown("no sid in the answer")

    def call_off(self, provider_ref: str) -> bool:
        """End a call that is still queued or ringing; one that was picked up goes on."""
        try:
            self._calls(provider_ref).update(status="canceled")
        except _FAULTS as fault:
            log.warning("call_not_called_off", fault=type(fault).__name__)
            return False
        return True

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        """The calls Twilio placed from our number in the window; incomplete when any page failed."""
        found: list[ListedMessage] = []
        try:
            found.extend(self._listed(since, until))
        except _FAULTS as fault:
            log.warning("call_listing_incomplete", fault=type(fault).__name__, seen=len(found))
            return Listing(found, complete=False)
        return Listing(found, complete=True)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        """Nothing: what is said in a call is taken in while it lasts, or was never said to us."""
        return Hearing((), complete=True)

    def _request(self, message: OutgoingText) -> dict[str, Any]:
        query = f"?contact={message.contact_id}"
        request: dict[str, Any] = {
            "to": message.to,
            "from_": self.sender,
            "url": f"{self._base}/answer{query}",
            "method": "POST",
            "status_callback": f"{self._base}/status{query}",
            "status_callback_event": EVENTS,
            "status_callback_method": "POST",
            "machine_detection": self._voice.machine_detection,
            "timeout": self._voice.ring_seconds,
            "time_limit": self._voice.longest_call_seconds,
        }
        if self._voice.fallback_url:
            request |= {"fallback_url": self._voice.fallback_url, "fallback_method": "POST"}
        return request

    def _listed(self, since: datetime, until: datetime) -> Iterator[ListedMessage]:
        page = self._calls.page(
            from_=self.sender,
            start_time_after=since.astimezone(UTC),
            start_time_before=until.astimezone(UTC),
            page_size=PAGE_SIZE,
        )
        for _ in range(MOST_PAGES):
            yield from (_as_listed(call) for call in page if CALL_PREFIX + str(call.status) in MEANING_OF_STATUS)
            page = page.next_page()
            if page is None:
                return
        raise ValueError(f"a listing of more than {MOST_PAGES} pages")


def _as_listed(call: Any) -> ListedMessage:
    started_at = call.start_time or call.date_created
    if call.sid is None or call.to is None or started_at is None:
        raise ValueError("a listed call lacks its sid, its number or its time")
    status = CALL_PREFIX + str(call.status)
    if status == "call.completed" and str(call.answered_by or "").startswith(("machine", "fax")):
        status = "call.voicemail"
    return ListedMessage(
        provider_ref=call.sid,
        to=call.to,
        text=None,
        state=MEANING_OF_STATUS[status].state,
        vendor_code=None,
        sent_at=started_at.astimezone(UTC),
    )
