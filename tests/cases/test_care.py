"""The care list: who gets on it and why, what reports say it, who sees what, and what was found."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.care import CareEntry
from models.event import AuditEntry
from models.session import Sessions
from models.vocabulary import CareFound, CareReason, ResidentStatus
from outreach_api.care.care_list import HandOverRefused, Wanted, care_list, follow_up, hand_over
from outreach_api.care.find import find_care, pregnancy_policies
from outreach_api.care.report import is_worry, note_worry
from outreach_api.settings import ROOT
from scheduler.policies.load import load_cards
from tests.builders import NOON, a_match, a_resident

TODAY = NOON.date()
PREGNANCY = "maternal-health-check"


@pytest.fixture(scope="module")
def cards() -> dict[str, Any]:
    return dict(load_cards(ROOT / "policies"))


def on_it(session: Session) -> list[tuple[int | None, CareReason]]:
    entries = session.scalars(select(CareEntry).order_by(CareEntry.id))
    return [(entry.resident_id, entry.reason) for entry in entries]


@pytest.mark.engines
def test_who_belongs_there_is_taken_in_once(sessions: Sessions, cards: dict[str, Any]) -> None:
    with sessions.write() as session:
        old = a_resident(session, birth_date=date(1946, 9, 1)).id
        alone = a_resident(session, focus_groups=["独居", "残疾"]).id
        mother = a_match(session, a_resident(session, birth_date=date(1995, 1, 1)), policy_id=PREGNANCY).resident_id
        a_resident(session, birth_date=date(1946, 9, 2))
        a_resident(session, birth_date=date(1930, 1, 1), status=ResidentStatus.DECEASED)
        a_resident(session, focus_groups=["独居"], profiling_refused_at=NOON)
    assert [find_care(sessions, cards, today=TODAY, now=NOON) for _ in range(2)] == [3, 0]
    with sessions.read() as session:
        assert set(on_it(session)) == {
            (old, CareReason.HIGH_AGE),
            (alone, CareReason.LIVING_ALONE),
            (mother, CareReason.PREGNANT),
        }
    # Born a day later they are of age a day later.
    assert find_care(sessions, cards, today=TODAY + timedelta(days=1), now=NOON) == 1


def test_only_what_rests_on_a_pregnancy_says_so(cards: dict[str, Any]) -> None:
    assert pregnancy_policies(cards) == [PREGNANCY]


@pytest.mark.parametrize(
    "said",
    [
        "好几天没见他出门了",
        "隔壁老太太一个人住好几天没见她出来了你们去看看",
        "楼上的老伯三天没有动静了",
        "对门阿婆一个星期都没见人影",
        "没看见楼下爷爷出门有五天了",
    ],
)
def test_a_report_of_somebody_not_seen_is_heard(said: str) -> None:
    assert is_worry(said)


@pytest.mark.parametrize(
    "said",
    [
        "垃圾好几天没人来收",
        "路灯坏了几天没见人来修",
        "我等这个电话等了好几天了",
        "他出门买菜了",
        "好",
    ],
)
def test_what_is_about_a_service_or_nobody_is_not(said: str) -> None:
    assert not is_worry(said)


def test_a_report_comes_first_on_the_list_of_the_reporters_street(sessions: Sessions, cards: dict[str, Any]) -> None:
    with sessions.write() as session:
        reporter = a_resident(session, name="陈秀兰", birth_date=date(1940, 1, 1))
        note_worry(session, "隔壁老伯好几天没见出门，我姓陈秀兰", reported_by=reporter.id, message_id=None, now=NOON)
    find_care(sessions, cards, today=TODAY, now=NOON)
    with sessions.read() as session:
        first, second = care_list(session, Wanted(street="东门街道"))
        assert (first.reasons, first.name, first.community) == ((CareReason.REPORTED,), "", "湖贝社区")
        assert (second.name, second.reasons) == ("陈*", (CareReason.HIGH_AGE,))
        assert "502" not in second.address
        assert care_list(session, Wanted(street="南湖街道")) == []


def test_what_may_not_be_shown_is_left_out(sessions: Sessions, cards: dict[str, Any]) -> None:
    with sessions.write() as session:
        a_match(session, a_resident(session, birth_date=date(1995, 1, 1)), policy_id=PREGNANCY)
    find_care(sessions, cards, today=TODAY, now=NOON)
    with sessions.read() as session:
        assert len(care_list(session, Wanted())) == 1
        assert care_list(session, Wanted(reasons=(CareReason.HIGH_AGE,))) == []


def test_handing_over_writes_all_in_full_and_stands_on_the_record(sessions: Sessions, cards: dict[str, Any]) -> None:
    with sessions.write() as session:
        a_resident(session, name="=陈秀兰", phone="+8613800001234", birth_date=date(1940, 1, 1))
    find_care(sessions, cards, today=TODAY, now=NOON)
    with sessions.write() as session:
        for refused in (Wanted(), Wanted(street="东门街道")):
            with pytest.raises(HandOverRefused):
                hand_over(session, refused, purpose="看", by="staff:1", now=NOON)
        text = hand_over(session, Wanted(street="东门街道"), purpose="重阳节上门看望", by="staff:1", now=NOON)
        in_english = hand_over(
            session, Wanted(street="东门街道"), purpose="重阳节上门看望", by="staff:1", now=NOON, zh=False
        )
        assert in_english.startswith("\ufeffNumber,Name")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(row["姓名"], row["电话"], row["原因"]) for row in rows] == [("'=陈秀兰", "+8613800001234", "高龄")]
    with sessions.read() as session:
        entry = session.scalars(select(CareEntry)).one()
        assert (entry.handed_at, entry.handed_by) == (NOON, "staff:1")
        audit = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).first()
        assert audit
        assert (audit.action, audit.purpose, audit.facts["entries"]) == ("care.hand_over", "重阳节上门看望", 1)


def test_one_visit_answers_all_of_a_persons_entries_and_who_was_not_found_stays(
    sessions: Sessions, cards: dict[str, Any]
) -> None:
    with sessions.write() as session:
        a_resident(session, birth_date=date(1940, 1, 1), focus_groups=["独居"])
    find_care(sessions, cards, today=TODAY, now=NOON)
    with sessions.write() as session:
        (one,) = care_list(session, Wanted())
        assert len(one.entry_ids) == 2
        follow_up(session, one.entry_ids[0], CareFound.NOT_FOUND, note="没人开门", by="staff:1", now=NOON)
        (still,) = care_list(session, Wanted())
        assert (still.found, still.note) == (CareFound.NOT_FOUND, "没人开门")
        for entry_id in one.entry_ids:
            follow_up(session, entry_id, CareFound.WELL, note=None, by="staff:1", now=NOON)
        assert care_list(session, Wanted()) == []
        assert len(care_list(session, Wanted(open_only=False))) == 1
