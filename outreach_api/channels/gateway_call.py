"""Calls placed by a district's own gateway, over our plain HTTP: for a trunk of its own where Twilio does not reach.

Beside what Twilio can do, it must know a contact again: the same contact placed twice is one call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx
import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

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
from outreach_api.channels.vendor_codes import CALL_PREFIX, MEANING_OF_STATUS

if TYPE_CHECKING:
    from outreach_api.settings import Settings

SOCKET_PATH = "/voice/gateway"
STATUS_PATH = "/voice/gateway/status"
RETRY_AFTER_SECONDS = 20.0
_CAUSE_OF_ANSWER: dict[int, Cause] = {
    HTTPStatus.UNAUTHORIZED: Cause.ACCOUNT,
    HTTPStatus.FORBIDDEN: Cause.ACCOUNT,
    HTTPStatus.UNPROCESSABLE_ENTITY: Cause.INVALID_NUMBER,
}
log = structlog.get_logger(__name__)

Gate = Callable[[int], Rejected | None]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Placed(_Answer):
    call: str = Field(min_length=1, max_length=64)


class _Listed(_Answer):
    call: str = Field(min_length=1, max_length=64)
    number: str
    status: str
    at: AwareDatetime


class _List(_Answer):
    calls: list[_Listed]
    complete: bool


class GatewayCallCarrier:
    """A `TextCarrier` whose contacts are calls of the district's own trunk."""

    name = "gateway"

    def __init__(
        self,
        settings: Settings,
        gate: Gate = lambda _contact_id: None,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._gate = gate
        self.sender = settings.twilio_from
        headers = {"Authorization": f"Bearer {settings.voice.gateway_token.get_secret_value()}"}
        self._http = httpx.Client(
            base_url=settings.voice.gateway_url.rstrip("/"),
            headers=headers,
            timeout=settings.carrier_timeout_seconds,
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._http.close()

    def send(self, message: OutgoingText) -> SendResult:
        prefixes = self._settings.voice.allowed_prefixes
        if not may_be_dialled(message.to, allowed=prefixes, denied=self._settings.denied_prefixes):
            return Rejected(Cause.REGION_NOT_ALLOWED)
        full = self._gate(message.contact_id)
        if full is not None:
            return full
        try:
            answer = self._http.post("/calls", json=self._request(message))
        except httpx.ConnectError:
            # Nothing was handed over: nobody was there to take it.
            return Rejected(Cause.CARRIER_FAULT, None, RETRY_AFTER_SECONDS)
        except httpx.HTTPError as fault:
            return Unknown(type(fault).__name__)
        return _result(answer)

    def call_off(self, provider_ref: str) -> bool:
        """End a call that is still queued or ringing; one that was picked up goes on."""
        try:
            return self._http.delete(f"/calls/{provider_ref}").is_success
        except httpx.HTTPError as fault:
            log.warning("call_not_called_off", fault=type(fault).__name__)
            return False

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        """The calls the gateway placed in the window, as far as it says so."""
        window = {"since": since.astimezone(UTC).isoformat(), "until": until.astimezone(UTC).isoformat()}
        try:
            answer = self._http.get("/calls", params=window)
            answer.raise_for_status()
            listed = _List.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as fault:
            log.warning("call_listing_incomplete", fault=type(fault).__name__)
            return Listing([], complete=False)
        known = [call for call in listed.calls if CALL_PREFIX + call.status in MEANING_OF_STATUS]
        return Listing([_as_listed(call) for call in known], complete=listed.complete)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        """Nothing: what is said in a call is taken in while it lasts."""
        return Hearing((), complete=True)

    def _request(self, message: OutgoingText) -> dict[str, object]:
        public, voice = self._settings.public_url.rstrip("/"), self._settings.voice
        return {
            "contact": message.contact_id,
            "number": message.to,
            "caller": self.sender,
            "ring_seconds": voice.ring_seconds,
            "longest_seconds": voice.longest_call_seconds,
            "socket": public.replace("http", "ws", 1) + SOCKET_PATH,
            "status": public + STATUS_PATH,
        }


def _result(answer: httpx.Response) -> SendResult:
    if answer.is_success or answer.status_code == HTTPStatus.CONFLICT:
        try:
            # 409: it has this contact's call already, and says which.
            return Accepted(_Placed.model_validate_json(answer.content).call)
        except ValidationError:
            return Unknown("no call in the answer")
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return Rejected(Cause.RATE_LIMITED, None, RETRY_AFTER_SECONDS)
    if answer.is_client_error:
        return Rejected(_CAUSE_OF_ANSWER.get(answer.status_code, Cause.UNCLASSIFIED), str(answer.status_code))
    return Unknown(f"HTTP {answer.status_code}")


def _as_listed(call: _Listed) -> ListedMessage:
    return ListedMessage(
        provider_ref=call.call,
        to=call.number,
        text=None,
        state=MEANING_OF_STATUS[CALL_PREFIX + call.status].state,
        vendor_code=None,
        sent_at=call.at.astimezone(UTC),
    )
