"""The cookie in which a sign-in elsewhere waits for its browser to come back."""

from __future__ import annotations

from datetime import datetime

from fastapi.responses import Response

from outreach_api.signin.cookie import LASTS, Kept, seal
from outreach_api.web.house import House


def keep(answer: Response, house: House, kept: Kept, *, purpose: str, path: str, now: datetime) -> None:
    answer.set_cookie(
        purpose,
        seal(house.ring, kept, purpose=purpose, now=now),
        max_age=int(LASTS.total_seconds()),
        path=path,
        httponly=True,
        # The browser comes back from elsewhere: a strict cookie would stay behind.
        samesite="lax",
        secure=house.settings.public_url.startswith("https:"),
    )
