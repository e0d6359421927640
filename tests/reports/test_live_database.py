"""Reports are read beside a house that works; they must leave its database alone."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from models.column_types import use_key_ring
from models.migrate import upgrade
from models.session import Sessions, make_engine
from outreach_api.reports import snapshot, sqlite_reader
from outreach_api.reports.snapshot import SnapshotFault, take_snapshot
from tests.builders import a_key_ring, a_resident

pytestmark = pytest.mark.sqlite_file


@pytest.mark.parametrize("largest_copy", [snapshot.LARGEST_COPY_BYTES, 0], ids=["copied", "read apart"])
def test_a_snapshot_takes_no_log_away_from_under_an_open_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest_copy: int
) -> None:
    monkeypatch.setattr(snapshot, "LARGEST_COPY_BYTES", largest_copy)
    use_key_ring(a_key_ring())
    engine = make_engine(f"sqlite:///{tmp_path}/house.db")
    upgrade(engine)
    sessions = Sessions(engine)
    log = tmp_path / "house.db-wal"
    with sessions.write() as session:
        a_resident(session)
    before = log.stat().st_ino
    for _ in range(3):
        with take_snapshot(sessions) as con:
            assert con.execute("SELECT count(*) FROM resident").fetchall() == [(1,)]
    assert log.stat().st_ino == before
    with sessions.write() as session:
        a_resident(session)
    with sessions.read() as session, take_snapshot(sessions) as con:
        assert con.execute("SELECT count(*) FROM resident").fetchall() == [(2,)]
        assert session is not None
    engine.dispose()


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LARGEST_COPY_BYTES", 0)
    broken = tmp_path / "house.db"
    broken.write_bytes(b"no database " * 400)
    engine = create_engine(f"sqlite:///{broken}")
    with pytest.raises(SnapshotFault, match="not a database"), take_snapshot(Sessions(engine)):
        pass
    engine.dispose()


def test_a_reader_waits_while_the_database_is_being_put_in_order(tmp_path: Path) -> None:
    file = tmp_path / "house.db"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as house:
        house.execute("CREATE TABLE resident (id INTEGER)")
        # As long as a process that opens or closes the log has the file to itself.
        house.execute("BEGIN EXCLUSIVE")
        command = [sys.executable, "-P", sqlite_reader.__file__, str(file), "100"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            assert reader.stdout.read(1) == sqlite_reader.SIGN
            reader.stdin.write(b'"begin"\n')
            reader.stdin.flush()
            threading.Timer(0.3, house.execute, ["COMMIT"]).start()
            assert reader.stdout.read(1) == sqlite_reader.SIGN
            reader.stdin.close()
