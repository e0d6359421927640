"""Forgetting happens by itself: by the schedule, in the database and beside it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from models.event import Event, JobSlot
from models.session import Durability
from models.vocabulary import EventKind
from outreach_api.backup_keys import BackupKeys
from outreach_api.bootstrap import open_house
from outreach_api.clock import VirtualClock
from outreach_api.privacy.tombstones import Mark, read_tombstones
from outreach_api.settings import Settings
from tests.builders import NOON

MOST_OF_A_DAY = timedelta(hours=12)
"""From noon to the anchor's slot, just before midnight."""


def test_every_night_what_is_over_its_term_is_forgotten(tmp_path: Path) -> None:
    clock = VirtualClock(NOON)
    settings = Settings(_env_file=None, home=tmp_path, look_ahead=False)
    with open_house(settings, clock=clock, durability=Durability.PROCESS_LOSS) as house:
        keys = BackupKeys(settings.backup_keys, house.ring)
        keys.make(now=NOON - timedelta(days=31))
        young, _ = keys.make(now=NOON)
        with house.sessions.write() as session:
            session.add(Event(at=NOON - timedelta(days=91), kind=EventKind.STOP_PLACED, facts={}))
        house.tick()
        assert all(one.sealed for one in keys.all())
        clock.set(NOON + MOST_OF_A_DAY)
        house.tick()
        assert [one.id for one in keys.all() if one.sealed] == [young]
        with house.sessions.read() as session:
            assert session.scalars(select(Event).where(Event.at < NOON)).all() == []
            ran = select(JobSlot.result).where(JobSlot.job == "retention")
            assert session.scalars(ran.order_by(JobSlot.id.desc())).first() == {"backups": 1, "event": 1}
    assert [one.mark for one in read_tombstones(settings.tombstones)][-1] is Mark.UPTO
