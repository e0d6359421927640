"""Recording why somebody was not contacted: once for each match, reason and local day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.contact import RefusedContact
from models.vocabulary import Refusal

_INSERTIONS = {
    "postgresql": postgresql.insert(RefusedContact).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(RefusedContact).on_conflict_do_nothing(),
}


class Refused(NamedTuple):
    match_id: int
    resident_id: int
    reason: Refusal


def record_refusals(session: Session, refused: Iterable[Refused], *, now: datetime, zone: ZoneInfo) -> None:
    """Record refusals that are not recorded for today yet."""
    on = now.astimezone(zone).date()
    rows: list[dict[str, Any]] = [{**one._asdict(), "on": on, "at": now} for one in dict.fromkeys(refused)]
    if not rows:
        return
    session.flush()
    session.connection().execute(_INSERTIONS[session.get_bind().dialect.name], rows)
