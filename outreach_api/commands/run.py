"""Running the house against the sandbox: the demo, and a rehearsal."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.processes import end_what_was_started
from outreach_api.rehearsal.demo import STREET_RESIDENTS, VISITS_PER_DAY, Demo, DemoPlan, DemoResult
from outreach_api.rehearsal.phone import PhoneDemo, PhonePlan
from outreach_api.rehearsal.together import TogetherDemo, database_for
from outreach_api.rehearsal.urgent import UrgentDrill, UrgentPlan
from outreach_api.settings import ROOT


class Broken(StrEnum):
    BUDGET = "budget"
    QUIET_HOURS = "quiet_hours"
    AFTER_STOP = "after_stop"
    DUPLICATE_SEND = "duplicate_send"


Seed = Annotated[int, typer.Option(help=say("随机种子", "random seed"))]
Days = Annotated[int, typer.Option(min=1, max=400, help=say("演练天数", "days to live through"))]
Faults = Annotated[bool, typer.Option("--faults", help=say("运营商出各种故障", "the carrier has its bad days"))]
Break = Annotated[
    Broken | None,
    typer.Option("--break", help=say("关掉一道防线，看它被发现", "switch one guard off, and see it noticed")),
]
Postgres = Annotated[
    bool,
    typer.Option(
        "--postgres",
        help=say(
            "分成多个进程在 PostgreSQL 上跑（用 OUTREACH_DATABASE_URL 的空库，未设则临时起一个）",
            "in several processes on PostgreSQL (the empty one of OUTREACH_DATABASE_URL, else a throw-away one)",
        ),
    ),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help=say("把数字写进文件", "write the figures to a file"))]


@tells_faults
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help=say("尽快跑完就退出", "as fast as it can, then exit"))
    ] = False,
    seed: Seed = 7,
    days: Days = 60,
    faults: Faults = False,
    broken: Break = None,
    json_file: JsonFile = None,
    port: Annotated[int, typer.Option(help=say("控制台端口", "port of the console"))] = 8000,
    postgres: Postgres = False,
) -> None:
    if postgres:
        _run_together(DemoPlan(seed, days, faults, headless=True, home=ROOT / "var" / "together"), broken, json_file)
    else:
        _run_demo(DemoPlan(seed, days, faults, headless, broken.value if broken else None, port=port), json_file)


@tells_faults
def rehearse(
    days: Days = 60,
    seed: Seed = 7,
    faults: Faults = False,
    broken: Break = None,
    json_file: JsonFile = None,
    residents: Annotated[
        int, typer.Option(min=1000, help=say("街道有多少居民", "how many live on the street"))
    ] = STREET_RESIDENTS,
    visits: Annotated[
        int, typer.Option(min=1, max=50, help=say("每个小分队每天上几家", "doors a team visits in a day"))
    ] = VISITS_PER_DAY,
    uncoupled: Annotated[
        bool,
        typer.Option(
            "--uncoupled",
            help=say("触达不看小分队和坐席有没有空，拿来对照", "outreach minds neither teams nor agents, to compare"),
        ),
    ] = False,
    urgent: Annotated[
        int | None,
        typer.Option("--urgent", min=100, help=say("紧急通知发给多少人", "drill an urgent notice to so many people")),
    ] = None,
) -> None:
    if urgent is not None:
        _run_urgent(urgent, json_file)
        return
    guard = broken.value if broken else None
    home = ROOT / "var" / "rehearsal"
    plan = DemoPlan(
        seed,
        days,
        faults,
        headless=True,
        broken_guard=guard,
        home=home,
        residents=residents,
        visits_per_day=visits,
        coupled=not uncoupled,
    )
    _run_demo(plan, json_file)


@tells_faults
def phone(
    port: Annotated[int, typer.Option(help=say("电话网页的端口", "port of the phone's page"))] = 8010,
) -> None:
    end_what_was_started()
    PhoneDemo(PhonePlan(port), OUT).run()


def _run_urgent(residents: int, json_file: Path | None) -> None:
    end_what_was_started()
    result = UrgentDrill(UrgentPlan(residents), OUT).run()
    if json_file is not None:
        json_file.write_text(json.dumps(result.figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if result.failed:
        raise typer.Exit(1)


def _run_demo(plan: DemoPlan, json_file: Path | None) -> None:
    end_what_was_started()
    _report(Demo(plan, OUT).run(), json_file)


def _run_together(plan: DemoPlan, broken: Broken | None, json_file: Path | None) -> None:
    if broken is not None:
        zh, en = (
            "--break 只用于单进程演示",
            "--break is for the demo in one process only",
        )
        fail(say(zh, en), status=2)
    end_what_was_started()
    with database_for(plan) as url:
        _report(TogetherDemo(plan, OUT, url).run(), json_file)


def _report(result: DemoResult, json_file: Path | None) -> None:
    if json_file is not None:
        json_file.write_text(json.dumps(result.figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if result.breached:
        raise typer.Exit(1)
