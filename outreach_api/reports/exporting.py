"""Exports: for a stated purpose, on the record, and above a size only with a second person's yes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.report import ExportRequest
from models.session import Sessions
from outreach_api.privacy.reveal import LONGEST_PURPOSE, SHORTEST_PURPOSE
from outreach_api.reports.export import Form, write_list
from outreach_api.reports.listing import Filters, count_rows, put_list
from outreach_api.reports.lists import GROUPS
from outreach_api.reports.phases import Phase
from outreach_api.reports.snapshot import take_snapshot

ROWS_WITHOUT_APPROVAL = 200


class ExportRefused(ValueError):  # noqa: N818
    """Nothing is exported; says why."""


def ask_for_export(
    sessions: Sessions, filters: Filters, form: Form, *, purpose: str, actor: str, now: datetime
) -> ExportRequest:
    """Put an export on record. A short one may be taken at once; a longer one waits for a second person.

    Raises:
        ExportRefused: the purpose says nothing.
    """
    stated = " ".join(purpose.split())
    if not SHORTEST_PURPOSE <= len(stated) <= LONGEST_PURPOSE:
        raise ExportRefused(f"state the purpose in {SHORTEST_PURPOSE} to {LONGEST_PURPOSE} characters")
    with take_snapshot(sessions) as con:
        rows = count_rows(con, filters)
    with sessions.write() as session:
        request = ExportRequest(
            requested_at=now,
            requested_by=actor,
            purpose=stated,
            filters=filters.stored(),
            form=form.value,
            rows=rows,
            approved_at=now if rows <= ROWS_WITHOUT_APPROVAL else None,
        )
        session.add(request)
        session.flush()
        _audit(session, request, "export.ask", actor=actor, now=now)
        return request


def approve_export(session: Session, request_id: int, *, actor: str, now: datetime) -> ExportRequest:
    """A second person's yes.

    Raises:
        ExportRefused: there is no such request, or they would approve their own.
    """
    request = _found(session, request_id)
    if request.requested_by == actor:
        raise ExportRefused("nobody approves their own export")
    if request.approved_at is None:
        request.approved_at, request.approved_by = now, actor
        _audit(session, request, "export.approve", actor=actor, now=now)
    return request


def take_export(sessions: Sessions, request_id: int, path: Path, *, actor: str, now: datetime, zh: bool) -> Form:
    """Write the file of an approved export for whoever asked for it; each time is on record.

    Raises:
        ExportRefused: it is not approved, or somebody else asked for it.
    """
    with sessions.write() as session:
        request = _found(session, request_id)
        if request.approved_at is None:
            raise ExportRefused("this export waits for a second person")
        if request.requested_by != actor:
            raise ExportRefused("only who asked for an export takes it")
        request.taken_at = now
        _audit(session, request, "export.take", actor=actor, now=now)
        form, filters = Form(request.form), filters_of(request)
    with take_snapshot(sessions) as con:
        put_list(con, sessions, filters)
        write_list(con, path, form, zh=zh)
    return form


def filters_of(request: ExportRequest) -> Filters:
    stored = request.filters
    phase = stored.get("phase")
    groups = {name: value for name, value in stored.items() if name in GROUPS}
    since, until = (datetime.fromisoformat(stored[name]) if name in stored else None for name in ("since", "until"))
    return Filters(stored.get("policy"), stored.get("figure"), Phase(phase) if phase else None, groups, since, until)


def _found(session: Session, request_id: int) -> ExportRequest:
    request = session.get(ExportRequest, request_id, with_for_update=True)
    if request is None:
        raise ExportRefused(f"there is no export {request_id}")
    return request


def _audit(session: Session, request: ExportRequest, action: str, *, actor: str, now: datetime) -> None:
    facts = {"rows": request.rows, "form": request.form, "filters": request.filters}
    entry = AuditEntry(
        at=now, actor=actor, action=action, subject=f"export:{request.id}", purpose=request.purpose, facts=facts
    )
    session.add(entry)
