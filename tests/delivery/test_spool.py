"""The database is away: what arrives waits on the disk, sealed, and comes in before anything is sent."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from models.column_types import key_ring
from models.contact import Contact, Receipt
from models.conversation import Inbound
from models.resident import Phone
from models.session import Sessions, make_engine
from models.vocabulary import Channel, ContactState
from outreach_api import loops
from outreach_api.arrived import Arrival, Followed, Status, Text, arrival_of, drain, entry_of, write_rows
from outreach_api.bootstrap import House
from outreach_api.catalogue.book import Book
from outreach_api.conversations.bot import BotUnavailable
from outreach_api.loops import Passes
from outreach_api.settings import Settings
from outreach_api.spool import ARRIVED, DRAINING, REFUSED, Entry, Spool, SpoolFault, Waiting
from outreach_api.voice.statuses import CallStatus
from outreach_api.web.webhooks import spool_of
from outreach_api.wechat.arrivals import Door as WechatDoor
from outreach_api.wechat.messages import Arrived
from tests.builders import NOON
from tests.delivery.office import Office
from tests.delivery.test_arrivals import a_status, a_text
from tests.delivery.test_webhooks import INBOUND, STATUS, STATUS_OF_7, TEXT, Door
from tests.web.conftest import catalogue

AWAY = OperationalError("INSERT", None, ConnectionError())
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
WROTE = Arrived("openid-1", "gh_1", "text", "退订", "", "", "msg-1", ({"TemplateId": "t"},))
FOLLOWED = Followed(WROTE, WechatDoor("signed", NOON))
CALL = CallStatus("twilio", "CA1", "completed", NOON, contact_id=7, answered_by="human", seconds=31)


@pytest.fixture
def spool(tmp_path: Path, office: Office) -> Spool:
    return Spool(tmp_path / "spool", key_ring(), most_bytes=100_000)


class Deaf:
    """An assistant that is not asked."""

    def turn(self, text: str, state: Any) -> Any:
        raise BotUnavailable("away")


def a_house(office: Office, folder: Path) -> House:
    settings = Settings(_env_file=None, home=folder, carrier_connections=1)
    book = Book(catalogue, office.sessions, office.clock, settings.zone)
    return House(settings, key_ring(), office.sessions, office.clock, book, office.carriers, Deaf())


def away() -> None:
    raise AWAY


def taken_by(spool: Spool) -> list[Entry]:
    taken: list[Entry] = []
    spool.drain(taken.extend)
    return taken


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    """Webhooks whose database refuses every connection."""
    door = Door(tmp_path)
    house = door.http.app.state.house  # type: ignore[attr-defined]
    house.settings.home = tmp_path
    house.sessions = Sessions(make_engine(NOWHERE))
    yield door
    door.sessions.engine.dispose()


def test_a_carrier_is_answered_once_its_text_is_on_the_disk(door: Door, tmp_path: Path) -> None:
    assert [door.post(INBOUND, TEXT).status_code, door.post(STATUS_OF_7, STATUS).status_code] == [200, 204]
    assert door.post(INBOUND, TEXT | {"Body": "forged"}, token="another").status_code == 403
    on_disk = (tmp_path / "spool" / ARRIVED).read_bytes()
    assert on_disk.count(b"\n") == 2
    assert "想办理".encode() not in on_disk
    assert b"13800138001" not in on_disk
    assert (tmp_path / "spool" / ARRIVED).stat().st_mode & 0o077 == 0


def test_where_the_disk_is_full_as_well_the_carrier_has_to_come_again(door: Door) -> None:
    house = door.http.app.state.house  # type: ignore[attr-defined]
    house.settings.spool_megabytes = 0
    assert [door.post(INBOUND, TEXT).status_code, door.post(STATUS_OF_7, STATUS).status_code] == [503, 503]
    assert spool_of(house).is_empty()


def test_a_stop_on_the_spool_binds_before_anything_is_sent(office: Office, tmp_path: Path) -> None:
    house = a_house(office, tmp_path)
    stopped, other = office.due(), office.due()
    with office.sessions.read() as session:
        number = session.get_one(Phone, session.get_one(Contact, stopped).phone_id).number
    index = key_ring().blind_index(number, kind="phone")
    stop = a_text("SM1", sender=number, sender_index=index, text="退订")
    assert house.spool.keep(away, [entry_of(stop)]) is None
    house.work_off()
    assert office.contact(stopped).state is ContactState.CANCELLED
    assert office.contact(other).state is ContactState.ACCEPTED
    assert [text.contact_id for text in office.carrier.accepted if text.contact_id == stopped] == []


def test_while_the_database_is_away_nothing_is_sent(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = a_house(office, tmp_path)
    office.due()
    house.spool.append([entry_of(a_text("SM1"))])
    monkeypatch.setattr("outreach_api.arrived.write_rows", lambda *_: away())
    with pytest.raises(OperationalError):
        house.work_off()
    assert not office.carrier.accepted
    assert not house.spool.is_empty()


def test_what_comes_behind_others_waits_behind_them(spool: Spool) -> None:
    spool.keep(away, [{"at": 1}])
    assert spool.keep(lambda: "written", [{"at": 2}]) is None
    assert [entry["at"] for entry in taken_by(spool)] == [1, 2]
    assert spool.keep(lambda: "written", [{"at": 3}]) == "written"


def test_a_drain_that_is_cut_short_begins_again_and_nothing_is_twice(spool: Spool, office: Office) -> None:
    spool.append([entry_of(a_text(f"SM{number}")) for number in range(3)])
    given: list[int] = []

    def written_but_not_told(entries: Sequence[Entry]) -> None:
        given.append(drain_into(office, entries))
        raise AWAY

    with pytest.raises(OperationalError):
        spool.drain(written_but_not_told)
    assert spool.waiting() == Waiting(3, 0)
    spool.append([entry_of(a_text("SM9")), entry_of(a_status("SM9"))])
    assert drain(spool, office.sessions, a_house(office, Path()).calls) == 5
    with office.sessions.read() as session:
        assert session.scalars(select(Inbound.provider_ref).order_by(Inbound.id)).all() == ["SM0", "SM1", "SM2", "SM9"]
        assert len(session.scalars(select(Receipt.id)).all()) == 1
    assert spool.is_empty()


def drain_into(office: Office, entries: Sequence[Entry]) -> int:
    rows = [arrival for arrival in map(arrival_of, entries) if isinstance(arrival, Text | Status)]
    return len(write_rows(office.sessions, rows))


def test_one_that_no_database_takes_is_kept_aside_and_holds_nobody_up(spool: Spool, tmp_path: Path) -> None:
    spool.append([{"at": number} for number in range(4)])
    taken: list[Entry] = []

    def take(entries: Sequence[Entry]) -> None:
        if any(entry["at"] == 2 for entry in entries):
            raise IntegrityError("INSERT", None, ValueError())
        taken.extend(entries)

    assert spool.drain(take) == 3
    assert [entry["at"] for entry in taken] == [0, 1, 3]
    assert spool.waiting() == Waiting(0, refused=1)
    assert (tmp_path / "spool" / REFUSED).read_text().startswith("k1.")


@pytest.mark.parametrize("name", [ARRIVED, DRAINING])
def test_half_a_line_of_a_crash_takes_no_other_with_it(spool: Spool, tmp_path: Path, name: str) -> None:
    """Nobody was answered for it."""
    spool.append([{"at": 1}])
    file = tmp_path / "spool" / ARRIVED
    with file.open("ab") as torn:
        torn.write(b"k1.half-a-li")
    file.rename(file.with_name(name))
    spool.append([{"at": 2}])
    assert [entry["at"] for entry in taken_by(spool)] == [1, 2]
    assert spool.waiting() == Waiting(0, refused=1)


def test_a_full_spool_refuses_and_keeps_what_it_has(spool: Spool) -> None:
    for _ in range(3):
        spool.append([{"text": "x" * 15_000}])
    with pytest.raises(SpoolFault, match="full"):
        spool.append([{"text": "x" * 50_000}])
    assert spool.waiting().entries == 3
    assert len(taken_by(spool)) == 3


def test_a_disk_that_fills_up_in_the_middle_of_a_line_leaves_none(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.append([{"at": 1}])
    write = os.write
    parts = iter([10])

    def fills_up(handle: int, block: bytes) -> int:
        room = next(parts, 0)
        if not room:
            raise OSError(28, "No space left on device")
        return write(handle, block[:room])

    monkeypatch.setattr("outreach_api.spool.os.write", fills_up)
    with pytest.raises(SpoolFault, match="cannot be written"):
        spool.append([{"at": 2}])
    monkeypatch.undo()
    assert (tmp_path / "spool" / ARRIVED).read_bytes().endswith(b"\n")
    assert [entry["at"] for entry in taken_by(spool)] == [1]


def test_processes_share_one_order(tmp_path: Path, office: Office) -> None:
    """Each has a spool of its own on the same folder, and one drains meanwhile."""
    folder = tmp_path / "spool"

    def write(first: int) -> None:
        mine = Spool(folder, key_ring(), most_bytes=1_000_000)
        for number in range(first, first + 30):
            mine.append([{"at": number}])

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 100)]
    for writer in writers:
        writer.start()
    reader, taken = Spool(folder, key_ring(), most_bytes=1_000_000), list[int]()
    while any(writer.is_alive() for writer in writers) or not reader.is_empty():
        reader.drain(lambda entries: taken.extend(entry["at"] for entry in entries))
    assert sorted(taken) == [*range(30), *range(100, 130)]
    assert [at for at in taken if at < 100] == list(range(30))


def test_what_is_read_back_is_what_arrived(spool: Spool) -> None:
    arrivals: list[Arrival] = [a_text("SM1"), a_status("SM1"), FOLLOWED, CALL]
    spool.append([entry_of(arrival) for arrival in arrivals])
    assert [arrival_of(entry) for entry in taken_by(spool)] == arrivals


def test_what_an_account_heard_and_what_became_of_a_call_come_in_too(
    spool: Spool, office: Office, tmp_path: Path
) -> None:
    again = replace(FOLLOWED, door=WechatDoor("signed again", NOON))
    spool.append([entry_of(one) for one in (FOLLOWED, a_status("SM1"), CALL, FOLLOWED, again)])
    drain(spool, office.sessions, a_house(office, tmp_path).calls)
    with office.sessions.read() as session:
        (heard,) = session.scalars(select(Inbound)).all()
        assert (heard.text, heard.channel) == ("退订", Channel.CHAT)
        receipts = session.execute(select(Receipt.provider_ref, Receipt.status).order_by(Receipt.id)).all()
    assert receipts == [("SM1", "sent"), ("CA1", "call.completed")]


def test_after_an_outage_others_have_time_to_write_before_anything_is_sent(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    answers = iter([AWAY, None, None])

    def work() -> int:
        fault = next(answers)
        order.append("away" if fault else "worked")
        if fault:
            raise fault
        return 1

    class Worked:
        sessions, clock = office.sessions, office.clock

        def catch_up(self) -> int:
            order.append("caught up")
            return 0

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            order.append(f"waited {timeout:.0f}")
            return False

    monkeypatch.setattr(loops, "began_within", lambda *_: False)
    passes = Passes(Worked(), work, Stop())
    with pytest.raises(OperationalError):
        passes()
    passes()
    passes()
    assert order == ["caught up", "away", "waited 10", "caught up", "worked", "worked"]
