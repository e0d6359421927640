"""The restore drill: a backup is taken while texts go out, the house is lost, and comes back without harm."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select

from models.column_types import key_ring
from models.contact import Contact
from models.conversation import ContactStop, Inbound, Message
from models.crypto import new_key_ring
from models.match import Match
from models.resident import BARE, Resident
from models.session import Sessions, make_engine
from models.vocabulary import Channel, ContactState, Direction, MatchState, StopReason
from outreach_api.backup import BackupFault, back_up, bring_back
from outreach_api.backup_keys import BackupKeys
from outreach_api.channels.carrier import HeardMessage, OutgoingText
from outreach_api.conversations.inbox import answer_due
from outreach_api.delivery.replay import ReplayIncomplete, ReplayReport, replay_since
from outreach_api.privacy.rights import Right, ask_for, carry_out
from outreach_api.privacy.tombstones import (
    Reburied,
    TombstonesFault,
    keep_tombstones,
    put_into_force,
    read_tombstones,
)
from outreach_api.settings import ROOT
from scheduler.matching.intake import take_in
from scheduler.matching.population import Population
from scheduler.planning.stops import StopScope, place_stop, release_stop, standing_stop
from scheduler.policies.card import PolicyCard
from scheduler.policies.load import load_cards
from tests.builders import NOON, a_key_ring, a_match, a_resident
from tests.conversations.street import ScriptedBot
from tests.delivery.office import Office
from tests.engines import Engine, databases

pytestmark = pytest.mark.engines

MINUTE = timedelta(minutes=1)
ELEVEN_MINUTES = 11 * MINUTE
PEOPLE = 24


@pytest.fixture(scope="module")
def cards() -> Mapping[str, PolicyCard]:
    return load_cards(ROOT / "policies")


class Drill:
    """An office with an inbox, its backup, and the office that comes back from it."""

    def __init__(self, office: Office, cards: Mapping[str, PolicyCard], backup: Path) -> None:
        self.office = office
        self.cards = cards
        self.backup = backup
        self.tombstones = backup.with_name("tombstones.jsonl")
        self.keys = BackupKeys(backup.with_name("backup-keys.json"), a_key_ring())
        self.bot = ScriptedBot()
        self.written = 0

    def back_up(self) -> None:
        back_up(self.office.sessions.engine, self.keys, self.backup, now=self.office.clock.now())

    def writes(self, contact_id: int, text: str) -> None:
        """A resident writes; the carrier keeps it, and our webhook committed it."""
        self.written += 1
        now, number = self.office.clock.now(), self.office.phone(contact_id).number
        self.office.carrier.heard.append(HeardMessage(f"SMin{self.written}", number, "+10690", text, now))
        with self.office.sessions.write() as session:
            session.add(
                Inbound(
                    provider="twilio",
                    provider_ref=f"SMin{self.written}",
                    channel=Channel.SMS,
                    sender=number,
                    sender_index=key_ring().blind_index(number, kind="phone"),
                    recipient="+10690",
                    text=text,
                    received_at=now,
                    due_at=now,
                )
            )

    def answer(self) -> None:
        while answer_due(self.office.sessions, self.bot, self.cards, self.office.clock).inbound_ids:
            pass

    def is_lost_and_restored(self, url: str) -> None:
        """Everything since the backup is gone; the carrier is not."""
        before = self.office
        before.sessions.engine.dispose()
        bring_back(self.backup, url, self.keys)
        self.office = Office.__new__(Office)
        self.office.sessions = Sessions(make_engine(url))
        self.office.clock, self.office.carrier, self.office.carriers = before.clock, before.carrier, before.carriers

    def replay(self, since: datetime) -> ReplayReport:
        office = self.office
        return replay_since(office.sessions, office.carriers, self.answer, since=since, now=office.clock.now())

    def goes_on(self) -> None:
        """A day of ordinary work: what comes too late to be an answer waits for the next day's budget."""
        for pause in (ELEVEN_MINUTES, ELEVEN_MINUTES, timedelta(days=1)):
            self.answer()
            self.office.deliver()
            self.office.wait(pause)
            self.office.reconcile()
        self.office.deliver()

    def asks_to_be_erased(self, contact_id: int) -> str:
        """Their key, by which the departments' files know them."""
        office, now = self.office, self.office.clock.now()
        with office.sessions.write() as session:
            resident = session.get_one(Resident, session.get_one(Contact, contact_id).resident_id)
            case = ask_for(session, resident.id, Right.ERASURE, words="", by="staff:1", now=now)
            key = resident.person_key
            carry_out(session, case.id, by="staff:1", now=now)
        self.keeps_tombstones()
        return key

    def keeps_tombstones(self) -> None:
        keep_tombstones(self.office.sessions, self.tombstones, now=self.office.clock.now())

    def forgets_again(self) -> Reburied:
        return put_into_force(self.office.sessions, read_tombstones(self.tombstones), now=self.office.clock.now())

    def resident(self, key: str) -> Resident:
        known: dict[str, Resident] = {one.person_key: one for one in self.all(Resident)}
        return known[key]

    def all(self, table: Any) -> list[Any]:
        with self.office.sessions.read() as session:
            rows: list[Any] = list(session.scalars(select(table)))
            session.expunge_all()
            return rows


