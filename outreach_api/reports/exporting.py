"""Exports: for a stated purpose and a term, on a promise, on the record; above a size with a second person's yes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.report import ExportRequest
from models.session import Sessions
from models.staff import Staff
from outreach_api.privacy.reveal import LONGEST_PURPOSE, SHORTEST_PURPOSE
from outreach_api.reports.export import Form, write_list
from outreach_api.reports.listing import Filters, count_rows, put_list
from outreach_api.reports.lists import GROUPS
from outreach_api.reports.phases import Phase
from outreach_api.reports.snapshot import take_snapshot

ROWS_WITHOUT_APPROVAL = 200
ALONE_OVER = timedelta(days=1)
"""So many rows of all exports of this time together are had without a second person."""
LONGEST_TERM_DAYS = 30
TERM_DAYS = 7
PROMISE = "只用于所填用途，不转给他人，不与其他数据拼合认人，用完删除。"
PROMISE_EN = (
    "Used for the stated purpose only, passed on to nobody, joined with nothing to tell people apart, "
    "deleted after use."
)


class ExportRefused(ValueError):  # noqa: N818
    """Nothing is exported; says why."""


@dataclass(frozen=True)
class Application:
    """What somebody applies for: a list, which of its columns, for what, for how long; and their word."""

    filters: Filters
    form: Form
    purpose: str
    promised: bool
    """They signed `PROMISE`."""
    fields: tuple[str, ...] = ()
    """Columns of the list; none named is all."""
    term_days: int = TERM_DAYS

    def checked(self) -> Application:
        """The application in order.

        Raises:
            ExportRefused: the purpose says nothing, a column is not in the list, the term is too long, no promise.
        """
        stated = " ".join(self.purpose.split())
        if not SHORTEST_PURPOSE <= len(stated) <= LONGEST_PURPOSE:
            raise ExportRefused(f"state the purpose in {SHORTEST_PURPOSE} to {LONGEST_PURPOSE} characters")
        if not self.promised:
            raise ExportRefused("nothing is exported without the promise")
        columns = self.filters.kind.columns
        unknown = sorted(set(self.fields) - set(columns))
        if unknown:
            raise ExportRefused(f"the list has no column {', '.join(unknown)}")
        if not 1 <= self.term_days <= LONGEST_TERM_DAYS:
            raise ExportRefused(f"an export may be taken for 1 to {LONGEST_TERM_DAYS} days")
        chosen = tuple(name for name in columns if not self.fields or name in self.fields)
        return replace(self, purpose=stated, fields=chosen)


def ask_for_export(sessions: Sessions, asked: Application, *, actor: str, now: datetime) -> ExportRequest:
    """Put an application on record. What is short may be taken at once; what is longer waits for a second person.

    Raises:
        ExportRefused: it is not in order.
    """
    asked = asked.checked()
    with take_snapshot(sessions) as con:
        rows = count_rows(con, asked.filters)
    with sessions.write() as session:
        # A long list in short pieces is a long list; held, so that two pieces at once are counted one after the other.
        _hold(session, actor)
        alone = rows_taken_alone(session, actor, now=now)
        request = ExportRequest(
            requested_at=now,
            requested_by=actor,
            purpose=asked.purpose,
            filters=asked.filters.stored(),
            fields=list(asked.fields),
            form=asked.form.value,
            rows=rows,
            promise=PROMISE,
            expires_at=now + timedelta(days=asked.term_days),
            approved_at=now if alone + rows <= ROWS_WITHOUT_APPROVAL else None,
        )
        session.add(request)
        session.flush()
        _audit(session, request, "export.ask", actor=actor, now=now)
        return request


def rows_taken_alone(session: Session, actor: str, *, now: datetime) -> int:
    """How many rows somebody has applied for in the last day that no second person looked at."""
    theirs = (ExportRequest.requested_by == actor, ExportRequest.requested_at > now - ALONE_OVER)
    alone = (ExportRequest.approved_at.is_not(None), ExportRequest.approved_by.is_(None))
    return session.scalar(select(func.coalesce(func.sum(ExportRequest.rows), 0)).where(*theirs, *alone)) or 0


def _hold(session: Session, actor: str) -> None:
    number = actor.removeprefix("staff:")
    if number.isdecimal():
        session.get(Staff, int(number), with_for_update=True)


def approve_export(session: Session, request_id: int, *, actor: str, now: datetime) -> ExportRequest:
    """A second person's yes.

    Raises:
        ExportRefused: there is no such request, its term is over, or they would approve their own.
    """
    request = _found(session, request_id)
    _hold_to_term(request, now)
    if request.requested_by == actor:
        raise ExportRefused("nobody approves their own export")
    if request.approved_at is None:
        request.approved_at, request.approved_by = now, actor
        _audit(session, request, "export.approve", actor=actor, now=now)
    return request


def take_export(sessions: Sessions, request_id: int, path: Path, *, actor: str, now: datetime, zh: bool) -> Form:
    """Write the file of an approved export for whoever asked for it; each time is on record.

    Raises:
        ExportRefused: it is not approved, its term is over, it has grown, or somebody else asked for it.
    """
    with sessions.write() as session:
        request = _found(session, request_id)
        _hold_to_term(request, now)
        if request.approved_at is None:
            raise ExportRefused("this export waits for a second person")
        if request.requested_by != actor:
            raise ExportRefused("only who asked for an export takes it")
        request.taken_at = now
        _audit(session, request, "export.take", actor=actor, now=now)
        form, filters, fields = Form(request.form), filters_of(request), tuple(request.fields)
        may_hold = request.rows
        if request.approved_by is None:
            _hold(session, actor)
            may_hold += max(0, ROWS_WITHOUT_APPROVAL - rows_taken_alone(session, actor, now=now))
    with take_snapshot(sessions) as con:
        found = put_list(con, sessions, filters, fields)
        if found > may_hold:
            raise ExportRefused("the list has grown beyond what was applied for: apply anew")
        write_list(con, path, form, zh=zh)
    if found > request.rows:
        with sessions.write() as session:
            session.get_one(ExportRequest, request_id).rows = found
    return form


def filters_of(request: ExportRequest) -> Filters:
    stored = request.filters
    phase = stored.get("phase")
    groups = {name: value for name, value in stored.items() if name in GROUPS}
    since, until = (datetime.fromisoformat(stored[name]) if name in stored else None for name in ("since", "until"))
    return Filters(stored.get("policy"), stored.get("figure"), Phase(phase) if phase else None, groups, since, until)


def is_over(request: ExportRequest, now: datetime) -> bool:
    """Whether it may not be taken any more; one that was made before there were terms may not."""
    return request.expires_at is None or now >= request.expires_at


def _hold_to_term(request: ExportRequest, now: datetime) -> None:
    if is_over(request, now):
        raise ExportRefused("the term of this export is over: apply anew")


def _found(session: Session, request_id: int) -> ExportRequest:
    request = session.get(ExportRequest, request_id, with_for_update=True)
    if request is None:
        raise ExportRefused(f"there is no export {request_id}")
    return request


def _audit(session: Session, request: ExportRequest, action: str, *, actor: str, now: datetime) -> None:
    facts = {"rows": request.rows, "form": request.form, "filters": request.filters, "fields": request.fields}
    if request.expires_at is not None:
        facts["until"] = request.expires_at.isoformat()
    entry = AuditEntry(
        at=now, actor=actor, action=action, subject=f"export:{request.id}", purpose=request.purpose, facts=facts
    )
    session.add(entry)
