"""Reports on the console: figures with their definitions, charts with their tables, the masked list behind each."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import select

from models.match import Match
from models.report import ExportRequest
from outreach_api.privacy.small_cells import all_in_tens
from outreach_api.reports.build import NoSuchCampaign, build_report
from outreach_api.reports.definitions import COLUMNS, FIGURES
from outreach_api.reports.export import Form as FileForm
from outreach_api.reports.exporting import (
    PROMISE,
    PROMISE_EN,
    ROWS_WITHOUT_APPROVAL,
    TERM_DAYS,
    Application,
    ExportRefused,
    approve_export,
    ask_for_export,
    is_over,
    take_export,
)
from outreach_api.reports.listing import Filters, count_rows, page_of
from outreach_api.reports.lists import BEHIND, GROUPS, HEADINGS, LISTS, NUMBERS
from outreach_api.reports.phases import Phase
from outreach_api.reports.report import Cell, Kind, Report, Table
from outreach_api.reports.snapshot import take_snapshot
from outreach_api.reports.words import Words
from outreach_api.web.access import Viewer, may, sees_people
from outreach_api.web.console.report_links import Lists
from outreach_api.web.house import House, house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import Locale

router = APIRouter(include_in_schema=False)
PAGE_ROWS = 50
TERMS = (1, 7, 30)
"""Days for which an export may be applied for."""
STACKED = ("by_policy", "by_street", "by_community", "by_age_band", "by_channel")
BARS = ("outcomes", "attribution", "not_told")
CHARTED_ROWS = 15
MEDIA = {
    FileForm.CSV: "text/csv; charset=utf-8",
    FileForm.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileForm.PARQUET: "application/vnd.apache.parquet",
}


class Wanted(BaseModel):
    """What the address of a list asks for; an empty value is no filter, but a group may be the empty one."""

    model_config = ConfigDict(extra="ignore")

    policy: str | None = None
    figure: str | None = None
    phase: Phase | None = None
    street: str | None = None
    community: str | None = None
    age_band: str | None = None
    sex: str | None = None
    state: str | None = None
    dialect: str | None = None
    channel: str | None = None
    application_channel: str | None = None
    reason: str | None = None
    kind: str | None = None
    carrier: str | None = None
    contact_state: str | None = None
    cause: str | None = None
    intent: str | None = None
    rival: str | None = None
    stratum: str | None = None
    question: str | None = None
    answer: str | None = None
    step: int | None = None
    made: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1

    @field_validator("figure")
    @classmethod
    def _is_counted(cls, value: str | None) -> str | None:
        return value if value in LISTS else None

    def filters(self) -> Filters:
        chosen = {name: str(value) for name in GROUPS if (value := getattr(self, name)) is not None}
        return Filters(self.policy, self.figure, self.phase, chosen, self.since, self.until)

    def address(self, page: int) -> str:
        chosen = self.model_dump(mode="json", exclude_none=True, exclude={"page"}) | {"page": page}
        return "/reports/list?" + urlencode(chosen)


@dataclass(frozen=True)
class ShownCell:
    said: str
    link: str | None = None
    is_number: bool = True


@router.get("/reports", name="reports")
def reports(
    request: Request, viewer: Viewer, policy: str = "", kind: Kind = Kind.CAMPAIGN, on: date | None = None
) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    policies = _policies(house)
    chosen = policy if policy in policies else next(iter(policies), None)
    context: dict[str, Any] = {"policies": [(p, speaker.label(c.name) if c else p) for p, c in policies.items()]}
    context |= {"kinds": [(k.value, speaker.t(f"report_{k.value}")) for k in Kind], "kind": kind, "policy": chosen}
    try:
        made = build_report(
            house.sessions,
            kind,
            zone=house.settings.zone,
            policy_id=chosen if kind is Kind.CAMPAIGN else None,
            on=on,
            names={p: speaker.label(c.name) if c else p for p, c in policies.items()},
            shows_small_cells=sees_people(viewer.role, viewer.sight),
        )
    except NoSuchCampaign:
        return render(request, "report.html", section="reports", report=None, **context)
    words = Words(made, zh=speaker.locale is Locale.ZH)
    lists = Lists(made, house.settings.zone, shown=may(viewer.role, "report_list"))
    return render(
        request,
        "report.html",
        section="reports",
        report=made,
        figures=[_figure(lists, words, name) for name in made.figures],
        tables=[_table(lists, table, words) for table in made.tables.values() if table.rows],
        charts=[chart for table in made.tables.values() if (chart := _chart(table, words))],
        **context,
    )


def _policies(house: House) -> dict[str, Any]:
    with house.sessions.read() as session:
        found = session.scalars(select(Match.policy_id).distinct().order_by(Match.policy_id)).all()
    return {policy_id: house.cards.get(policy_id) for policy_id in found}


def _figure(lists: Lists, words: Words, name: str) -> dict[str, str | None]:
    return {
        "id": name,
        "name": words.figure(name),
        "value": words.value(name, lists.report.figures[name]),
        "formula": words.formula(name),
        "source": FIGURES[name].source,
        "link": lists.of_figure(name),
    }


def _table(lists: Lists, table: Table, words: Words) -> dict[str, Any]:
    rows = [[_cell(lists, table, words, row, place) for place in range(len(table.columns))] for row in table.rows]
    sums = table.sums and [words.cell(c, cell) if cell is not None else "" for c, cell in _pairs(table, table.sums)]
    return {
        "name": table.name,
        "title": words.table(table.name),
        "note": words.note(table.name),
        "columns": [(words.column(c), COLUMNS[c][2] is not None) for c in table.columns],
        "rows": rows,
        "sums": sums,
        "charted": _chart(table, words) is not None,
    }


def _pairs(table: Table, row: tuple[Cell, ...]) -> list[tuple[str, Cell]]:
    return list(zip(table.columns, row, strict=True))


def _cell(lists: Lists, table: Table, words: Words, row: tuple[Cell, ...], place: int) -> ShownCell:
    column, cell = table.columns[place], row[place]
    link = lists.of_cell(table, row, place) if cell else None
    return ShownCell(words.cell(column, cell), link, COLUMNS[column][2] is not None)


def _chart(table: Table, words: Words) -> dict[str, Any] | None:
    """What the script draws. Every number of it is in the table below it."""
    series: list[dict[str, Any]]
    if table.name == "curve":
        names = ("told", "done", "cumulative")
        series = [{"name": words.column(name), "data": table.column(name)} for name in names]
        return {"of": table.name, "kind": "line", "labels": table.column("day"), "series": series}
    if table.name == "forecast_days" and table.rows:
        series = [
            {"name": words.column(name), "data": table.column(name), "bound": name in ("low", "high")}
            for name in table.columns[1:]
        ]
        return {"of": table.name, "kind": "lines", "labels": table.column("day"), "series": series}
    rows = table.rows[:CHARTED_ROWS]
    labels = [words.cell(table.columns[0], row[0]) for row in rows]
    if table.name in STACKED and len(rows) > 1:
        series = [
            {
                "name": words.column(phase),
                "phase": phase.value,
                "data": [row[table.columns.index(phase)] for row in rows],
            }
            for phase in Phase
        ]
        return {"of": table.name, "kind": "stack", "labels": labels, "series": series}
    if table.name in BARS and rows:
        series = [{"name": words.column("count"), "data": [row[table.columns.index("count")] for row in rows]}]
        return {"of": table.name, "kind": "bar", "labels": labels, "series": series}
    return None


@router.get("/reports/list", name="report_list")
def report_list(
    request: Request, viewer: Viewer, wanted: Annotated[Wanted, Query()], said: str | None = None
) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    filters = wanted.filters()
    page = max(1, wanted.page)
    with take_snapshot(house.sessions) as con:
        total = count_rows(con, filters)
        rows = page_of(con, house.sessions, filters, start=(page - 1) * PAGE_ROWS, rows=PAGE_ROWS)
    place = 0 if speaker.locale is Locale.ZH else 1
    words = Words(_no_report(house), zh=place == 0)
    return render(
        request,
        "report_list.html",
        section="reports",
        total=total,
        filters=filters.stored(),
        about=_about(words, filters),
        headings=[HEADINGS[name][place] for name in filters.kind.columns],
        rows=[[_said(words, name, row[name]) for name in filters.kind.columns] for row in rows],
        previous=wanted.address(page - 1) if page > 1 else None,
        following=wanted.address(page + 1) if page * PAGE_ROWS < total else None,
        forms=[form.value for form in FileForm],
        needs_second=total > ROWS_WITHOUT_APPROVAL,
        said=said if said in {"said_application_incomplete"} else None,
        columns=[(name, HEADINGS[name][place]) for name in filters.kind.columns],
        terms=TERMS,
        term=TERM_DAYS,
        promise=(PROMISE, PROMISE_EN)[place],
    )


def _about(words: Words, filters: Filters) -> list[str]:
    """What the list holds: the figure's own definition, where there is one."""
    if filters.figure is None or filters.figure not in BEHIND:
        return []
    return [words.figure(filters.figure), words.formula(filters.figure)]


