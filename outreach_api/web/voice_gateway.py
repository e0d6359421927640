"""What a district's own gateway reports about the calls it placed."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from outreach_api.arrived import entry_of
from outreach_api.channels.gateway_call import STATUS_PATH
from outreach_api.voice.gateway import PROVIDER
from outreach_api.voice.statuses import CallStatus, note_status
from outreach_api.web.voice_webhooks import VoiceHouse
from outreach_api.web.webhooks import spool_of

router = APIRouter(tags=["webhooks"])


class Report(BaseModel):
    """`status` in the words of `docs/voice.md`; one we do not know is kept, logged and passed over."""

    model_config = ConfigDict(extra="ignore")

    call: str = Field(min_length=1, max_length=64)
    contact: int = Field(gt=0)
    status: str = Field(min_length=1, max_length=16)
    answered_by: str = Field(default="", max_length=32)
    seconds: int | None = Field(default=None, ge=0, le=86_400)


def opens(authorization: str, house: VoiceHouse) -> bool:
    """Whether this is the gateway's token; without one set, nothing is."""
    token = house.settings.voice.gateway_token.get_secret_value()
    presented = authorization.removeprefix("Bearer ")
    return bool(token) and secrets.compare_digest(presented.encode(), token.encode())


@router.post(STATUS_PATH, status_code=HTTPStatus.NO_CONTENT, response_class=Response)
def report(told: Report, request: Request) -> Response:
    """A call's status changed: kept as it came and applied by rank, like a text's."""
    house: VoiceHouse = request.app.state.house
    if not opens(request.headers.get("authorization", ""), house):
        raise HTTPException(HTTPStatus.FORBIDDEN, "this is not the gateway's token")
    status = CallStatus(
        provider=PROVIDER,
        call=told.call,
        status=told.status,
        at=house.clock.now(),
        contact_id=told.contact,
        answered_by=told.answered_by,
        seconds=told.seconds,
    )
    spool_of(house).keep(lambda: note_status(house.sessions, house.calls, status), [entry_of(status)])
    return Response(status_code=HTTPStatus.NO_CONTENT)
