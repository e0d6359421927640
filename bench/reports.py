"""A campaign report over a million matches and ten million events, and its masked list as files."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.child import run_in_child
from bench.frame import Aim, Bench, Comparison, Measure, Measured, Progress
from bench.report_rows import fill
from bench.street import working_folder
from models.case import Case
from models.column_types import use_key_ring
from models.contact import Contact, ContactMatch, RefusedContact
from models.conversation import Message
from models.crypto import KeyRing
from models.match import Application, Match, MatchChange
from models.resident import Resident
from models.session import Sessions, make_engine
from outreach_api.reports.build import build_report
from outreach_api.reports.export import Form, write_list
from outreach_api.reports.listing import Filters, put_list
from outreach_api.reports.report import Kind
from outreach_api.reports.snapshot import take_snapshot

POLICY = "elderly-allowance"
ZONE = ZoneInfo("Asia/Shanghai")
SAMPLE = 10_000
"""Residents of the database that the ORM's way is timed on; its time is scaled up by their number."""
RING = KeyRing("bench", {"bench": bytes(range(32))}, bytes(range(32, 64)))


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--residents", type=int, default=1_000_000, metavar="N", help="matched residents; from 1000")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    residents = max(1000, chosen.residents)
    sample = min(SAMPLE, residents)
    with working_folder() as folder:
        use_key_ring(RING)
        events = fill(folder / "all.db", residents, RING)
        fill(folder / "sample.db", sample, RING)
        progress(f"written {residents:,} matches and {events:,} events; reporting")
        made = run_in_child(f"{__name__}:report", file=str(folder / "all.db"))
        progress("counting the sample through ORM rows")
        by_orm = run_in_child(f"{__name__}:report_through_orm", file=str(folder / "sample.db"))
        orm_s = by_orm.result["seconds"] * residents / sample
        files = {}
        for form in Form:
            progress(f"writing {form.value}")
            files[form] = run_in_child(f"{__name__}:export", file=str(folder / "all.db"), form=form.value)
    name = f"ORM rows, {sample} of {residents} residents, scaled"
    return Measured(
        values={
            "report_s": made.result["seconds"],
            "peak_mb": made.peak_mb,
            "ratio_to_orm": orm_s / made.result["seconds"],
            **{f"{form.value}_s": done.result["seconds"] for form, done in files.items()},
        },
        compared_with=[Comparison(name, orm_s, orm_s / made.result["seconds"])],
        machine={
            "matches": made.result["matches"],
            "events": events,
            "report_cpu_s": made.cpu_s,
            "export_peak_mb": {form.value: done.peak_mb for form, done in files.items()},
        },
    )


def _opened(file: str) -> Sessions:
    use_key_ring(RING)
    return Sessions(make_engine(f"sqlite:///{file}"))


def report(file: str) -> dict[str, Any]:
    """The campaign report; runs in a process of its own."""
    sessions = _opened(file)
    began = time.perf_counter()
    made = build_report(sessions, Kind.CAMPAIGN, zone=ZONE, policy_id=POLICY)
    return {"seconds": time.perf_counter() - began, "matches": made.figures["newly_matched"]}


def export(file: str, form: str) -> dict[str, Any]:
    """Reading, masking and writing the list of all matches; runs in a process of its own."""
    sessions = _opened(file)
    began = time.perf_counter()
    with take_snapshot(sessions) as con:
        rows = put_list(con, sessions, Filters(policy=POLICY))
        write_list(con, Path(file).with_suffix(f".{form}"), Form(form), zh=True)
    return {"seconds": time.perf_counter() - began, "rows": rows}


def report_through_orm(file: str) -> dict[str, Any]:
    """The tables of the same report, counted over rows as objects; runs in a process of its own."""
    sessions = _opened(file)
    began = time.perf_counter()
    with sessions.read() as session:
        counted = _count_objects(session)
    return {"seconds": time.perf_counter() - began, "matches": counted}


def _count_objects(session: Session) -> int:
    residents = {row.id: row for row in session.scalars(select(Resident))}
    contacts = {row.id: row for row in session.scalars(select(Contact))}
    told: Counter[int] = Counter()
    arrived = set()
    for link in session.scalars(select(ContactMatch)):
        told[link.match_id] += contacts[link.contact_id].sent_at is not None
        if contacts[link.contact_id].state == "delivered":
            arrived.add(link.match_id)
    willing = {row.match_id for row in session.scalars(select(MatchChange)) if row.new == "interested"}
    heard = Counter(row.conversation_id for row in session.scalars(select(Message)) if row.direction == "in")
    refused = {row.match_id: row.reason for row in session.scalars(select(RefusedContact))}
    applied = {row.resident_id: row.channel for row in session.scalars(select(Application))}
    cases = Counter((row.kind, row.state) for row in session.scalars(select(Case)))
    tables: Counter[tuple[object, ...]] = Counter()
    groups: tuple[Callable[[Match], object], ...] = (
        lambda match: residents[match.resident_id].community,
        lambda match: residents[match.resident_id].street,
        lambda match: residents[match.resident_id].sex,
        lambda match: (residents[match.resident_id].birth_date or match.opened_at.date()).year // 10,
        lambda match: applied.get(match.resident_id),
        lambda match: refused.get(match.id),
        lambda match: (told[match.id] > 0, match.id in arrived, match.id in willing, heard[match.id] > 0),
    )
    matches = list(session.scalars(select(Match)))
    for match in matches:
        for place, group in enumerate(groups):
            tables[place, group(match), match.state] += 1
    return len(matches) if cases and tables else 0


BENCH = Bench(
    name="reports",
    measures=(
        Measure("report_s", "s", Aim(at_most=20)),
        Measure("peak_mb", "MB", Aim(at_most=2000)),
        Measure("ratio_to_orm", "times", Aim(at_least=20)),
        Measure("xlsx_s", "s"),
        Measure("csv_s", "s"),
        Measure("parquet_s", "s"),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
