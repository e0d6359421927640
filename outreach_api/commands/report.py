"""Reports in the terminal and as files."""

from __future__ import annotations

import contextlib
import getpass
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy import func, select

from models.column_types import use_key_ring
from models.crypto import read_key_ring
from models.match import Match
from models.migrate import upgrade
from models.session import Sessions, make_engine
from outreach_api.clock import SystemClock
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.reports.report import Kind, Report
from outreach_api.reports.words import Words
from outreach_api.settings import Settings

File = Path | None


@tells_faults
def report(
    campaign: Annotated[str, typer.Option(help=say("活动的事项编号", "the campaign's policy id"))] = "",
    daily: Annotated[bool, typer.Option("--daily", help=say("日报", "the daily report"))] = False,
    weekly: Annotated[bool, typer.Option("--weekly", help=say("周报", "the weekly report"))] = False,
    on: Annotated[str, typer.Option(help=say("日报、周报的（最后）一天", "last day of a daily or weekly one"))] = "",
    pdf: Annotated[File, typer.Option(help=say("写成 PDF", "write a PDF"))] = None,
    xlsx: Annotated[File, typer.Option(help=say("写成 XLSX", "write an XLSX"))] = None,
    json_file: Annotated[File, typer.Option("--json", help=say("写成 JSON", "write JSON"))] = None,
    withhold: Annotated[
        bool, typer.Option("--withhold-small", help=say("小于 10 的数不显示", "withhold counts below 10"))
    ] = False,
    minutes: Annotated[
        list[str] | None,
        typer.Option(
            "--minutes",
            metavar="STEP=MINUTES",
            help=say("先改人工每步分钟数，如 visit=30，可多次", "first change minutes per step, such as visit=30"),
        ),
    ] = None,
    home: Annotated[File, typer.Option(help=say("数据目录；不写就用正式的，没有就用演示的", "data folder"))] = None,
) -> None:
    if [bool(campaign), daily, weekly].count(True) != 1:
        fail(
            say("请选一种：--campaign 事项、--daily 或 --weekly", "one of --campaign POLICY, --daily, --weekly"),
            status=2,
        )
    # Other commands need not wait for what only reports use.
    from outreach_api.reports.build import NoSuchCampaign, build_report
    from outreach_api.reports.names import policy_names
    from outreach_api.reports.terminal import shown

    kind = Kind.DAILY if daily else Kind.WEEKLY if weekly else Kind.CAMPAIGN
    settings = _settings(home)
    with _sessions(settings) as sessions:
        if minutes:
            _set_minutes(settings, sessions, minutes)
        with sessions.read() as session:
            names = policy_names(session)
        try:
            made = build_report(
                sessions,
                kind,
                zone=settings.zone,
                policy_id=campaign or None,
                on=_day(on),
                names=names,
                shows_small_cells=not withhold,
            )
        except NoSuchCampaign:
            _nothing_matched(sessions, settings, campaign)
    _write(made, settings, pdf=pdf, xlsx=xlsx, json_file=json_file)
    for part in shown(made, _words(made)):
        OUT.print(part)


def _settings(home: Path | None) -> Settings:
    if home is None:
        return settings_at_hand()
    if not (home / "outreach.db").exists():
        fail(say(f"{home} 里没有数据库 outreach.db", f"there is no database outreach.db in {home}"))
    return Settings(home=home)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(say(f"{text} 不是日期，应像 2026-03-31", f"{text} is no date; write it like 2026-03-31"), status=2)


@contextlib.contextmanager
def _sessions(settings: Settings) -> Iterator[Sessions]:
    """The database alone: a report needs neither keys nor cards, neither a carrier nor the assistant."""
    engine = make_engine(settings.database)
    try:
        upgrade(engine)
        yield Sessions(engine)
    finally:
        engine.dispose()


def _set_minutes(settings: Settings, sessions: Sessions, given: list[str]) -> None:
    from outreach_api.reports.labour import set_minutes

    try:
        changes = {step.strip(): float(number) for step, _, number in (one.partition("=") for one in given)}
        # The change goes on record, and the record is sealed.
        use_key_ring(read_key_ring(settings.keys))
        with sessions.write() as session:
            set_minutes(session, changes, by=f"terminal:{getpass.getuser()}", now=SystemClock().now())
    except ValueError as fault:
        fail(say(f"--minutes 要写成 visit=30：{fault}", f"--minutes is written as visit=30: {fault}"), status=2)


def _nothing_matched(sessions: Sessions, settings: Settings, campaign: str) -> NoReturn:
    with sessions.read() as session:
        found = session.execute(select(Match.policy_id, func.count()).group_by(Match.policy_id)).all()
    there = ", ".join(f"{policy_id} ({count})" for policy_id, count in found) or say("还没有", "none yet")
    fail(
        say(
            f"{settings.home} 里没有 {campaign} 的比对结果；有：{there}",
            f"no matches for {campaign} in {settings.home}; there are: {there}",
        )
    )


def _words(report: Report) -> Words:
    return Words(report, zh=say("zh", "en") == "zh")


def _write(report: Report, settings: Settings, *, pdf: File, xlsx: File, json_file: File) -> None:
    zh = _words(report).zh
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    from outreach_api.reports.print import FontMissing, write_pdf
    from outreach_api.reports.spreadsheet import write_xlsx

    if xlsx is not None:
        write_xlsx(report, xlsx, zh=zh)
    if pdf is not None:
        try:
            write_pdf(report, pdf, zh=zh, zone=settings.zone)
        except FontMissing as fault:
            fail(str(fault))