@pytest.fixture
def empty_url(tmp_path: Path) -> Iterator[str]:
    """Where there is no database yet."""
    if databases.in_use is Engine.SQLITE:
        yield f"sqlite:///{tmp_path}/restored.db"
        return
    name = databases.cluster().create_database()
    yield databases.cluster().url(name)
    databases.cluster().drop_database(name)


@pytest.fixture
def drill(tmp_path: Path, cards: Mapping[str, PolicyCard]) -> Iterator[Drill]:
    drill = Drill(Office(f"sqlite:///{tmp_path}/office.db"), cards, tmp_path / "backup")
    yield drill
    drill.office.sessions.engine.dispose()


def test_a_backup_under_load_comes_back_with_nothing_lost_and_nothing_twice(drill: Drill, empty_url: str) -> None:
    office = drill.office
    offers = [office.due() for _ in range(PEOPLE)]

    def in_the_middle(message: OutgoingText) -> None:
        if len(office.carrier.accepted) == PEOPLE // 3:
            drill.back_up()

    office.carrier.before_send = in_the_middle
    drill.writes(offers[0], "你是谁")
    office.deliver()
    office.carrier.before_send = lambda _: None
    taken_at = office.clock.now()

    office.wait(5 * MINUTE)
    for contact_id in offers[:6]:
        drill.writes(contact_id, "有多少钱")
    drill.answer()
    with office.sessions.write() as session:
        someone = a_resident(session)
        session.flush()
        assert someone.id
    late = office.due()
    office.deliver()
    for contact_id in offers[6:12]:
        drill.writes(contact_id, "要带什么")
    before = len(office.carrier.accepted)
    assert before == PEOPLE + 1 + 7

    office.wait(20 * MINUTE)
    drill.is_lost_and_restored(empty_url)
    office = drill.office
    report = drill.replay(taken_at)
    assert report.heard == 12
    assert report.taken_down >= 1
    drill.goes_on()

    texts = Counter((message.to, message.text) for message in office.carrier.accepted)
    assert set(texts.values()) == {1}, "somebody was told the same thing twice"
    assert len(office.carrier.accepted) == before + 6, "the six who were not answered yet are, once"
    contacts = drill.all(Contact)
    assert not [each for each in contacts if each.state in (ContactState.UNKNOWN, ContactState.SENDING)]
    known = Counter(each.provider_ref for each in contacts if each.provider_ref)
    assert known == Counter(message.provider_ref for message in office.carrier.listed)
    assert max(each.id for each in contacts) > late + 1000, "no id is given twice"
    heard = Counter(each.inbound_id for each in drill.all(Message) if each.direction is Direction.IN)
    assert heard == dict.fromkeys((each.id for each in drill.all(Inbound)), 1)
    assert len(heard) == 13


def test_replaying_again_changes_nothing_more(drill: Drill, empty_url: str) -> None:
    offers = [drill.office.due() for _ in range(3)]
    drill.back_up()
    drill.office.deliver()
    drill.writes(offers[0], "有多少钱")
    drill.answer()
    drill.office.deliver()
    drill.office.wait(MINUTE)
    drill.is_lost_and_restored(empty_url)
    assert drill.replay(NOON) == ReplayReport(held=3, heard=1, found=4, taken_down=0)
    assert drill.replay(NOON) == ReplayReport(held=0, heard=0, found=0, taken_down=0)


