"""The audit's chain at a million entries: how long it takes to follow, and whether any tampering goes unseen.

Entries are written as the house writes them. Edits, removals, exchanges, forged digests and entries slipped in are done
to one copy of the database at places of their own, and each has to be named at its place; each cut is made to a chain
of its own. Whoever tampers can do all that an administrator of the database can, and has not the key.
"""

# ruff: noqa: S608 - statements of an attacker, made of our own numbers

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import Connection, text

from bench.databases import ENGINES, fresh_database
from bench.frame import Aim, Bench, Measure, Measured, Progress
from bench.street import working_folder
from models.audit_chain import ChainFault, FaultKind, anchor_now, verify
from models.audit_guard import GUARDED
from models.column_types import use_key_ring
from models.crypto import new_key_ring
from models.event import AuditEntry
from models.migrate import upgrade
from models.session import Sessions, make_engine

ENTRIES, TAMPERINGS, CUTS = 1_000_000, 1_000, 10
A_COMMIT = 2_000
NEXT_TO_EACH_OTHER = 4
"""Tamperings lie so far apart that none can be found by another's trace."""
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CELLS = ("actor", "action", "subject", "purpose", "at", "facts")
Tampering = Callable[[Random, int], list[str]]


def _edit(dice: Random, one: int) -> list[str]:
    cell = dice.choice(CELLS)
    value = {"at": "2025-01-02 03:04:05.000006", "facts": '{"rows": -1}'}.get(cell, f"x{dice.random()}")
    return [f"UPDATE audit_entry SET {cell} = '{value}' WHERE id = {one}"]


def _remove(_: Random, one: int) -> list[str]:
    return [f"DELETE FROM audit_seal WHERE entry_id = {one}", f"DELETE FROM audit_entry WHERE id = {one}"]


def _exchange(_: Random, one: int) -> list[str]:
    names, other = ", ".join(CELLS), one + 1
    return [
        f"CREATE TEMP TABLE kept AS SELECT * FROM audit_entry WHERE id IN ({one}, {other})",
        *(
            f"UPDATE audit_entry SET ({names}) = (SELECT {names} FROM kept WHERE kept.id = {b}) WHERE id = {a}"
            for a, b in ((one, other), (other, one))
        ),
        "DROP TABLE kept",
    ]


def _forge(dice: Random, one: int) -> list[str]:
    digest = "".join(dice.choices("0123456789abcdef", k=64))
    return [f"UPDATE audit_seal SET digest = '{digest}' WHERE number = {one}"]


def _slip_in(_: Random, one: int) -> list[str]:
    """An entry that never came in by the house, sealed in the place of another's."""
    names = "actor, action, subject, facts"
    return [
        f"INSERT INTO audit_entry (id, at, {names}) SELECT id + {10**9}, at, {names} FROM audit_entry WHERE id = {one}",
        f"UPDATE audit_entry SET actor = 'system' WHERE id = {one + 10**9}",
        f"UPDATE audit_seal SET entry_id = entry_id + {10**9} WHERE entry_id = {one}",
    ]


