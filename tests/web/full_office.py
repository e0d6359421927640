"""A console in which every page has something to show, for tests that look at all of them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from models.faq import KeptFaq
from models.report import CampaignForecast
from models.report_views import renew_views
from models.vocabulary import Author, Role, TalkFlag, Topic
from outreach_api.care.find import find_care
from outreach_api.care.report import note_worry
from outreach_api.cases.appeals import About, take_appeal
from outreach_api.catalogue.submissions import submit
from outreach_api.chat.links import make_link
from outreach_api.conversations.marks import add_mark
from outreach_api.reports.definitions import FORECAST_MEASURES
from outreach_api.reports.export import Form
from outreach_api.reports.exporting import Application, ask_for_export
from outreach_api.reports.listing import Filters
from outreach_api.settings import Settings
from outreach_api.stalls.stall_days import StallPlan, plan_stall
from scheduler.planning.campaigns import CampaignDraft, approve_campaign, create_campaign
from scheduler.planning.notices import NoticeAudience
from tests.builders import NOON, a_conversation, a_database, a_match, a_resident, a_staff_member
from tests.web.browsing import served
from tests.web.conftest import FakeHouse
from tests.web.test_policies import a_new_version
from tests.web.test_surveys import a_survey_at_home

POLICY = "elderly-allowance"


@dataclass(frozen=True)
class Office:
    """A console that is being served, and what the parts of its addresses are called."""

    house: FakeHouse
    url: str
    parts: dict[str, str]


@contextlib.contextmanager
def a_full_office(folder: Path, busy_database: tuple[Path, int]) -> Iterator[Office]:
    shutil.copy(busy_database[0], folder / "office.db")
    house = FakeHouse(a_database(f"sqlite:///{folder}/office.db"), Settings(_env_file=None, home=folder))
    with house.sessions.engine.begin() as connection:
        renew_views(connection)
    survey_case = a_survey_at_home(house.sessions)
    parts = _fill(house) | {"policy_id": POLICY, "case_id": str(busy_database[1]), "survey_case": str(survey_case)}
    find_care(house.sessions, {}, today=NOON.date(), now=NOON)
    with served(house) as url:
        yield Office(house, url, parts)
    house.sessions.engine.dispose()


def _fill(house: FakeHouse) -> dict[str, str]:
    with house.sessions.write() as session:
        staff = {role: a_staff_member(session, role, username=role.value, display_name="何晓敏") for role in Role}
        boss = staff[Role.SUPERVISOR]
        for text, department in (("楼下路灯坏了", "街道城管"), ("井盖松了", None)):
            take_appeal(session, text, About(department=department, street="东门街道"), by="staff:1", now=NOON)
        note_worry(session, "隔壁老伯好几天没见出门", reported_by=None, message_id=None, now=NOON)
        day = NOON.date() + timedelta(days=2)
        plan = StallPlan(day, "上午9点到11点半", "翠景花园", "东门街道", estates=("翠景",))
        plan_stall(session, plan, by="staff:1", today=NOON.date(), now=NOON)
        notice = CampaignDraft(
            "高温提醒", NOON.date(), 500, notice="明天高温，请少出门。", audience=NoticeAudience(("东门街道",), 70)
        )
        approve_campaign(session, create_campaign(session, notice, by="staff:1", now=NOON), by="staff:2", now=NOON)
        draft = create_campaign(session, CampaignDraft("秋季", NOON.date(), 50, POLICY), by="staff:1", now=NOON)
        change = submit(session, "card", a_new_version(), house.book.catalogue(), by="staff:1", now=NOON)
        session.add(_a_kept_answer())
        session.add(_a_forecast())
        person = a_resident(session)
        a_match(session, person)
        talk = a_conversation(session, person, (Author.RESIDENT, "答非所问"))
        add_mark(session, talk.id, boss.id, flag=TalkFlag.WRONG_ANSWER, score=2, note="金额说错", now=NOON)
        _, token = make_link(session, person, by="staff:1", now=NOON)
        parts = {"conversation_id": talk.id, "campaign_id": draft.id, "submission_id": change.id}
        parts |= {"resident_id": person.id}
    asked = Application(Filters(policy=POLICY, figure="done"), Form.CSV, "核对已办成名单", promised=True)
    request = ask_for_export(house.sessions, asked, actor="staff:1", now=NOON)
    return {name: str(value) for name, value in parts.items()} | {"token": token, "request_id": str(request.id)}


def _a_kept_answer() -> KeptFaq:
    return KeptFaq(
        policy_id=POLICY, topic=Topic.PROXY, question="儿子在外地能代办吗", answer="可以，带上两人的身份证。",
        proposed_by="staff:1", proposed_at=NOON,
    )  # fmt: skip


def _a_forecast() -> CampaignForecast:
    days, day = 28, NOON.date() - timedelta(days=14)
    bands = {name: [[day, 2.0 * day, 3.0 * day] for day in range(1, days + 1)] for name in FORECAST_MEASURES}
    return CampaignForecast(
        policy_id=POLICY, made_at=NOON - timedelta(days=40), made_by="terminal", days=days, seeds=100, matches=133,
        starts_on=day, assumptions={"text_parts": 2, "yuan_per_part": 0.05}, expected=bands,
    )  # fmt: skip