def test_receipts_of_texts_the_backup_did_not_know_find_them(drill: Drill, empty_url: str) -> None:
    drill.back_up()
    lost = drill.office.due()
    drill.office.deliver()
    ref = drill.office.contact(lost).provider_ref
    drill.is_lost_and_restored(empty_url)
    assert drill.replay(NOON).taken_down == 1
    drill.office.receipt(lost, "delivered", ref=ref)
    drill.office.apply()
    (contact,) = drill.all(Contact)
    assert (contact.state, contact.text) == (ContactState.DELIVERED, drill.office.carrier.listed[0].text)


def test_without_a_whole_listing_nothing_is_let_go(drill: Drill, empty_url: str) -> None:
    drill.office.due()
    drill.back_up()
    drill.office.deliver()
    drill.is_lost_and_restored(empty_url)
    drill.office.carrier.listing_complete = False
    with pytest.raises(ReplayIncomplete):
        drill.replay(NOON)
    drill.office.deliver()
    assert len(drill.office.carrier.accepted) == 1


def test_a_backup_is_never_put_over_what_is_there(drill: Drill, empty_url: str) -> None:
    drill.office.due()
    drill.back_up()
    with pytest.raises(BackupFault, match="never written over"):
        drill.back_up()
    bring_back(drill.backup, empty_url, drill.keys)
    with pytest.raises(BackupFault, match=r"move it away|has tables"):
        bring_back(drill.backup, empty_url, drill.keys)


def test_a_damaged_backup_or_one_without_its_keys_is_refused(drill: Drill, empty_url: str) -> None:
    drill.back_up()
    with pytest.raises(BackupFault, match="not on the key ring"):
        bring_back(drill.backup, empty_url, BackupKeys(drill.keys.file, new_key_ring()))
    file = next(path for path in drill.backup.iterdir() if path.suffix != ".json")
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BackupFault, match="not as it was written"):
        bring_back(drill.backup, empty_url, drill.keys)
    (drill.backup / "manifest.json").write_text("{}")
    with pytest.raises(BackupFault, match="no whole backup"):
        bring_back(drill.backup, empty_url, drill.keys)


def test_no_key_is_in_a_backup(drill: Drill) -> None:
    drill.back_up()
    assert {path.name for path in drill.backup.iterdir()} <= {
        "manifest.json",
        "outreach.db.sealed",
        "outreach.dump.sealed",
    }
    manifest = json.loads((drill.backup / "manifest.json").read_text())
    assert manifest["key_ids"] == ["k1"]


@pytest.mark.parametrize("knows_the_tombstones", [False, True])
def test_an_old_backup_brings_nobody_erased_back_into_contact(
    drill: Drill, empty_url: str, knows_the_tombstones: bool
) -> None:
    planned = drill.office.due(due_at=NOON + timedelta(days=2), text="您好，陈秀兰")
    drill.back_up()
    drill.office.wait(timedelta(days=1))
    key = drill.asks_to_be_erased(planned)
    drill.is_lost_and_restored(empty_url)
    if knows_the_tombstones:
        assert drill.forgets_again() == Reburied(erased=1, refused=0, stopped=0)
        assert drill.forgets_again() == Reburied(0, 0, 0)
    drill.replay(NOON)
    drill.office.wait(timedelta(days=1, hours=1))
    drill.goes_on()
    # Without the list they would be: that is what it is for.
    assert len(drill.office.carrier.accepted) == (0 if knows_the_tombstones else 1)
    if knows_the_tombstones:
        resident = drill.resident(key)
        assert (resident.name, resident.id_number, resident.erased_at is not None) == ("", None, True)
        assert [match.state for match in drill.all(Match)] == [MatchState.OPTED_OUT]
        assert {contact.text for contact in drill.all(Contact)} <= {""}


def test_whoever_a_backup_never_knew_is_known_as_erased_to_the_next_import(drill: Drill, empty_url: str) -> None:
    drill.back_up()
    key = drill.asks_to_be_erased(drill.office.due(due_at=NOON + timedelta(days=2)))
    drill.is_lost_and_restored(empty_url)
    assert drill.forgets_again().erased == 1
    with drill.office.sessions.write() as session:
        # A population that is never asked: nobody is missing.
        taken = take_in(session, cast(Population, None), [key], now=NOON)
        assert taken[key].erased_at is not None
        assert standing_stop(session, resident_id=taken[key].id, phone_id=None) is StopReason.OPT_OUT