KINDS: dict[str, Tampering] = {
    "edits": _edit,
    "removals": _remove,
    "exchanges": _exchange,
    "forged": _forge,
    "slipped_in": _slip_in,
}


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=ENTRIES, metavar="N")
    parser.add_argument("--tamperings", type=int, default=TAMPERINGS, metavar="N")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--on", choices=ENGINES, default="sqlite")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    entries = max(1_000, chosen.entries)
    cuts = min(CUTS, max(1, chosen.tamperings // 100))
    others = min(max(1, chosen.tamperings - cuts), entries // NEXT_TO_EACH_OTHER - 1)
    use_key_ring(new_key_ring())
    with working_folder() as folder, fresh_database(chosen.on, folder) as address:
        engine = make_engine(address)
        upgrade(engine)
        sessions = Sessions(engine)
        write_seconds = _write(sessions, entries, progress)
        with engine.connect() as connection:
            anchor = anchor_now(connection, BEGAN)
            began = time.perf_counter()
            untouched = verify(connection, [anchor] if anchor else [])
            seconds = time.perf_counter() - began
        progress(f"{untouched.entries:,} entries followed in {seconds:.1f} s, {len(untouched.faults)} faults")
        dice = Random(chosen.seed)
        with engine.connect() as connection:
            found = _found_at_their_places(connection, dice, entries, others)
            progress(f"{found.total()} of {others} found: {dict(found)}")
        cut = sum(_cut_is_found(engine.connect(), dice.randrange(1, entries + 1)) for _ in range(cuts))
        progress(f"{cut} of {cuts} cuts found")
        engine.dispose()
    tried = others + cuts
    return Measured(
        {
            "entries": untouched.entries,
            "write_us_per_entry": 1e6 * write_seconds / entries,
            "verify_s": seconds,
            "verified_per_s": untouched.entries / seconds,
            "faults_untouched": len(untouched.faults),
            "tamperings": tried,
            "found": found.total() + cut,
            "found_percent": 100 * (found.total() + cut) / tried,
        },
        machine={"database": chosen.on, "seed": chosen.seed, "cuts": cuts, "by_kind": dict(found)},
    )


def _write(sessions: Sessions, entries: int, progress: Progress) -> float:
    began = time.perf_counter()
    for first in range(0, entries, A_COMMIT):
        with sessions.write() as session:
            session.add_all(_entry(number) for number in range(first, min(first + A_COMMIT, entries)))
        if first and first % (entries // 10) < A_COMMIT:
            progress(f"{first:,} entries written")
    return time.perf_counter() - began


def _entry(number: int) -> AuditEntry:
    return AuditEntry(
        at=BEGAN + timedelta(seconds=7 * number, microseconds=number % 1_000_000),
        actor=f"staff:{number % 300}",
        action="reveal.phone" if number % 3 else "export.take",
        subject=f"resident:{number % 900_001}",
        purpose="核对电话，本人来电" if number % 3 else None,
        facts={"rows": number % 500} if number % 5 == 0 else {},
    )


def _found_at_their_places(connection: Connection, dice: Random, entries: int, wanted: int) -> Counter[str]:
    """How many of each kind are named where they were done; all is undone again."""
    _unguarded(connection)
    places = dice.sample(range(1, entries // NEXT_TO_EACH_OTHER), wanted)
    done: list[tuple[str, int]] = []
    for turn, place in enumerate(places):
        kind = list(KINDS)[turn % len(KINDS)]
        one = place * NEXT_TO_EACH_OTHER
        for statement in KINDS[kind](dice, one):
            connection.execute(text(statement))
        done.append((kind, one))
    named = {fault.number for fault in verify(connection).faults if fault.kind is not FaultKind.TRUNCATED}
    connection.rollback()
    return Counter(kind for kind, one in done if one in named)


def _cut_is_found(connection: Connection, last: int) -> bool:
    """Whether it is noticed that everything from an entry on is gone."""
    with connection:
        _unguarded(connection)
        connection.execute(text(f"DELETE FROM audit_seal WHERE number >= {last}"))
        connection.execute(text(f"DELETE FROM audit_entry WHERE id >= {last}"))
        faults = verify(connection).faults
        connection.rollback()
    return ChainFault(FaultKind.TRUNCATED, last) in faults


def _unguarded(connection: Connection) -> None:
    for table in GUARDED:
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
        else:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        connection.execute(text("PRAGMA defer_foreign_keys=ON"))


BENCH = Bench(
    "audit",
    (
        Measure("entries", "entries"),
        Measure("write_us_per_entry", "us"),
        Measure("verify_s", "s"),
        Measure("verified_per_s", "1/s"),
        Measure("faults_untouched", "faults", Aim(at_most=0)),
        Measure("tamperings", "tamperings"),
        Measure("found", "tamperings"),
        Measure("found_percent", "%", Aim(at_least=100)),
    ),
    _run,
    _add_arguments,
)
