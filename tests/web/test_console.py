from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.carrier import CarrierBreaker
from models.case import Case
from models.enterprise import Enterprise
from models.event import AuditEntry
from models.vocabulary import Author, BreakerState, CaseKind, CaseState, MatchState, Role
from outreach_api.cases.work_case import Assignee, accept
from scheduler.planning.pauses import standing_pauses
from tests.builders import NOON, a_case, a_conversation, a_firm, a_match, a_resident, a_staff_member
from tests.web.conftest import FakeHouse, TestClient, form_token

SignedIn = Callable[[Role], TestClient]
NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=HYPERLINK(1)", "' OR 1=1 --", "{{ 7*7 }}")


def do(client: TestClient, path: str, **form: str) -> str:
    """Send a form as the case page would; where it leads."""
    page = client.get(path.split("/work")[0].split("/reveal")[0]).text
    version = re.search(r'name="version" value="(\d+)"', page)
    form = {"csrf": form_token(page), "version": version.group(1) if version else "0"} | form
    return str(client.post(path, data=form).headers.get("location", ""))


def test_the_overview_counts_every_match_once(busy_case: int, signed_in: SignedIn) -> None:
    parts, total = _counts(signed_in(Role.SUPERVISOR).get("/").text)
    assert sum(parts) == total == 244


def test_who_sees_nobody_sees_the_overview_in_tens(busy_case: int, signed_in: SignedIn) -> None:
    parts, total = _counts(signed_in(Role.ANALYST).get("/").text)
    assert total == 240
    assert all(part % 10 == 0 for part in parts)
    assert sum(parts) < total


def _counts(overview: str) -> tuple[list[int], int]:
    assert "高龄老人津贴" in overview
    *parts, total = re.findall(r'<td class="n strong"[^>]*>(\d+)</td>', overview)
    return [int(part) for part in parts], int(total)


def test_an_analyst_sees_counts_and_no_case(busy_case: int, signed_in: SignedIn) -> None:
    client = signed_in(Role.ANALYST)
    assert 'href="/cases' not in client.get("/").text
    assert client.get(f"/cases/{busy_case}").status_code == 403


def test_no_page_shows_a_name_a_number_or_a_house(busy_case: int, signed_in: SignedIn) -> None:
    client = signed_in(Role.SUPERVISOR)
    for path in ("/", "/cases", f"/cases/{busy_case}", "/conversations/1"):
        page = client.get(path).text
        for secret in ("陈秀兰", "13800001234", "湖贝路", "4403031951"):
            assert secret not in page, (path, secret)


def test_a_firm_is_shown_by_its_published_name_and_its_clerk_is_not(signed_in: SignedIn, house: FakeHouse) -> None:
    with house.sessions.write() as session:
        firm = a_firm(session, phone="+8613700004321")
        talk = a_conversation(session, firm, (Author.RESIDENT, "我是何敏，公司要怎么办"))
        case = a_case(session, a_match(session, firm, policy_id="startup-subsidy"), conversation_id=talk.id)
        code = session.get_one(Enterprise, firm.id).credit_code
    client = signed_in(Role.SUPERVISOR)
    assert "深圳市桥东科技有限公司" in client.get("/cases").text
    page = client.get(f"/cases/{case.id}").text
    assert code in page
    for secret in ("何敏", "13700004321"):
        assert secret not in page


