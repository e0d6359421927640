"""New keys for old values, beside the running house."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from models import reseal as resealing
from models.column_types import use_key_ring
from models.contact import Contact
from models.crypto import KeyRing, read_key_ring, replace_key_ring, with_another_key, write_key_ring
from models.reseal import keys_in_use, reseal, sealed_columns
from models.resident import Resident
from models.session import Sessions
from tests.builders import a_contact, a_database, a_key_ring, a_match


def a_house() -> Sessions:
    sessions = a_database()
    with sessions.write() as session:
        for _ in range(3):
            a_contact(session, a_match(session))
    return sessions


def activated(ring: KeyRing) -> KeyRing:
    return KeyRing(list(ring.keys)[-1], ring.keys, ring.index_key)


def test_a_new_key_opens_but_does_not_seal_yet() -> None:
    ring = with_another_key(a_key_ring())
    assert ring.active == "k1"
    assert len(ring.keys) == 2
    assert ring.index_key == a_key_ring().index_key
    assert ring.open(activated(ring).seal("林美珍", context="c"), context="c") == "林美珍"


def test_every_value_is_sealed_anew_and_reads_as_before() -> None:
    sessions = a_house()
    before = keys_in_use(sessions)
    assert set(before) == {"k1"}
    ring = activated(with_another_key(a_key_ring()))
    use_key_ring(ring)
    assert reseal(sessions, ring) == before["k1"]
    assert keys_in_use(sessions) == {ring.active: before["k1"]}
    use_key_ring(KeyRing(ring.active, {ring.active: ring.keys[ring.active]}, ring.index_key))
    with sessions.read() as session:
        assert set(session.scalars(select(Resident.name))) == {"陈秀兰"}
        assert set(session.scalars(select(Contact.text))) == {"您好，您可能可以领高龄津贴。"}
    assert reseal(sessions, ring) == 0


def test_it_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = a_house()
    monkeypatch.setattr(resealing, "BATCH", 1)
    ring = activated(with_another_key(a_key_ring()))
    use_key_ring(ring)
    seen: list[int] = []

    def stop_early(_column: str, _done: int) -> None:
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal(sessions, ring, stop_early)
    left = keys_in_use(sessions)["k1"]
    assert reseal(sessions, ring) == left > 0


def test_columns_with_sealed_values_are_found_wherever_they_are() -> None:
    contexts = {context for _, _, context in sealed_columns()}
    assert {"contact.text", "contact.variables", "inbound.text", "message.text", "resident.name"} <= contexts


def test_the_key_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_key_ring(a_key_ring(), path)
    ring = with_another_key(read_key_ring(path))
    replace_key_ring(ring, path)
    assert read_key_ring(path) == ring
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]
