"""Matching a district: every card's rule over everybody, less who is enrolled and who is known; then the next delta.

`match_s`: the rows that each rule hands over, and its counts, without the operational database. `delta_s`: the pass
over the next import, with open matches looked at again, closed or left, and new ones written with residents, matches,
and ledger. Compared with the same work in SQL by hand, on DuckDB over the same files and on SQLite; all three
must count the same.
"""

from __future__ import annotations

import sqlite3
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from bench import district
from bench.child import run_in_child
from bench.frame import Aim, Bench, Comparison, Measure, Measured, NotMeasured, Progress
from bench.rule_sql import derived_sql, predicate
from bench.street import START, working_folder
from models.column_types import use_key_ring
from models.crypto import new_key_ring, read_key_ring, write_key_ring
from models.migrate import upgrade
from models.session import Sessions, make_engine
from models.vocabulary import Audience
from outreach_api.clock import SystemClock
from outreach_api.processes import ProcessFault
from outreach_api.settings import ROOT
from scheduler.matching.find import find
from scheduler.matching.population import Population
from scheduler.matching.run import run_matching
from scheduler.policies.card import Confidence, PolicyCard, PolicyStatus
from scheduler.policies.load import load_cards
from scheduler.roster.people import PEOPLE_FILE
from scheduler.roster.registers import ENROLMENTS_FOLDER
from scheduler.rules.rule import field_names

AS_OF = date.fromisoformat(START)
MOST_RATIO = 1.5
MOST_MB = 2000
MISSED_IN = 2_000
"""Of so many eligible people one is not enrolled."""
CORRECTED_IN = 1_000
SQLITE_UP_TO = 2_000_000

Counts = dict[str, list[int]]


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--residents", type=int, default=1_000_000, metavar="N")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    cards = every_card()
    with working_folder() as folder:
        _write_district(folder, cards, chosen.residents)
        progress(f"{chosen.residents:,} residents, {len(cards)} rules; matching")
        ours = run_in_child(f"{__name__}:match_ours", folder=str(folder))
        progress(f"ours {ours.result['match_s']:.2f} s; by hand on DuckDB")
        by_hand = run_in_child(f"{__name__}:match_by_hand", folder=str(folder)).result
        _check_equal(ours.result["counts"], by_hand["counts"])
        progress(f"by hand {by_hand['match_s']:.2f} s; the next day's delta")
        delta = run_in_child(f"{__name__}:match_next_day", folder=str(folder))
        progress(f"delta {delta.result['delta_s']:.2f} s; SQLite")
        match_s = ours.result["match_s"]
        on_sqlite = _compare_sqlite(folder, chosen.residents, match_s, ours.result["counts"])
    ratio = match_s / by_hand["match_s"]
    return Measured(
        values={
            "match_s": match_s,
            "delta_s": delta.result["delta_s"],
            "peak_mb": max(ours.peak_mb, delta.peak_mb),
            "ratio_to_raw_duckdb": ratio,
        },
        compared_with=[Comparison("raw_duckdb", round(by_hand["match_s"], 3), round(1 / ratio, 3)), on_sqlite],
        machine={"residents": chosen.residents, "rules": len(cards), **delta.result["figures"]},
    )


def every_card() -> dict[str, PolicyCard]:
    """All cards, each taken for one that may be pushed to residents: their rules are what is measured."""
    pushable = {
        "status": PolicyStatus.ACTIVE,
        "confidence": Confidence.HIGH,
        "audience": Audience.PERSON,
        "effective_from": None,
        "effective_to": None,
        "deadlines": None,
    }
    return {card.id: card.model_copy(update=pushable) for card in load_cards(ROOT / "policies").values()}


