"""Pages for everybody, without sign-in and without personal data: is this message yours, and what runs today."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from models.contact import Campaign
from models.vocabulary import CampaignKind, CampaignState
from outreach_api.conversations.proof import check
from outreach_api.web.house import House, house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.rate_limit import SharedLimit
from outreach_api.web.words import Speaker

router = APIRouter(include_in_schema=False)
CHECKS = (20, timedelta(minutes=1))
OF_ONE_SUBSCRIBER = 64
LOOKS = (60, timedelta(minutes=1))


@router.get("/verify", name="verify")
def verify(request: Request, code: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Whether a proof code is ours and still holds. It says when we wrote, never to whom."""
    proof = None
    if code.strip():
        keep_to_limit(request, "verify", CHECKS)
        house = house_of(request)
        with house.sessions.read() as session:
            proof = check(session, code, now=house.clock.now())
    return render(request, "verify.html", asked=code.strip(), proof=proof)


@router.get("/today", name="today")
def today(request: Request) -> Response:
    """What we are telling residents of these days, for 12345 operators and grid workers."""
    keep_to_limit(request, "today", LOOKS)
    house = house_of(request)
    with house.sessions.read() as session:
        running = _running(session, house, speaker_for(request))
    return render(request, "today.html", running=running)


def _running(session: Session, house: House, speaker: Speaker) -> list[str]:
    day = house.clock.now().astimezone(house.settings.zone).date()
    campaigns = session.scalars(
        select(Campaign)
        .where(Campaign.state == CampaignState.RUNNING, Campaign.starts_on <= day)
        .where(or_(Campaign.ends_on.is_(None), Campaign.ends_on >= day))
        .order_by(Campaign.priority, Campaign.id)
    )
    names = [
        speaker.label(house.cards[each.policy_id].name) if each.policy_id in house.cards else each.name
        for each in campaigns
        if each.policy_id in house.cards or each.kind is not CampaignKind.ORDINARY
    ]
    return list(dict.fromkeys(names))


def keep_to_limit(request: Request, page: str, limit: tuple[int, timedelta]) -> None:
    limits: dict[str, SharedLimit] = request.app.state.__dict__.setdefault("rate_limits", {})
    kept = limits.get(page) or limits.setdefault(page, SharedLimit(house_of(request).sessions, page, *limit))
    if not kept.allows(address_of(request), request.app.state.wall_clock.now()):
        raise too_many()


def address_of(request: Request) -> str:
    """Whose connection it is; behind a trusted proxy, who came to that.

    Of IPv6 the network: whoever has one has more addresses than can be counted.
    """
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((address, OF_ONE_SUBSCRIBER), strict=False))


def too_many() -> HTTPException:
    return HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": "60"})
