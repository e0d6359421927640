"""Running the house: the demo, a rehearsal, and the service itself."""

from __future__ import annotations

import json
import signal
import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from outreach_api.bootstrap import House, open_house
from outreach_api.commands.console import ERR, OUT, tells_faults
from outreach_api.conversations.bot_process import bot_program
from outreach_api.language import say
from outreach_api.processes import Program
from outreach_api.rehearsal.demo import Demo, DemoPlan
from outreach_api.settings import ROOT, Settings
from outreach_api.web.app import create_app

IDLE_SECONDS = 1.0


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
) -> None:
    _run_demo(DemoPlan(seed, days, faults, headless, broken.value if broken else None, port=port), json_file)


@tells_faults
def rehearse(
    days: Days = 60, seed: Seed = 7, faults: Faults = False, broken: Break = None, json_file: JsonFile = None
) -> None:
    guard = broken.value if broken else None
    home = ROOT / "var" / "rehearsal"
    _run_demo(DemoPlan(seed, days, faults, headless=True, broken_guard=guard, home=home), json_file)


def _run_demo(plan: DemoPlan, json_file: Path | None) -> None:
    # Ended from outside, it still ends the programs it started.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    result = Demo(plan, OUT).run()
    if json_file is not None:
        json_file.write_text(json.dumps(result.figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if result.breached:
        raise typer.Exit(1)


@tells_faults
def serve() -> None:
    """API, console, worker and scheduler in one process, with the assistant beside it."""
    settings = Settings()
    secret = settings.bot_secret.get_secret_value()
    with _bot(settings, secret), open_house(settings) as house:
        stop = threading.Event()
        worker = threading.Thread(target=work_until, args=(house, stop), name="worker")
        worker.start()
        ERR.print(
            say(f"控制台 http://{settings.host}:{settings.port}/", f"console http://{settings.host}:{settings.port}/")
        )
        try:
            uvicorn.run(create_app(house), host=settings.host, port=settings.port, log_level="warning")
        finally:
            stop.set()
            worker.join()


def work_until(house: House, stop: threading.Event) -> None:
    """Do what is due, over and over, until told to stop."""
    while not stop.is_set():
        if not house.work():
            stop.wait(IDLE_SECONDS)


def _bot(settings: Settings, secret: str) -> Program:
    port = int(settings.bot_urls[0].rsplit(":", 1)[1])
    return bot_program(port=port, secret=secret, log=settings.home / "log" / "bot.log")
