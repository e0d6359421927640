"""Pages of a list: a cursor says behind which row the next one starts, whatever was added since."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from outreach_api.web.api.refusals import BadCursor

Item = TypeVar("Item")
MOST_ITEMS = 500
USUAL_ITEMS = 100

Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS, description="At most so many items.")]
Cursor = Annotated[
    str | None, Query(max_length=200, description="`next` of the page before; left out, the list from its beginning.")
]


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None = Field(description="The `after` of the following page; null on the last one.")


def cursor(*marks: int | datetime) -> str:
    """Opaque text for the row that was shown last."""
    said = [mark.isoformat() if isinstance(mark, datetime) else mark for mark in marks]
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def read_cursor(text: str | None, *kinds: type[int] | type[datetime]) -> tuple[Any, ...] | None:
    """What `cursor` was given.

    Raises:
        BadCursor: it is none of ours, or of another list.
    """
    if text is None:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return tuple(_read(mark, kind) for mark, kind in zip(said, kinds, strict=True))
    except (binascii.Error, ValueError, TypeError) as fault:
        raise BadCursor("this is no cursor of this list") from fault


def cut(rows: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """The rows of this page, of one more than that, and whether there are others behind them."""
    return rows[:limit], len(rows) > limit


def _read(mark: object, kind: type[int] | type[datetime]) -> int | datetime:
    if kind is datetime and isinstance(mark, str):
        instant = datetime.fromisoformat(mark)
        if instant.tzinfo is None:
            raise ValueError("no instant")
        return instant
    if kind is int and isinstance(mark, int) and not isinstance(mark, bool) and 0 <= mark < 2**63:
        return mark
    raise ValueError("another kind of mark")
