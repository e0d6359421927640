"""The keys of backups: one each, sealed, moved over with the ring, and destroyed at their term."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from models.ciphers import CipherName
from models.crypto import KeyRingFault, new_key_ring, with_another_key
from models.event import AuditEntry
from outreach_api.backup_keys import BackupKeyFault, BackupKeys
from outreach_api.privacy.beside import Beside, Terms
from outreach_api.spool import Spool
from tests.builders import NOON, a_database, a_key_ring

DAY = timedelta(days=1)


@pytest.fixture
def keys(tmp_path: Path) -> BackupKeys:
    return BackupKeys(tmp_path / "backup-keys.json", a_key_ring())


def test_each_backup_has_a_key_of_its_own_that_is_nowhere_in_the_clear(keys: BackupKeys) -> None:
    made = dict(keys.make(now=NOON) for _ in range(2))
    assert len(set(made.values())) == 2
    assert all(keys.key(key_id) == key for key_id, key in made.items())
    assert keys.file.stat().st_mode & 0o777 == 0o600
    stolen = BackupKeys(keys.file, new_key_ring())
    with pytest.raises(KeyRingFault):
        stolen.key(next(iter(made)))


def test_a_destroyed_key_is_gone_for_good_and_the_others_stay(keys: BackupKeys) -> None:
    old, _ = keys.make(now=NOON)
    young, key = keys.make(now=NOON + DAY)
    sealed = next(one.sealed for one in keys.all() if one.id == old)
    assert sealed is not None
    assert keys.destroy(taken_before=NOON + DAY, now=NOON + 2 * DAY) == [old]
    assert sealed not in keys.file.read_text()
    with pytest.raises(BackupKeyFault, match="was destroyed"):
        keys.key(old)
    assert keys.key(young) == key
    assert keys.destroy(taken_before=NOON + DAY, now=NOON + 2 * DAY) == []
    with pytest.raises(BackupKeyFault, match="is not in"):
        keys.key("b-never")


def test_the_file_that_goes_is_overwritten(keys: BackupKeys) -> None:
    keys.make(now=NOON)
    with keys.file.open("rb") as before:
        keys.destroy(taken_before=NOON + DAY, now=NOON + DAY)
        assert set(before.read()) == {0}


def test_they_move_over_to_a_new_key_and_say_which_they_need(keys: BackupKeys) -> None:
    key_id, key = keys.make(now=NOON)
    both = with_another_key(a_key_ring(), CipherName.SM4)
    newest = list(both.keys)[-1]
    moved = BackupKeys(keys.file, both.with_keys(both.keys, active=newest))
    assert (moved.needs("k1"), moved.reseal(), moved.reseal(), moved.needs("k1"), moved.needs(newest)) == (
        1,
        1,
        0,
        0,
        1,
    )
    assert moved.key(key_id) == key
    assert len(moved.make(now=NOON)[1]) == 16


def test_at_their_term_keys_are_destroyed_and_rejects_removed_on_the_record(keys: BackupKeys, tmp_path: Path) -> None:
    sessions = a_database()
    keys.make(now=NOON)
    keys.make(now=NOON + 20 * DAY)
    rejects = tmp_path / "rejects"
    rejects.mkdir()
    for name, at in (("old.rejects.csv", NOON), ("young.rejects.csv", NOON + 20 * DAY)):
        (rejects / name).write_text("x")
        os.utime(rejects / name, (at.timestamp(), at.timestamp()))
    terms = Terms(keys, 30 * DAY, tmp_path, Spool(tmp_path / "spool", a_key_ring(), most_bytes=1000))
    assert terms.due(now=NOON + 29 * DAY) == Beside(0, 0, 0)
    assert terms.due(now=NOON + 31 * DAY) == Beside(backups=1, rejects=0, refused=0)
    assert terms.forget(sessions, by="schedule", now=NOON + 31 * DAY) == Beside(1, 0, 0)
    assert terms.forget(sessions, by="schedule", now=NOON + 91 * DAY) == Beside(1, 1, 0)
    assert [path.name for path in rejects.iterdir()] == ["young.rejects.csv"]
    with sessions.read() as session:
        actions = [(entry.action, entry.actor) for entry in session.query(AuditEntry)]
    assert actions == [("backup.destroy", "schedule")] * 2


def test_a_damaged_file_says_so(keys: BackupKeys) -> None:
    keys.file.write_text("[{}]")
    with pytest.raises(BackupKeyFault, match="damaged"):
        keys.all()