def test_the_overview_says_when_a_carrier_is_held_back(signed_in: SignedIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    held = "短信暂缓发送"
    assert held not in client.get("/").text
    with house.sessions.write() as session:
        retry_at = NOON + timedelta(seconds=30)
        session.add(CarrierBreaker(carrier="twilio", state=BreakerState.OPEN, retry_at=retry_at, trips=1))
    page = client.get("/overview/figures").text
    assert held in page
    assert "twilio · 暂停发送 · 再试 9月1日 12:00" in page


@pytest.mark.parametrize("name", NASTY)
def test_what_residents_are_called_and_write_stays_text(signed_in: SignedIn, house: FakeHouse, name: str) -> None:
    with house.sessions.write() as session:
        resident = a_resident(session, name="某某", community=name)
        talk = a_conversation(session, resident, (Author.RESIDENT, name))
        case = a_case(session, a_match(session, resident), conversation_id=talk.id, summary=name)
        case_id = case.id
    client = signed_in(Role.SUPERVISOR)
    for path in ("/cases", f"/cases/{case_id}", f"/conversations/{talk.id}"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "49" not in re.findall(r'class="said">([^<]*)<', page)


def test_filters_live_in_the_address_and_pages_do_not_overlap(busy_case: int, signed_in: SignedIn) -> None:
    client = signed_in(Role.SUPERVISOR)
    first = client.get("/cases").text
    following = re.search(r'href="(/cases\?[^"]+)" rel="next"', first)
    assert following
    second = client.get(following.group(1).replace("&amp;", "&")).text
    ids = [re.findall(r'<a href="/cases/(\d+)">', page) for page in (first, second)]
    assert len(ids[0]) == 30
    assert not set(ids[0]) & set(ids[1])
    complaints = client.get("/cases?kind=complaint&urgency=high&state=&after=nonsense").text
    assert complaints.count('class="is-urgent"') == int(re.findall(r"<b>(\d+)</b>", complaints)[0]) > 0


@pytest.mark.parametrize("query", ["kind=bribe", "state=1%27%20or%201", "overdue=perhaps"])
def test_a_filter_that_is_none_is_refused_kindly(signed_in: SignedIn, query: str) -> None:
    assert signed_in(Role.SUPERVISOR).get(f"/cases?{query}").status_code == 422


def test_htmx_gets_the_table_alone(busy_case: int, signed_in: SignedIn) -> None:
    part = signed_in(Role.SUPERVISOR).get("/cases", headers={"HX-Request": "true", "HX-Target": "results"}).text
    assert "<html" not in part
    assert "<table" in part


def test_a_case_is_worked_from_acceptance_to_confirmation(signed_in: SignedIn, house: FakeHouse) -> None:
    with house.sessions.write() as session:
        case_id = a_case(session, a_match(session)).id
    client = signed_in(Role.AGENT)
    path = f"/cases/{case_id}/work"
    assert do(client, f"{path}/feedback") == f"/cases/{case_id}?said=said_note_missing"
    for step in ("accept", "feedback", "resolve", "confirm"):
        assert do(client, f"{path}/{step}", note="已电话说明") == f"/cases/{case_id}"
    assert do(client, f"{path}/resolve") == f"/cases/{case_id}?said=said_not_possible"
    with house.sessions.read() as session:
        assert session.get_one(Case, case_id).state is CaseState.CONFIRMED
    page = client.get(f"/cases/{case_id}").text
    assert page.count("已电话说明") == 1 + 1


def test_whoever_is_late_is_told_so(signed_in: SignedIn, house: FakeHouse) -> None:
    with house.sessions.write() as session:
        case_id = a_case(session, a_match(session)).id
        rival = a_staff_member(session).id
    client = signed_in(Role.AGENT)
    token = form_token(client.get(f"/cases/{case_id}").text)
    with house.sessions.write() as session:
        accept(session, case_id, Assignee(staff_id=rival), by=f"staff:{rival}", now=NOON)
    for step in ("accept", "cancel"):
        form = {"csrf": token, "version": "1", "note": "重复"}
        answer = client.post(f"/cases/{case_id}/work/{step}", data=form)
        assert answer.headers["location"] == f"/cases/{case_id}?said=said_case_taken"
    assert "刚刚被别人接走" in client.get(answer.headers["location"]).text


def test_a_detail_is_shown_once_for_a_purpose_on_the_record(
    busy_case: int, signed_in: SignedIn, house: FakeHouse
) -> None:
    client = signed_in(Role.AGENT)
    path = f"/cases/{busy_case}/reveal"
    token = form_token(client.get(f"/cases/{busy_case}").text)
    assert client.post(path, data={"csrf": token, "detail": "phone", "purpose": " "}).status_code == 303
    shown = client.post(path, data={"csrf": token, "detail": "phone", "purpose": "约上门时间"}).text
    assert "+8613800001234" in shown
    assert "+8613800001234" not in client.get(f"/cases/{busy_case}").text
    with house.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "reveal.phone")).one()
        assert entry.purpose == "约上门时间"


def test_why_somebody_is_eligible_is_said_in_words(busy_case: int, signed_in: SignedIn) -> None:
    client = signed_in(Role.AGENT)
    assert "当时记录 91岁" in client.get(f"/cases/{busy_case}").text
    client.get("/display?locale=en")
    assert "age · Seen 91" in client.get(f"/cases/{busy_case}").text


def test_a_team_member_does_not_read_transcripts(busy_case: int, signed_in: SignedIn) -> None:
    page = signed_in(Role.TEAM_MEMBER).get(f"/cases/{busy_case}").text
    assert "真的假的" not in page
    assert "您的角色不能看对话原文" in page


def test_everything_is_paused_with_a_reason_and_resumed(signed_in: SignedIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    token = form_token(client.get("/").text)
    assert client.post("/pause", data={"csrf": token, "because": "  "}).headers["location"].endswith("reason_missing")
    client.post("/pause", data={"csrf": token, "because": "台风"})
    assert "全部触达已暂停 · 台风" in client.get("/").text
    with house.sessions.read() as session:
        assert standing_pauses(session).everything == "台风"
    client.post("/resume", data={"csrf": token})
    with house.sessions.read() as session:
        assert standing_pauses(session).everything is None


def test_clocks_are_read_on_the_clock_of_the_house(signed_in: SignedIn, house: FakeHouse) -> None:
    with house.sessions.write() as session:
        match = a_match(session, state=MatchState.IN_QUEUE)
        a_case(session, match, kind=CaseKind.HUMAN)
    client = signed_in(Role.AGENT)
    assert 'class="clock calm"' in client.get("/cases").text
    house.clock.set(NOON + timedelta(days=2))
    assert 'class="clock late"' in client.get("/cases").text


@pytest.mark.parametrize("path", ["/cases/999", "/conversations/999"])
def test_what_is_not_there_is_a_page_that_says_so(signed_in: SignedIn, path: str) -> None:
    answer = signed_in(Role.SUPERVISOR).get(path)
    assert answer.status_code == 404
    assert "没有找到" in answer.text
