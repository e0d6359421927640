"""Two schedulers on one database for more than a day: each slot of each job is run by one of them.

The clock goes on by an hour once the hour's slots are done: a slot that takes an hour is one that its scheduler left.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import func, select, text

from bench.databases import ENGINES, fresh_database
from bench.street import working_folder
from models.event import JobSlot
from outreach_api.bootstrap import House, open_house
from outreach_api.processes import Program
from outreach_api.rehearsal.together import slots_of
from outreach_api.settings import Settings
from proof.outside import REAL, Outside, use, wait_until_none

HOURS = 14
"""More than a day, nights left out."""
BOTH_LOOK_SECONDS = 2.0
"""Either looks once a second."""


def run_two_schedulers() -> dict[str, float]:
    """How many slots were due, were run twice and were not run.

    Raises:
        ProcessFault: there is no PostgreSQL here, or a scheduler ended.
    """
    with working_folder() as folder, fresh_database(ENGINES[1], folder) as database:
        outside = Outside(folder, database, pace=REAL)
        use(outside.environment)
        with open_house(Settings(_env_file=None), clock=outside.clock) as house:
            both = {name: _scheduler(name, folder, outside.environment) for name in ("scheduler-1", "scheduler-2")}
            with both["scheduler-1"], both["scheduler-2"], outside.running():
                wait_until_none(lambda: int(_listening(house) < len(both) or not _slots(house)), both)
                for _ in range(HOURS):
                    before = _slots(house)
                    outside.jump(timedelta(hours=1))
                    wait_until_none(partial(_not_done_since, house, before), both)
                    time.sleep(BOTH_LOOK_SECONDS)
            slots = slots_of(house, [program.log for program in both.values()])
    return {"due": slots["due"], "ran_twice": slots["ran_twice"], "not_run": slots["not_run"]}


def _listening(house: House) -> int:
    """How many schedulers are up."""
    with house.sessions.read() as session:
        return session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")) or 0


def _slots(house: House) -> int:
    with house.sessions.read() as session:
        return session.scalar(select(func.count()).select_from(JobSlot)) or 0


def _not_done_since(house: House, slots: int) -> int:
    """Slots that are not finished; one more as long as none has come since there were so many."""
    with house.sessions.read() as session:
        unfinished = session.scalar(select(func.count()).where(JobSlot.finished_at.is_(None))) or 0
    return unfinished + (_slots(house) <= slots)


def _scheduler(name: str, folder: Path, environment: Mapping[str, str]) -> Program:
    command = [sys.executable, "-P", "-m", "outreach_api.cli", "scheduler"]
    return Program(name, command, log=folder / f"{name}.log", ready_url=None, env=environment)