def _write_district(folder: Path, cards: Mapping[str, PolicyCard], residents: int) -> None:
    ring = new_key_ring()
    write_key_ring(ring, folder / "keys.json")
    first, second = folder / "first", folder / "second"
    district.write_people(first, list(cards.values()), ring, residents=residents, as_of=AS_OF)
    for_all = derived_sql(f"read_parquet('{first / PEOPLE_FILE}')", AS_OF)
    eligible = {
        card.id: f"SELECT person_key FROM ({for_all}) WHERE {predicate(card.rule)}"  # noqa: S608 - our own names
        for card in cards.values()
    }
    district.write_enrolments(first, eligible, missed_in=MISSED_IN)
    district.change_people(first, second, one_in=CORRECTED_IN)
    (second / ENROLMENTS_FOLDER).symlink_to(first / ENROLMENTS_FOLDER, target_is_directory=True)


def match_ours(folder: str) -> dict[str, Any]:
    """What the product does, without handing the rows over; runs in a process of its own."""
    cards = every_card()
    began = time.perf_counter()
    with closing(Population(Path(folder) / "first", as_of=AS_OF)) as population:
        population.judge({card.id: card.rule for card in cards.values()})
        found = {card.id: find(card, population, known=()) for card in cards.values()}
    seconds = time.perf_counter() - began
    counts = {name: [one.eligible, one.enrolled, one.undecided, len(one.newly)] for name, one in found.items()}
    return {"match_s": seconds, "counts": counts}


def match_by_hand(folder: str) -> dict[str, Any]:
    """The same in SQL, policy by policy; runs in a process of its own."""
    cards = every_card()
    counts: Counts = {}
    began = time.perf_counter()
    given: dict[str, Any] = {"memory_limit": "1GB", "temp_directory": f"{folder}/spill"}
    with duckdb.connect(":memory:", config=given) as connection:
        people = derived_sql(f"read_parquet('{folder}/first/{PEOPLE_FILE}')", AS_OF)
        for card in cards.values():
            enrolled = f"(SELECT * FROM read_parquet('{folder}/first/{ENROLMENTS_FOLDER}/{card.id}.parquet'))"  # noqa: S608
            totals, newly = _queries(card, f"({people})", enrolled)
            row = connection.execute(totals).fetchall()[0]
            rows = connection.sql(newly).to_arrow_table().to_pylist()
            counts[card.id] = [*row, len(rows)]
    return {"match_s": time.perf_counter() - began, "counts": counts}


def match_on_sqlite(folder: str) -> dict[str, Any]:
    """The same in SQLite, over a table that is loaded beforehand; runs in a process of its own."""
    cards = every_card()
    with closing(sqlite3.connect(Path(folder) / "people.db")) as connection:
        _load_sqlite(connection, Path(folder) / "first", cards)
        counts: Counts = {}
        began = time.perf_counter()
        for card in cards.values():
            totals, newly = _queries(card, "people", f'"enrolled_{card.id}"')
            row = connection.execute(totals).fetchone()
            counts[card.id] = [*row, len(connection.execute(newly).fetchall())]
        return {"match_s": time.perf_counter() - began, "counts": counts}


def _queries(card: PolicyCard, people: str, enrolled: str) -> tuple[str, str]:
    valid = f"SELECT DISTINCT person_key FROM {enrolled} WHERE until IS NULL OR until >= '{AS_OF}'"  # noqa: S608
    judged = (
        f"SELECT p.*, {predicate(card.rule)} AS verdict, e.person_key IS NOT NULL AS is_enrolled "  # noqa: S608
        f"FROM {people} p LEFT JOIN ({valid}) e ON e.person_key = p.person_key"
    )
    totals = (
        f"SELECT count(*) FILTER (WHERE verdict), count(*) FILTER (WHERE is_enrolled), "  # noqa: S608
        f"count(*) FILTER (WHERE verdict IS NULL AND NOT is_enrolled) FROM ({judged})"
    )
    columns = ", ".join(["person_key", *sorted(field_names(card.rule))])
    newly = f"SELECT {columns} FROM ({judged}) WHERE verdict AND NOT is_enrolled ORDER BY person_key"  # noqa: S608
    return totals, newly


