"""Importing a district's files: read, clean, merge, seal and write, with what that takes in time and memory."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from datetime import date
from pathlib import Path
from typing import Any

from bench.child import run_in_child
from bench.frame import Aim, Bench, Measure, Measured, Progress
from bench.street import ROWS_A_RESIDENT, START, working_folder, write_street
from models.crypto import new_key_ring
from outreach_api.population import files_in
from outreach_api.processes import ProcessFault
from scheduler.roster.feed import recognise
from scheduler.roster.import_population import import_population

MOST_SECONDS = 60
MOST_MB = 2000


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="rows in all files, about; from 1000")
    parser.add_argument("--seed", type=int, default=7, metavar="N")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    residents = max(500, round(chosen.rows / ROWS_A_RESIDENT))
    with working_folder() as folder:
        written = write_street(folder / "street", residents=residents, seed=chosen.seed)
        progress(f"written {written:,} rows; importing")
        done = run_in_child(f"{__name__}:import_street", folder=str(folder))
    taken = done.result
    if taken["rows"] != written or taken["refused"]:
        raise ProcessFault(f"of {written:,} rows {taken['rows']:,} were read; {taken['refused']}")
    return Measured(
        values={
            "seconds": taken["seconds"],
            "peak_mb": done.peak_mb,
            "rows_per_s": round(written / taken["seconds"]),
        },
        machine={"rows": written, "people": taken["people"], "rejected": taken["rejected"], "cpu_s": done.cpu_s},
    )


def import_street(folder: str) -> dict[str, Any]:
    """Import the street in `folder`; runs in a process of its own."""
    files = recognise(files_in(Path(folder) / "street"))
    began = time.perf_counter()
    report = import_population(files, Path(folder) / "population", new_key_ring(), today=date.fromisoformat(START))
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "rows": sum(file.rows for file in report.files),
        "rejected": sum(file.rejected for file in report.files),
        "people": report.people,
        "refused": report.refused,
    }


BENCH = Bench(
    name="import",
    measures=(
        Measure("seconds", "s", Aim(at_most=MOST_SECONDS)),
        Measure("peak_mb", "MB", Aim(at_most=MOST_MB)),
        Measure("rows_per_s", "rows/s"),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
