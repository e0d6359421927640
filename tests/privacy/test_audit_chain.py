"""The audit's chain: whatever is done to an entry behind the house's back is found."""

# ruff: noqa: S608 - statements of an attacker, made of our own numbers

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from models.audit_chain import Anchor, FaultKind, Verdict, anchor_now, verify
from models.audit_guard import GUARDED, REFUSAL, keep_append_only
from models.event import AuditEntry
from models.session import Sessions
from outreach_api.privacy.anchors import AnchorFault, drop_anchor, read_anchors
from tests.builders import NOON, a_database

pytestmark = pytest.mark.engines
ENTRIES = 40


def _write(sessions: Sessions, number: int) -> None:
    with sessions.write() as session:
        session.add(
            AuditEntry(
                at=NOON + timedelta(seconds=number, microseconds=number * 7),
                actor=f"staff:{number % 5}",
                action="reveal.phone" if number % 2 else "set",
                subject=f"resident:{number}",
                purpose="核对电话，本人来电" if number % 2 else None,
                facts={"rows": number, "名": ["甲", 1.5], "none": None} if number % 3 else {},
            )
        )


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    sessions = a_database(f"sqlite:///{tmp_path_factory.mktemp('audit')}/audited.db")
    for number in range(ENTRIES):
        _write(sessions, number)
    yield sessions
    sessions.engine.dispose()


def _unguarded(connection: Connection) -> None:
    """What an administrator of the database can do."""
    for table in GUARDED:
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
        else:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))


def _after(sessions: Sessions, tamper: Callable[[Connection], None], anchors: list[Anchor] | None = None) -> Verdict:
    """What is found after something was done, which is then undone."""
    with sessions.engine.connect() as connection:
        _unguarded(connection)
        tamper(connection)
        verdict = verify(connection, anchors or [])
        connection.rollback()
        return verdict


