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
from outreach_api.privacy.beside import REFUSED_LASTS
from outreach_api.privacy.tombstones import Mark, read_tombstones
from outreach_api.settings import Settings
from outreach_api.spool import Spool
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


def test_what_no_database_took_goes_ninety_days_after_it_was_found(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, home=tmp_path, look_ahead=False)
    with open_house(settings, clock=VirtualClock(NOON), durability=Durability.PROCESS_LOSS) as house:
        refused = settings.spool_folder / "refused"
        refused.parent.mkdir(parents=True)
        refused.write_text("a line\nanother\n")
        spool = Spool.of(settings, house.ring)
        assert house.terms.forget(house.sessions, by="terminal", now=NOON).refused == 0
        assert not refused.exists()
        refused.write_text("a third\n")
        assert spool.waiting().refused == 3
        over = NOON + REFUSED_LASTS + timedelta(seconds=1)
        assert house.terms.due(now=over).refused == 2
        assert spool.waiting().refused == 3, "a dry run changes nothing"
        assert house.terms.forget(house.sessions, by="terminal", now=over).refused == 2
        assert spool.waiting().refused == 1