def _load_sqlite(connection: sqlite3.Connection, folder: Path, cards: Mapping[str, PolicyCard]) -> None:
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000;")
    fields = sorted(frozenset().union(*(field_names(card.rule) for card in cards.values())))
    people = derived_sql(f"read_parquet('{folder / PEOPLE_FILE}')", AS_OF)
    _copy(connection, "people", f"SELECT person_key, {', '.join(fields)} FROM ({people})")  # noqa: S608
    for card in cards.values():
        path = folder / ENROLMENTS_FOLDER / f"{card.id}.parquet"
        _copy(connection, f"enrolled_{card.id}", f"SELECT person_key, until FROM read_parquet('{path}')")  # noqa: S608
    connection.execute("ANALYZE")


def _copy(connection: sqlite3.Connection, table: str, query: str) -> None:
    with duckdb.connect(":memory:", config={"memory_limit": "1GB"}) as engine:
        names = [column[0] for column in engine.execute(f"DESCRIBE {query}").fetchall()]
        texts = ", ".join(f"* REPLACE ({name}::VARCHAR AS {name})" for name in names if name == "until") or "*"
        rows = engine.execute(f"SELECT {texts} FROM ({query})")  # noqa: S608
        connection.execute(f'CREATE TABLE "{table}" ({", ".join(names)}, PRIMARY KEY (person_key)) WITHOUT ROWID')
        insert = f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(names))})'  # noqa: S608
        while batch := rows.fetchmany(20_000):
            connection.executemany(insert, [[_as_sqlite(value) for value in row] for row in batch])
        connection.commit()


def _as_sqlite(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def match_next_day(folder: str) -> dict[str, Any]:
    """The first import's pass, then the next one's, which is timed; runs in a process of its own."""
    cards = every_card()
    use_key_ring(read_key_ring(Path(folder) / "keys.json"))
    engine = make_engine(f"sqlite:///{folder}/outreach.db")
    upgrade(engine)
    sessions, clock = Sessions(engine), SystemClock()
    seconds = []
    for name, day in (("first", AS_OF), ("second", AS_OF + timedelta(days=1))):
        began = time.perf_counter()
        with closing(Population(Path(folder) / name, as_of=day)) as population:
            report = run_matching(sessions, population, cards, now=clock.now())
        seconds.append(time.perf_counter() - began)
        if name == "first":
            opened = sum(figures.newly_matched for figures in report.policies.values())
    figures = report.policies.values()
    found = {
        "first_pass_s": round(seconds[0], 2),
        "first_pass_opened": opened,
        "delta_opened": sum(one.newly_matched for one in figures),
        "delta_closed": sum(sum(one.closed.values()) for one in figures),
    }
    engine.dispose()
    return {"delta_s": seconds[1], "figures": found}


def _compare_sqlite(folder: Path, residents: int, match_s: float, counts: Counts) -> Comparison | NotMeasured:
    if residents > SQLITE_UP_TO:
        return NotMeasured("sqlite", f"only up to {SQLITE_UP_TO:,} residents")
    on_sqlite = run_in_child(f"{__name__}:match_on_sqlite", folder=str(folder)).result
    _check_equal(counts, on_sqlite["counts"])
    return Comparison("sqlite", round(on_sqlite["match_s"], 3), round(on_sqlite["match_s"] / match_s, 2))


def _check_equal(ours: Counts, theirs: Counts) -> None:
    different = [policy for policy, counts in ours.items() if counts != theirs[policy]]
    if different:
        raise ProcessFault(f"{different[0]}: ours counts {ours[different[0]]}, the other {theirs[different[0]]}")


BENCH = Bench(
    name="matching",
    measures=(
        Measure("match_s", "s"),
        Measure("delta_s", "s"),
        Measure("peak_mb", "MB", Aim(at_most=MOST_MB)),
        Measure("ratio_to_raw_duckdb", "times", Aim(at_most=MOST_RATIO)),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
