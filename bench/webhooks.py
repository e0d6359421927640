"""Inbound texts: from a signed request to its durable acknowledgement, and what a killed server loses.

A server of its own process, with the real application, on both databases. Quick: 200 a second for a while, the times
taken from the moment each request was due. Most: as many as it takes. Killed: the server ends by SIGKILL in the middle,
is started again, and every text that was acknowledged must be in the database.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.child import Done, run_in_child
from bench.databases import ENGINES, fresh_database
from bench.frame import Aim, Bench, Measure, Measured, Progress
from bench.front_door import TOKEN, a_port, front_door, front_door_environment
from bench.street import working_folder
from models.conversation import Inbound
from models.session import make_engine
from outreach_api.processes import ProcessFault, Program

RATE = 200
MOST_P99_MS = 50
WARM_UP_SECONDS = 2
KILL_BETWEEN = (0.4, 1.2)
LOAD_SECONDS = 60


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20, metavar="S", help="how long at 200 a second")
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="on each database")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="of the moments of the kills")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    values: dict[str, float] = {"lost_after_kill": 0}
    counted: dict[str, Any] = {"acknowledged_before_kill": 0, "kills": 0}
    for engine in ENGINES:
        with working_folder() as folder, fresh_database(engine, folder) as database:
            door = _Door(folder, database)
            quick, most = door.speeds(chosen.seconds)
            progress(f"{engine}: p99 {quick['p99']:.1f} ms at {RATE}/s, at most {most:.0f}/s; killing")
            values |= {f"{engine}_p99_ms": quick["p99"], f"{engine}_max_per_s": most}
            counted |= {f"{engine}_p50_ms": round(quick["p50"], 2), f"{engine}_sent": quick["sent"]}
            acknowledged, lost = door.kill_and_count(chosen.kills, random.Random(chosen.seed))
            progress(f"{engine}: {chosen.kills} kills, {len(acknowledged)} acknowledged, {lost} lost")
            values["lost_after_kill"] += lost
            counted["acknowledged_before_kill"] += len(acknowledged)
            counted["kills"] += chosen.kills
    return Measured(values, machine=counted)


class _Door:
    def __init__(self, folder: Path, database: str) -> None:
        self._database = database
        self._environment = front_door_environment(folder, database, port=a_port())

    def speeds(self, seconds: float) -> tuple[dict[str, float], float]:
        with front_door(self._environment):
            self._load("warm", WARM_UP_SECONDS, RATE)
            quick = self._load("quick", seconds, RATE).result
            most = self._load("most", max(seconds / 4, 2), None).result
        if quick["refused"] or most["refused"] or not quick["acknowledged"]:
            raise ProcessFault(f"the server refused {quick['refused'] + most['refused']} requests")
        times = sorted(quick["latencies_ms"])
        percentiles = {f"p{share}": times[min(len(times) - 1, len(times) * share // 100)] for share in (50, 99)}
        return {**percentiles, "sent": len(times)}, len(most["acknowledged"]) / most["seconds"]

    def kill_and_count(self, kills: int, dice: random.Random) -> tuple[set[str], int]:
        """Every start after the first is a restart after a kill; the last one makes the database whole again."""
        acknowledged: set[str] = set()
        for number in range(kills):
            with front_door(self._environment) as program:
                before = len(self._kept())
                begun = partial(self._has_more_than, before)
                killer = threading.Thread(target=_kill_after, args=(program, dice.uniform(*KILL_BETWEEN), begun))
                killer.start()
                acknowledged.update(self._load(f"kill{number:02d}x", LOAD_SECONDS, None).result["acknowledged"])
                killer.join()
        with front_door(self._environment):
            kept = self._kept()
        return acknowledged, len(acknowledged - kept)

    def _load(self, prefix: str, seconds: float, rate: float | None) -> Done:
        port = int(self._environment["OUTREACH_PORT"])
        return run_in_child(
            "bench.webhook_load:load", port=port, token=TOKEN, prefix=prefix, seconds=seconds, rate=rate
        )

    def _has_more_than(self, texts: int) -> bool:
        return len(self._kept()) > texts

    def _kept(self) -> set[str]:
        engine = make_engine(self._database)
        try:
            with engine.connect() as connection:
                return set(connection.scalars(select(Inbound.provider_ref)))
        finally:
            engine.dispose()


def _kill_after(program: Program, seconds: float, begun: Callable[[], bool]) -> None:
    """Kill in the middle: so long after the first text of this round is in the database."""
    deadline = time.monotonic() + LOAD_SECONDS
    while not begun() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(seconds)
    os.kill(program.pid, signal.SIGKILL)


BENCH = Bench(
    name="webhooks",
    measures=(
        Measure("sqlite_p99_ms", "ms", Aim(at_most=MOST_P99_MS)),
        Measure("postgres_p99_ms", "ms", Aim(at_most=MOST_P99_MS)),
        Measure("sqlite_max_per_s", "texts/s"),
        Measure("postgres_max_per_s", "texts/s"),
        Measure("lost_after_kill", "texts", Aim(at_most=0)),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
