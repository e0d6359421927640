"""How many rows about people a department's systems read a day: as many as were applied for."""

from __future__ import annotations

import json

from fastapi import Request, Response

from models.undertaking import Undertaking
from outreach_api.web.access import SAFE_METHODS
from outreach_api.web.api.rights import right_to
from outreach_api.web.house import house_of
from outreach_api.web.tokens import Caller, Scope, TokenRefused

ABOUT_PEOPLE = frozenset(
    {
        Scope.CASES,
        Scope.QUEUE_READ,
        Scope.CONVERSATIONS_READ,
        Scope.RESIDENTS_READ,
        Scope.DESK_READ,
        Scope.CARE_READ,
    }
)


def hold_to_rows(request: Request, answer: Response) -> None:
    """Count what an answer tells of people; one that goes beyond the application is not given.

    Raises:
        TokenRefused: it would be more rows today than were applied for.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    right = right_to(request.scope["route"].name)
    if caller is None or caller.undertaking_id is None or right is None or right.scope not in ABOUT_PEOPLE:
        return
    if request.method not in SAFE_METHODS:
        return
    house = house_of(request)
    rows = _rows_in(bytes(answer.body))
    day = request.app.state.wall_clock.now().astimezone(house.settings.zone).date()
    with house.sessions.write() as session:
        under = session.get_one(Undertaking, caller.undertaking_id, with_for_update=True)
        read = under.used_rows if under.used_on == day else 0
        if under.rows is not None and read + rows > under.rows:
            raise TokenRefused(
                f"application {under.id} is for {under.rows} rows a day, and {read} were read today: ask for at most "
                f"{under.rows - read} (limit=), go on tomorrow, or apply anew with more",
                known=True,
            )
        under.used_on, under.used_rows = day, read + rows


def _rows_in(body: bytes) -> int:
    said = json.loads(body)
    items = said.get("items") if isinstance(said, dict) else None
    return len(items) if isinstance(items, list) else 1
