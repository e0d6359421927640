"""The record of who did and saw what, for auditors: read only. Whether it is whole says `./outreach audit verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditAlert, AuditEntry
from models.staff import Staff
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render

router = APIRouter(include_in_schema=False)
PAGE_ROWS = 100
NEWEST_ALERTS = 20
LONGEST = 64

Word = Annotated[str, Query(max_length=LONGEST)]


@router.get("/audit", name="audit")
def audit(
    request: Request, viewer: Viewer, actor: Word = "", action: Word = "", subject: Word = "", before: int | None = None
) -> Response:
    chosen = {"actor": actor.strip(), "action": action.strip(), "subject": subject.strip()}
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(PAGE_ROWS)
    if chosen["actor"]:
        query = query.where(AuditEntry.actor == chosen["actor"])
    if chosen["action"]:
        query = query.where(AuditEntry.action.startswith(chosen["action"], autoescape=True))
    if chosen["subject"]:
        query = query.where(AuditEntry.subject == chosen["subject"])
    if before is not None:
        query = query.where(AuditEntry.id < before)
    with house_of(request).sessions.read() as session:
        entries = session.scalars(query).all()
        alerts = session.scalars(select(AuditAlert).order_by(AuditAlert.id.desc()).limit(NEWEST_ALERTS)).all()
        further = {**chosen, "before": entries[-1].id} if len(entries) == PAGE_ROWS else None
        return render(
            request,
            "audit.html",
            section="audit",
            entries=entries,
            alerts=alerts,
            names=_names(session, [row.actor for row in entries] + [row.actor for row in alerts]),
            chosen=chosen,
            following="/audit?" + urlencode(further) if further else None,
        )


def _names(session: Session, actors: Sequence[str]) -> dict[str, str]:
    """Who `staff:7` is."""
    numbers = {
        int(number)
        for kind, _, number in (one.partition(":") for one in actors)
        if kind == "staff" and number.isdecimal()
    }
    found = session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(numbers)))
    return {f"staff:{number}": name for number, name in found}
