"""Items that departments submit: two people, and every answer from the version that counts on the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models.event import AuditEntry, Event
from models.session import Sessions
from models.vocabulary import Channel, EventKind, SubmissionState, Topic
from outreach_api.catalogue.book import Book
from outreach_api.catalogue.refused import SubmissionRefused
from outreach_api.catalogue.submissions import CardFaults, approve, refuse, submissions, submit
from outreach_api.clock import VirtualClock
from scheduler.policies.answers import Answer, answer
from scheduler.policies.load import load_catalogue
from tests.builders import a_database

FOLDER = Path(__file__).parents[2] / "policies"
SHIPPED = load_catalogue(FOLDER)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
CARE = (FOLDER / "severe-disability-care-subsidy.yaml").read_text(encoding="utf-8")


def raised(*, version: int = 2, start: str = "2026-04-01", yuan: int = 480) -> str:
    text = CARE.replace("version: 1", f"version: {version}").replace("yuan: 452", f"yuan: {yuan}")
    return text.replace("effective_from: 2023-05-01\neffective_to", f"effective_from: {start}\neffective_to")


class Office:
    """Two people and the book that the house answers from."""

    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions
        self.clock = VirtualClock(NOW)
        self.book = Book(lambda: SHIPPED, sessions, self.clock, ZONE)

    def submit(self, text: str, by: str = "王芳") -> int:
        with self.sessions.write() as session:
            return submit(session, "card.yaml", text, self.book.catalogue(), by=by, now=NOW).id

    def approve(self, submission: int, by: str = "李强") -> None:
        with self.sessions.write() as session:
            approve(session, submission, self.book.catalogue(), by=by, now=NOW)
        self.clock.set(self.clock.now() + timedelta(minutes=1))

    def says_on(self, day: date) -> str:
        self.clock.set(datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
        card = self.book.today()["severe-disability-care-subsidy"]
        given = answer(card, Topic.AMOUNT, age_years=40, today=day, channel=Channel.SMS)
        assert isinstance(given, Answer)
        return given.text


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(a_database(f"sqlite:///{tmp_path}/office.db"))


def test_an_approved_change_counts_from_its_day_without_a_restart(office: Office) -> None:
    assert "452元" in office.says_on(date(2026, 3, 2))
    office.approve(office.submit(raised()))
    assert "452元" in office.says_on(date(2026, 3, 31))
    assert "480元" in office.says_on(date(2026, 4, 1))
    assert office.book.on(date(2026, 3, 31))["severe-disability-care-subsidy"].version == 1


def test_what_is_not_approved_changes_nothing(office: Office) -> None:
    office.submit(raised())
    assert "452元" in office.says_on(date(2026, 5, 1))


@pytest.mark.parametrize("same", ["Wang Fang", "  wang   FANG "])
def test_the_same_person_may_not_approve(office: Office, same: str) -> None:
    submission = office.submit(raised(), by="Wang Fang")
    with pytest.raises(SubmissionRefused, match="second person"):
        office.approve(submission, by=same)


def test_a_decided_submission_is_not_decided_again(office: Office) -> None:
    submission = office.submit(raised())
    with office.sessions.write() as session:
        refuse(session, submission, by="李强", because="金额写错", now=NOW)
    with pytest.raises(SubmissionRefused, match="already"):
        office.approve(submission, by="赵六")
    with pytest.raises(SubmissionRefused, match="no submission 99"):
        office.approve(99)


def test_faults_are_told_with_their_lines_and_nothing_is_kept(office: Office) -> None:
    with pytest.raises(CardFaults, match=r"card\.yaml:\d+: kind: .*use one of"):
        office.submit(raised().replace("kind: cash", "kind: money"))
    with office.sessions.read() as session:
        assert not submissions(session)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (raised(version=1), "submit this as version 2"),
        (raised(start="2023-05-01"), "later day"),
        (raised(start="null"), "from which day"),
    ],
)
def test_a_version_follows_the_one_that_is_there(office: Office, text: str, why: str) -> None:
    with pytest.raises(SubmissionRefused, match=why):
        office.submit(text)


def test_one_version_waits_once_and_the_next_follows_an_approved_one(office: Office) -> None:
    first = office.submit(raised())
    with pytest.raises(SubmissionRefused, match="waits for approval already"):
        office.submit(raised(yuan=500))
    office.approve(first)
    office.approve(office.submit(raised(version=3, start="2026-05-01", yuan=500)))
    assert "480元" in office.says_on(date(2026, 4, 30))
    assert "500元" in office.says_on(date(2026, 5, 1))


def test_a_new_item_is_there_from_its_day(office: Office) -> None:
    new = raised(version=1).replace("id: severe-disability-care-subsidy", "id: winter-heating")
    office.approve(office.submit(new))
    card = office.book.on(date(2026, 3, 31))["winter-heating"]
    assert not card.is_pushable(date(2026, 3, 31))
    assert card.is_pushable(date(2026, 4, 1))


def test_every_step_is_an_event_and_audited(office: Office) -> None:
    office.approve(office.submit(raised()))
    with office.sessions.read() as session:
        states = [
            event.facts["state"]
            for event in session.scalars(select(Event).where(Event.kind == EventKind.POLICY_CHANGED))
        ]
        audited = [(entry.actor, entry.action) for entry in session.scalars(select(AuditEntry))]
    assert states == [SubmissionState.SUBMITTED, SubmissionState.APPROVED]
    assert audited == [("王芳", "policy.submit"), ("李强", "policy.approve")]
