"""The cookie in which a sign-in elsewhere waits for its browser to come back."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from outreach_api.signin.cookie import LASTS, Kept, seal
from outreach_api.web.cookies import narrow_name
from outreach_api.web.house import House


def keep(answer: Response, house: House, kept: Kept, *, purpose: str, path: str, now: datetime) -> None:
    answer.set_cookie(
        narrow_name(house.settings, purpose),
        seal(house.ring, kept, purpose=purpose, now=now),
        max_age=int(LASTS.total_seconds()),
        path=path,
        httponly=True,
        # The browser comes back from elsewhere: a strict cookie would stay behind.
        samesite="lax",
        secure=house.settings.public_url.startswith("https:"),
    )


def kept_in(request: Request, house: House, *, purpose: str) -> str:
    """What waited; empty where this browser brings nothing."""
    return request.cookies.get(narrow_name(house.settings, purpose), "")


def forget(answer: Response, house: House, *, purpose: str, path: str) -> None:
    secure = house.settings.public_url.startswith("https:")
    answer.delete_cookie(narrow_name(house.settings, purpose), path=path, secure=secure, httponly=True)