def _run(*statements: str) -> Callable[[Connection], None]:
    def tamper(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    return tamper


def test_what_nobody_touched_is_whole(audited: Sessions) -> None:
    with audited.engine.connect() as connection:
        verdict = verify(connection)
    assert (verdict.entries, verdict.faults) == (ENTRIES, ())


@pytest.mark.parametrize(
    ("statements", "kind", "number"),
    [
        (["UPDATE audit_entry SET purpose = '别的' WHERE id = 7"], FaultKind.EDITED, 7),
        (["UPDATE audit_entry SET facts = '{}' WHERE id = 8"], FaultKind.EDITED, 8),
        (["DELETE FROM audit_seal WHERE entry_id = 9", "DELETE FROM audit_entry WHERE id = 9"], FaultKind.DELETED, 9),
        (["DELETE FROM audit_seal WHERE entry_id = 9"], FaultKind.UNSEALED, 9),
        (
            [
                "UPDATE audit_seal SET entry_id = 1000 WHERE entry_id = 5",
                "UPDATE audit_seal SET entry_id = 5 WHERE entry_id = 6",
                "UPDATE audit_seal SET entry_id = 6 WHERE entry_id = 1000",
            ],
            FaultKind.EDITED,
            5,
        ),
        (
            ["DELETE FROM audit_seal WHERE number > 38", "DELETE FROM audit_entry WHERE id > 38"],
            FaultKind.TRUNCATED,
            39,
        ),
        (["UPDATE audit_head SET number = 38"], FaultKind.HEAD, ENTRIES),
        (["DELETE FROM audit_head"], FaultKind.HEAD, ENTRIES),
        (
            ["INSERT INTO audit_entry (at, actor, action, subject, facts) VALUES ('2026-01-01', 'a', 'b', 'c', '{}')"],
            FaultKind.UNSEALED,
            None,
        ),
    ],
)
def test_each_kind_of_tampering_is_found_where_it_is(
    audited: Sessions, statements: list[str], kind: FaultKind, number: int | None
) -> None:
    def tamper(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        _run(*statements)(connection)

    faults = _after(audited, tamper).faults
    assert kind in {fault.kind for fault in faults}
    if number is not None:
        assert number in {fault.number for fault in faults if fault.kind is kind}


def test_an_older_head_put_back_with_the_end_cut_off_is_found_by_an_anchor(audited: Sessions) -> None:
    with audited.engine.connect() as connection:
        anchor = anchor_now(connection, NOON)
    assert anchor is not None
    older = a_database()
    for number in range(ENTRIES - 2):
        _write(older, number)
    with older.engine.connect() as connection:
        number, digest, mark = connection.execute(text("SELECT number, digest, mark FROM audit_head")).one()
    older.engine.dispose()

    def tamper(connection: Connection) -> None:
        _run("DELETE FROM audit_seal WHERE number > 38", "DELETE FROM audit_entry WHERE id > 38")(connection)
        values = {"number": number, "digest": digest, "mark": mark}
        connection.execute(text("UPDATE audit_head SET number = :number, digest = :digest, mark = :mark"), values)

    assert _after(audited, tamper).faults == ()
    assert [fault.kind for fault in _after(audited, tamper, [anchor]).faults] == [FaultKind.TRUNCATED]


CELLS = ("actor", "action", "subject", "purpose", "at", "facts")


def _random_tampering(dice: Random) -> list[str]:
    """One edit, removal, swap or cut at a random place."""
    one = dice.randrange(1, ENTRIES + 1)
    match dice.randrange(5):
        case 0:
            cell = dice.choice(CELLS)
            value = {"at": "2026-01-02 03:04:05.000006", "facts": '{"rows": -1}'}.get(cell, f"x{dice.random()}")
            return [f"UPDATE audit_entry SET {cell} = '{value}' WHERE id = {one}"]
        case 1:
            return [f"DELETE FROM audit_seal WHERE entry_id = {one}", f"DELETE FROM audit_entry WHERE id = {one}"]
        case 2:
            other = one % ENTRIES + 1
            names = ", ".join(CELLS)
            return [
                f"CREATE TEMP TABLE kept AS SELECT * FROM audit_entry WHERE id IN ({one}, {other})",
                *(
                    f"UPDATE audit_entry SET ({names}) = (SELECT {names} FROM kept WHERE kept.id = {b}) WHERE id = {a}"
                    for a, b in ((one, other), (other, one))
                ),
                "DROP TABLE kept",
            ]
        case 3:
            return [f"DELETE FROM audit_seal WHERE number >= {one}", f"DELETE FROM audit_entry WHERE id >= {one}"]
        case _:
            digest = "".join(dice.choices("0123456789abcdef", k=64))
            return [f"UPDATE audit_seal SET digest = '{digest}' WHERE number = {one}"]


@pytest.mark.parametrize("tamperings", [60, pytest.param(1000, marks=pytest.mark.exhaustive)])
def test_every_random_tampering_is_found(audited: Sessions, tamperings: int) -> None:
    dice = Random(20261126)
    for _ in range(tamperings):
        statements = _random_tampering(dice)
        assert _after(audited, _run(*statements)).faults, statements


def test_the_database_itself_refuses_to_change_an_entry(audited: Sessions) -> None:
    for table in GUARDED:
        for verb in (f"DELETE FROM {table}", f"UPDATE {table} SET {'actor' if 'entry' in table else 'digest'} = 'x'"):
            with audited.engine.connect() as connection, pytest.raises(DBAPIError, match=REFUSAL):
                connection.execute(text(verb))


def test_a_guard_that_was_taken_away_or_switched_off_is_put_back(audited: Sessions) -> None:
    refused = "UPDATE audit_entry SET actor = 'x'"
    with audited.engine.connect() as connection:
        for step in (_unguarded, _switched_off):
            step(connection)
            keep_append_only(connection)
            savepoint = connection.begin_nested()
            with pytest.raises(DBAPIError, match=REFUSAL):
                connection.execute(text(refused))
            savepoint.rollback()
        connection.rollback()


def _switched_off(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for table in GUARDED:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only"))


def test_a_transaction_that_fails_leaves_no_seal() -> None:
    sessions = a_database()
    with contextlib.suppress(ZeroDivisionError), sessions.write() as session:
        session.add(AuditEntry(at=NOON, actor="a", action="b", subject="c", facts={}))
        session.flush()
        assert 1 / 0
    _write(sessions, 1)
    with sessions.engine.connect() as connection:
        verdict = verify(connection)
    assert (verdict.entries, verdict.faults) == (1, ())
    with sessions.read() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1
    sessions.engine.dispose()


def test_anchors_are_added_to_and_read_back(audited: Sessions, tmp_path: Path) -> None:
    file = tmp_path / "anchors.jsonl"
    assert read_anchors(file) == []
    anchor = drop_anchor(audited, file, now=NOON)
    assert drop_anchor(audited, file, now=NOON + timedelta(days=1)) is not None
    assert read_anchors(file) == [anchor]
    with audited.engine.connect() as connection:
        assert verify(connection, read_anchors(file)).faults == ()
    file.write_text("nonsense\n")
    with pytest.raises(AnchorFault, match="line 1"):
        read_anchors(file)
