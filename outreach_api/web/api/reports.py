"""Reports as figures and tables, the masked list behind each figure, exports with a purpose; surveys' progress."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from models.report import ExportRequest
from models.vocabulary import CampaignState
from outreach_api.reports.build import build_report
from outreach_api.reports.export import Form
from outreach_api.reports.exporting import (
    LONGEST_TERM_DAYS,
    PROMISE_EN,
    TERM_DAYS,
    Application,
    approve_export,
    ask_for_export,
    take_export,
)
from outreach_api.reports.listing import Filters, count_rows, page_of
from outreach_api.reports.lists import GROUPS, LISTS
from outreach_api.reports.phases import Phase
from outreach_api.reports.report import Kind
from outreach_api.reports.snapshot import take_snapshot
from outreach_api.surveys.progress import survey_progress
from outreach_api.surveys.questionnaire import questionnaires
from outreach_api.web.access import sees_people
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id, Purpose
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.api.refusals import Unknown
from outreach_api.web.api.shown import CountShown, shown_to
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1", tags=["reports and surveys"], route_class=OnceRoute)
MEDIA = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.PARQUET: "application/vnd.apache.parquet",
}
RESPONSE = ("framed", "drawn", "invited", "answered", "finished", "refused", "dissatisfied")
Text = Annotated[str, Field(max_length=160, pattern=NO_NUL)]


class ReportTable(BaseModel):
    columns: list[str]
    rows: list[list[str | int | float | None]]
    sums: list[str | int | float | None] | None


class FigureDefinition(BaseModel):
    zh: str
    en: str
    formula: str


class ReportInFull(BaseModel):
    report: Kind
    policy: str | None
    as_of: datetime
    since: date
    until: date
    suppressed: bool = Field(description="Small cells are withheld from this reader.")
    figures: dict[str, float | None]
    tables: dict[str, ReportTable]
    definitions: dict[str, FigureDefinition]


class Wanted(Body):
    """Which rows of a list: those behind a figure, of a policy, of groups."""

    policy: str | None = Field(None, max_length=64, pattern=NO_NUL)
    figure: str | None = Field(None, max_length=64, pattern=NO_NUL, examples=["done"])
    phase: Phase | None = None
    groups: dict[Annotated[str, Field(max_length=32)], Text] = Field(
        {}, max_length=10, examples=[{"street": "东门街道"}], description=f"By {', '.join(sorted(GROUPS))}."
    )

    def filters(self) -> Filters:
        """What the lists take.

        Raises:
            Unknown: there is no list behind this figure, or no such group.
        """
        strange = sorted(set(self.groups) - set(GROUPS))
        if strange or (self.figure is not None and self.figure not in LISTS):
            raise Unknown(f"there is no {'group ' + strange[0] if strange else 'list behind this figure'}")
        return Filters(self.policy, self.figure, self.phase, dict(self.groups))


class ListAsked(Wanted):
    start: int = Field(0, ge=0, le=10_000_000, description="Behind so many rows.")
    rows: int = Field(100, ge=1, le=500)


class ListedRows(BaseModel):
    total: int
    columns: list[str]
    rows: list[dict[str, Any]] = Field(description="Masked.")


class ExportAsked(Wanted):
    form: Form
    purpose: Purpose
    fields: list[Annotated[str, Field(max_length=32)]] = Field(
        [], max_length=20, description="Columns of the file; none named is all of the list."
    )
    term_days: int = Field(TERM_DAYS, ge=1, le=LONGEST_TERM_DAYS, description="For so many days it may be taken.")
    promised: bool = Field(description=f"Signed by who asks: {PROMISE_EN}")


class ExportItem(BaseModel):
    id: int
    requested_at: datetime
    requested_by: str
    purpose: str
    form: Form
    rows: CountShown
    approved_at: datetime | None = Field(description="Null: it waits for a second person.")
    approved_by: str | None
    fields: list[str]
    promise: str
    expires_at: datetime | None
    taken_at: datetime | None


class SurveyItem(BaseModel):
    id: int
    name: str
    questionnaire: str
    version: int
    state: CampaignState
    starts_on: date
    ends_on: date | None
    framed: CountShown
    drawn: CountShown
    invited: CountShown
    answered: CountShown
    finished: CountShown
    refused: CountShown
    dissatisfied: CountShown


class SurveyList(BaseModel):
    items: list[SurveyItem]


@router.get("/reports/{kind}")
def read_report(
    request: Request,
    caller: AnyCaller,
    kind: Kind,
    policy: Annotated[str | None, Query(max_length=64, pattern=NO_NUL, description="Of a campaign's report.")] = None,
    on: Annotated[date | None, Query(description="The last day of a daily or weekly report.")] = None,
) -> ReportInFull:
    """A report with its figures, tables and definitions. Who may not see cases is shown no small cells."""
    house = house_of(request)
    if kind is Kind.CAMPAIGN and policy is None:
        raise Unknown("say of which policy")
    made = build_report(
        house.sessions,
        kind,
        zone=house.settings.zone,
        policy_id=policy if kind is Kind.CAMPAIGN else None,
        on=on,
        names={policy_id: card.short_name for policy_id, card in house.cards.items()},
        shows_small_cells=sees_people(caller.role, caller.sight),
    )
    return ReportInFull.model_validate(made.as_json())


@router.post("/report-lists")
def list_behind_a_figure(request: Request, _caller: AnyCaller, asked: ListAsked) -> ListedRows:
    """The masked list behind a figure."""
    house, filters = house_of(request), asked.filters()
    with take_snapshot(house.sessions) as con:
        total = count_rows(con, filters)
        rows = page_of(con, house.sessions, filters, start=asked.start, rows=asked.rows)
    return ListedRows(total=total, columns=list(filters.kind.columns), rows=rows)


@router.get("/exports")
def list_exports(request: Request, caller: AnyCaller, limit: Limit = 100, after: Cursor = None) -> Page[ExportItem]:
    """Exports, the newest first."""
    query = select(ExportRequest).order_by(ExportRequest.id.desc()).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(ExportRequest.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [ExportItem.model_validate(row, from_attributes=True) for row in shown]
        items = [item.model_copy(update={"rows": shown_to(caller, item.rows)}) for item in items]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.post("/exports", dependencies=[ONCE])
def ask_for_file(request: Request, caller: AnyCaller, asked: ExportAsked) -> ExportItem:
    """Ask for a masked list as a file. A long one waits for a second person."""
    house = house_of(request)
    now = house.clock.now()
    application = Application(
        asked.filters(), asked.form, asked.purpose, asked.promised, tuple(asked.fields), asked.term_days
    )
    row = ask_for_export(house.sessions, application, actor=caller.actor, now=now)
    return ExportItem.model_validate(row, from_attributes=True)


@router.post("/exports/{export_id}/approve", dependencies=[ONCE])
def approve_file(request: Request, caller: AnyCaller, export_id: Id) -> ExportItem:
    """A second person's yes."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = approve_export(session, export_id, actor=caller.actor, now=house.clock.now())
        return ExportItem.model_validate(row, from_attributes=True)