def _said(words: Words, name: str, value: Any) -> str:
    if value is None:
        return ""
    return str(value) if name in NUMBERS else words.code(name, value)


def _no_report(house: House) -> Report:
    """Only what words need of one: the policies' names."""
    now = house.clock.now()
    names: Mapping[str, str] = {policy_id: card.short_name for policy_id, card in house.cards.items()}
    return Report(Kind.CAMPAIGN, now, now.date(), now.date(), None, {}, {}, names=names)


@router.post("/reports/export", name="export")
def export(
    request: Request,
    viewer: Viewer,
    wanted: Annotated[Wanted, Query()],
    form: Annotated[FileForm, Form()],
    purpose: Annotated[str, Form(max_length=300)] = "",
    fields: Annotated[list[str] | None, Form()] = None,
    days: Annotated[int, Form()] = TERM_DAYS,
    promise: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    house = house_of(request)
    asked = Application(wanted.filters(), form, purpose, promise == "true", tuple(fields or ()), days)
    try:
        ask_for_export(house.sessions, asked, actor=viewer.actor, now=house.clock.now())
    except ExportRefused:
        return RedirectResponse(wanted.address(1) + "&said=said_application_incomplete", HTTPStatus.SEE_OTHER)
    return RedirectResponse("/reports/exports", HTTPStatus.SEE_OTHER)


@router.get("/reports/exports", name="exports")
def exports(request: Request, viewer: Viewer) -> Response:
    house = house_of(request)
    with house.sessions.read() as session:
        newest = select(ExportRequest).order_by(ExportRequest.id.desc()).limit(PAGE_ROWS)
        found = session.scalars(newest).all()
        place = 0 if speaker_for(request).locale is Locale.ZH else 1
        now = house.clock.now()
        rows = {r.id: r.rows for r in found}
        return render(
            request,
            "exports.html",
            section="reports",
            requests=found,
            actor=viewer.actor,
            fields={r.id: "、".join(HEADINGS[name][place] for name in r.fields) for r in found},
            rows=rows if sees_people(viewer.role, viewer.sight) else all_in_tens(rows),
            over={r.id for r in found if is_over(r, now)},
        )


@router.post("/reports/exports/{request_id}/approve", name="approve_export")
def approve(request: Request, viewer: Viewer, request_id: int) -> Response:
    house = house_of(request)
    with house.sessions.write() as session:
        approve_export(session, request_id, actor=viewer.actor, now=house.clock.now())
    return RedirectResponse("/reports/exports", HTTPStatus.SEE_OTHER)


@router.get("/reports/exports/{request_id}/file", name="export_file")
def export_file(request: Request, viewer: Viewer, request_id: int) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        zh = speaker.locale is Locale.ZH
        form = take_export(house.sessions, request_id, path, actor=viewer.actor, now=house.clock.now(), zh=zh)
        content = path.read_bytes()
    headers = {"content-disposition": f'attachment; filename="list-{request_id}.{form.value}"'}
    return Response(content, media_type=MEDIA[form], headers=headers)
