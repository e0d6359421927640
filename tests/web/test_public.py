"""The pages for everybody: they say whether a message is ours, and nothing about anybody."""

from __future__ import annotations

from datetime import timedelta

from models.contact import Campaign
from models.vocabulary import CampaignState
from outreach_api.conversations.proof import VALID_FOR, code_for, issue
from tests.builders import NOON, a_conversation, a_resident
from tests.web.conftest import FakeHouse, TestClient


def an_issued_code(house: FakeHouse) -> str:
    with house.sessions.write() as session:
        code = code_for(7)
        issue(session, code, conversation_id=a_conversation(session, a_resident(session)).id, now=house.clock.now())
        return code


def test_a_code_of_ours_is_known_however_it_is_spaced(house: FakeHouse, client: TestClient) -> None:
    code = an_issued_code(house)
    page = client.get("/verify", params={"code": f" {code[:4]}-{code[4:]} "})
    assert page.status_code == 200
    assert "是我们发出的" in page.text


def test_a_code_expires_and_a_stranger_is_unknown(house: FakeHouse, client: TestClient) -> None:
    code = an_issued_code(house)
    house.clock.set(NOON + VALID_FOR + timedelta(seconds=1))
    assert "已经过期" in client.get("/verify", params={"code": code}).text
    assert "查不到" in client.get("/verify", params={"code": "00000000" if code != "00000000" else "1"}).text
    assert "查不到" in client.get("/verify", params={"code": "<script>"}).text


def test_the_page_names_nobody(house: FakeHouse, client: TestClient) -> None:
    page = client.get("/verify", params={"code": an_issued_code(house)}).text
    assert "138" not in page
    assert "*" not in page


def test_guessing_is_slowed_down(client: TestClient) -> None:
    answers = [client.get("/verify", params={"code": f"{guess:08d}"}).status_code for guess in range(25)]
    assert answers[:20] == [200] * 20
    assert set(answers[20:]) == {429}
    assert client.get("/verify").status_code == 200


def test_today_lists_what_runs_and_nothing_else(house: FakeHouse, client: TestClient) -> None:
    day = NOON.date()
    campaigns = [
        ("elderly-allowance", CampaignState.RUNNING, day, None),
        ("elderly-health-check", CampaignState.PAUSED, day, None),
        ("disabled-living-subsidy", CampaignState.RUNNING, day + timedelta(days=1), None),
        ("childcare-subsidy", CampaignState.RUNNING, day - timedelta(days=9), day - timedelta(days=1)),
    ]
    with house.sessions.write() as session:
        for policy, state, starts, ends in campaigns:
            session.add(
                Campaign(policy_id=policy, name="内部名称", state=state, daily_cap=9, starts_on=starts, ends_on=ends)
            )
    page = client.get("/today").text
    assert "高龄老人津贴" in page
    assert not any(word in page for word in ("体检", "残疾人", "育儿", "内部名称"))
    assert "English" in page
    assert "Old-age" in client.get("/today", headers={"accept-language": "en"}).text