def test_what_was_asked_for_since_the_backup_stands_and_what_was_released_does_not(
    drill: Drill, empty_url: str
) -> None:
    office, hour = drill.office, timedelta(hours=1)
    with office.sessions.write() as session:
        stopped, refusing, changed = (a_match(session).resident_id for _ in range(3))
    drill.back_up()
    office.wait(hour)
    with office.sessions.write() as session:
        now = office.clock.now()
        for resident_id in (stopped, changed):
            scope = StopScope(resident_id, session.get_one(Resident, resident_id).phones[0].phone_id)
            place_stop(session, StopReason.DECEASED, scope, placed_by="staff:1", message_id=None, now=now)
        ask_for(session, refusing, Right.REFUSE_PROFILING, words="", by="staff:1", now=now)
    drill.keeps_tombstones()
    office.wait(hour)
    with office.sessions.write() as session:
        stop = session.scalars(select(ContactStop).where(ContactStop.resident_id == changed)).one()
        release_stop(session, stop, by="staff:1", why="弄错了", now=office.clock.now())
    drill.keeps_tombstones()
    drill.is_lost_and_restored(empty_url)
    assert drill.forgets_again() == Reburied(erased=0, refused=1, stopped=1)
    with drill.office.sessions.read() as session:
        assert standing_stop(session, resident_id=stopped, phone_id=None) is StopReason.DECEASED
        assert standing_stop(session, resident_id=changed, phone_id=None) is None
        assert session.get_one(Resident, refusing).profiling_refused_at == NOON + hour


def test_a_stop_of_somebody_the_backup_never_knew_waits_for_them(drill: Drill, empty_url: str) -> None:
    drill.back_up()
    contact = drill.office.contact(drill.office.due())
    with drill.office.sessions.write() as session:
        key = session.get_one(Resident, contact.resident_id).person_key
        scope = StopScope(contact.resident_id, contact.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="visit", message_id=None, now=NOON)
    drill.keeps_tombstones()
    drill.is_lost_and_restored(empty_url)
    assert drill.forgets_again().stopped == 1
    row = {
        "person_key": key, "name_sealed": a_key_ring().seal("陈秀兰", context="resident.name"),
        "phone_sealed": None, "phone_index": None, "id_number_sealed": None, "address_sealed": None,
        "birth_date": None, "sex": "female", "street": "东门街道", "community": None,
        "credit_code": None, "age_years": None,
    }  # fmt: skip
    population = cast(Population, SimpleNamespace(identities=lambda keys: dict.fromkeys(keys, row)))
    assert drill.resident(key).name_index == BARE
    with drill.office.sessions.write() as session:
        taken = take_in(session, population, [key], now=NOON)[key]
        assert (taken.name, taken.street) == ("陈秀兰", "东门街道")
        assert standing_stop(session, resident_id=taken.id, phone_id=None) is StopReason.OPT_OUT


def test_when_its_key_is_destroyed_no_copy_of_a_backup_can_be_opened(drill: Drill, empty_url: str) -> None:
    drill.office.due(text="您好，陈秀兰")
    drill.back_up()
    copy = drill.backup.with_name("copy")
    shutil.copytree(drill.backup, copy)
    assert drill.keys.destroy(taken_before=NOON + MINUTE, now=NOON + MINUTE)
    for folder in (drill.backup, copy):
        with pytest.raises(BackupFault, match="key was destroyed"):
            bring_back(folder, empty_url, drill.keys)


def test_tombstones_name_nobody_and_a_damaged_list_says_where(drill: Drill) -> None:
    with drill.office.sessions.read() as session:
        assert session.scalars(select(Resident)).first() is None
    planned = drill.office.due()
    number = drill.office.phone(planned).number
    drill.asks_to_be_erased(planned)
    written = drill.tombstones.read_text()
    assert [one.mark.value for one in read_tombstones(drill.tombstones)] == ["erased", "stopped", "upto"]
    drill.office.wait(MINUTE)
    drill.keeps_tombstones()
    assert drill.tombstones.read_text() == written, "nothing new, nothing written"
    assert "陈秀兰" not in written
    assert number not in written
    drill.tombstones.write_text(written + "{}\n")
    with pytest.raises(TombstonesFault, match="line 4"):
        read_tombstones(drill.tombstones)