@router.get(
    "/exports/{export_id}/file",
    response_class=Response,
    responses={200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}, "description": "The file."}},
)
def take_file(request: Request, caller: AnyCaller, export_id: Id) -> Response:
    """The file, for who asked for it; each time is on the record."""
    house = house_of(request)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        form = take_export(house.sessions, export_id, path, actor=caller.actor, now=house.clock.now(), zh=True)
        content = path.read_bytes()
    headers = {"content-disposition": f'attachment; filename="list-{export_id}.{form.value}"'}
    return Response(content, media_type=MEDIA[form], headers=headers)


@router.get("/surveys")
def list_surveys(request: Request, caller: AnyCaller) -> SurveyList:
    """Every survey with its response and non-response."""
    named = {key: found.name.zh for key, found in questionnaires().items()}
    with house_of(request).sessions.read() as session:
        items = [
            SurveyItem(
                id=one.survey.id,
                name=one.survey.name,
                questionnaire=one.questionnaire,
                version=one.survey.version,
                state=one.survey.state,
                starts_on=one.survey.starts_on,
                ends_on=one.survey.ends_on,
                **shown_to(caller, {name: getattr(one, name) for name in RESPONSE}),
            )
            for one in survey_progress(session, named)
        ]
    return SurveyList(items=items)
