"""Long work in parts: whatever worker takes a part, every value is done once, and nothing personal is in a job."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import select

from models.column_types import key_ring, use_key_ring
from models.crypto import KeyRing, with_another_key
from models.migrate import upgrade
from models.reseal import keys_in_use
from models.resident import Resident
from models.session import Sessions, make_engine
from outreach_api.chunks import SCHEMA, Chunks
from tests.builders import a_key_ring, a_resident
from tests.engines import databases

pytestmark = pytest.mark.postgres
PEOPLE = 5


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    """A database of its own: the jobs have a schema beside the tables."""
    use_key_ring(a_key_ring())
    cluster = databases.cluster()
    name = cluster.create_database()
    engine = make_engine(cluster.url(name))
    upgrade(engine)
    opened = Sessions(engine)
    with opened.write() as session:
        for _ in range(PEOPLE):
            a_resident(session)
    yield opened
    engine.dispose()
    cluster.drop_database(name)


@pytest.fixture
def both() -> KeyRing:
    """The ring with a second key, which seals from now on."""
    ring = with_another_key(a_key_ring())
    return KeyRing(list(ring.keys)[-1], ring.keys, ring.index_key)


def test_any_worker_reseals_a_part_until_all_is_done(sessions: Sessions, both: KeyRing) -> None:
    old = key_ring().active
    assert keys_in_use(sessions)[old]
    asking = Chunks(sessions, both)
    jobs = asking.reseal(part=2)
    assert jobs >= 3
    # A worker that was restarted since the new key came still seals with the old one.
    worker = Chunks(sessions, KeyRing(old, both.keys, both.index_key))
    worker.work()
    assert set(keys_in_use(sessions)) == {both.active}
    assert asking.reseal(part=2) == 0


def test_a_job_names_columns_and_nobody(sessions: Sessions, both: KeyRing) -> None:
    Chunks(sessions, both).reseal(part=2)
    with sessions.read() as session:
        name = session.scalar(select(Resident.name))
    url = sessions.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        told = connection.execute(f"SELECT args FROM {SCHEMA}.procrastinate_jobs").fetchall()  # noqa: S608
    assert {tuple(sorted(args)) for (args,) in told} == {("column", "key_id", "part")}
    assert name
    assert name not in json.dumps(told, ensure_ascii=False)


def test_a_worker_takes_what_comes_and_ends_when_told(sessions: Sessions, both: KeyRing) -> None:
    chunks = Chunks(sessions, both)
    with chunks.working():
        Chunks(sessions, both).reseal()
        deadline = time.monotonic() + 30
        while set(keys_in_use(sessions)) != {both.active} and time.monotonic() < deadline:
            time.sleep(0.05)
    assert set(keys_in_use(sessions)) == {both.active}
