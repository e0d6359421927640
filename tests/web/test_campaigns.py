"""A campaign's day: one person draws it up, another approves it, it is steered and watched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from models.contact import Campaign, Contact
from models.report import CampaignForecast
from models.report_views import renew_views
from models.vocabulary import CampaignState, Channel, ContactState, MatchState, Role
from outreach_api.campaigns.progress import campaign_progress
from outreach_api.campaigns.steps import CampaignStep, next_steps, take_step
from outreach_api.settings import Settings
from outreach_api.workshop import Failed, Made, Tell, Workshop
from scheduler.planning.campaigns import CampaignDraft, CampaignRefused, create_campaign
from tests.builders import NOON, a_contact, a_database, a_match, a_resident, a_staff_member
from tests.web.browsing import listen, served, sign_in_as
from tests.web.conftest import PASSWORD_HASH, FakeHouse, TestClient, form_token

PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
SignedIn = Callable[[Role], TestClient]
DRAFT = CampaignDraft("高龄津贴秋季", NOON.date(), 50, "elderly-allowance")


def test_who_drew_it_up_is_not_offered_to_approve_it(house: FakeHouse) -> None:
    with house.sessions.write() as session:
        campaign = create_campaign(session, DRAFT, by="staff:1", now=NOON)
        assert next_steps(campaign, "staff:1") == (CampaignStep.STOP,)
        assert next_steps(campaign, "staff:2")[0] is CampaignStep.APPROVE
        with pytest.raises(CampaignRefused):
            take_step(session, campaign.id, CampaignStep.APPROVE, because="", by="staff:1", now=NOON)
        take_step(session, campaign.id, CampaignStep.APPROVE, because="", by="staff:2", now=NOON)
        take_step(session, campaign.id, CampaignStep.START, because="", by="staff:1", now=NOON)
        with pytest.raises(CampaignRefused, match="say why"):
            take_step(session, campaign.id, CampaignStep.PAUSE, because=" ", by="staff:1", now=NOON)
        take_step(session, campaign.id, CampaignStep.PAUSE, because="检查", by="staff:1", now=NOON)
        assert next_steps(campaign, "staff:1")[0] is CampaignStep.RESUME
        take_step(session, campaign.id, CampaignStep.STOP, because="结束", by="staff:1", now=NOON)
        assert next_steps(campaign, "staff:1") == ()


def test_progress_counts_its_own_contacts_and_each_match_once(house: FakeHouse) -> None:
    with house.sessions.write() as session:
        campaign = create_campaign(session, DRAFT, by="staff:1", now=NOON)
        other = create_campaign(session, DRAFT, by="staff:1", now=NOON)
        told = a_match(session, state=MatchState.INTERESTED)
        for state in (ContactState.DELIVERED, ContactState.UNDELIVERED):
            a_contact(session, told, state=state, campaign_id=campaign.id, sent_at=NOON)
        a_contact(session, a_match(session), state=ContactState.DELIVERED, campaign_id=other.id, sent_at=NOON)
        a_contact(session, a_match(session), campaign_id=campaign.id)
        found = campaign_progress(session, campaign)
    assert (found.spoken_of, found.arrived, found.states) == (1, 1, {MatchState.INTERESTED: 1})


def test_the_workshop_does_a_piece_once_and_tells_how_far_it_is() -> None:
    workshop = Workshop()
    made: list[int] = []

    def make(tell: Tell) -> str:
        tell(1, 2)
        made.append(1)
        return "done"

    assert workshop.ask("a", make, waits_seconds=5) == Made("done")
    assert workshop.ask("a", lambda _: made.append(2)) == Made("done")
    assert made == [1]
    assert isinstance(workshop.ask("b", lambda _: 1 / 0, waits_seconds=5), Failed)
    workshop.close()


def test_a_draft_that_makes_no_sense_is_refused_and_told_so(house: FakeHouse, signed_in: SignedIn) -> None:
    client = signed_in(Role.SUPERVISOR)
    token = form_token(client.get("/campaigns/new").text)
    form = {"csrf": token, "name": "倒着", "policy_id": "elderly-allowance", "daily_cap": "5"}
    answer = client.post("/campaigns", data=form | {"starts_on": "2026-09-09", "ends_on": "2026-09-01"})
    assert answer.status_code == 422
    assert "没有办成" in answer.text
    assert client.post("/campaigns", data=form | {"starts_on": "2026-09-09", "policy_id": "none"}).status_code == 422
    assert client.get("/campaigns/77").status_code == 404


def test_a_campaign_is_given_a_cadence_of_its_own_and_one_that_is_none_is_refused(
    house: FakeHouse, signed_in: SignedIn
) -> None:
    client = signed_in(Role.SUPERVISOR)
    page = client.get("/campaigns/new").text
    form = {"csrf": form_token(page), "policy_id": "elderly-allowance", "daily_cap": "5", "starts_on": "2026-09-09"}

    def draw_up(name: str, *rungs: tuple[str, str]) -> tuple[int, str]:
        ladder = {"do": [do for do, _ in rungs], "after_days": [days for _, days in rungs]}
        answer = client.post("/campaigns", data=form | {"name": name} | ladder)
        return answer.status_code, answer.text

    as_set = [("text_offer", "0"), ("text_reminder", "4"), ("", ""), ("home_help", "6")]
    own = [("call", "0"), ("text_reminder", "2"), ("", "7"), ("home_help", "5")]
    assert draw_up("照设置", *as_set)[0] == 303
    assert draw_up("先打电话", *own)[0] == 303
    status, shown = draw_up("没有天数", ("call", "0"), ("text_reminder", ""), ("home_help", "5"))
    assert status == 422
    assert "隔几天" in shown
    # What was typed is still there.
    assert '<option value="call" selected>' in shown
    with house.sessions.read() as session:
        found = {one.name: one for one in session.scalars(select(Campaign))}
        assert set(found) == {"照设置", "先打电话"}
        assert found["照设置"].cadence is None
        kept = [{"do": do, "after_days": int(days)} for do, days in own if do]
        assert found["先打电话"].cadence == kept
        number = found["先打电话"].id
    assert "转上门" in client.get(f"/campaigns/{number}").text
    again = client.get(f"/campaigns/{number}/edit").text
    assert again.index('<option value="call" selected>') < again.index('<option value="text_reminder" selected>')


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeHouse, str]]:
    folder = tmp_path_factory.mktemp("campaigns")
    house = FakeHouse(
        a_database(f"sqlite:///{folder}/office.db"),
        Settings(_env_file=None, home=folder),
        carriers={Channel.SMS: None},  # type: ignore[dict-item]
    )
    with house.sessions.engine.begin() as connection:
        renew_views(connection)
    with house.sessions.write() as session:
        for place in range(12):
            street = ("东门街道", "桂园街道", "翠竹街道")[place % 3]
            a_match(session, a_resident(session, street=street), state=MatchState.NEW)
        a_match(session, state=MatchState.DECLINED)
        for username, role in (("boss", Role.SUPERVISOR), ("second", Role.SUPERVISOR), ("editor", Role.POLICY_EDITOR)):
            a_staff_member(session, role, username=username, password_hash=PASSWORD_HASH, display_name=username)
    with served(house) as url:
        yield house, url
    house.sessions.engine.dispose()


def _open(browser: Browser, url: str, username: str, complaints: list[str]) -> Page:
    page = browser.new_context().new_page()
    listen(page, complaints)
    sign_in_as(page, url, username)
    return page


@pytest.mark.browser
def test_one_draws_it_up_and_another_lets_it_go(
    browser: Browser, office: tuple[FakeHouse, str], complaints: list[str]
) -> None:
    house, url = office
    editor = _open(browser, url, "editor", complaints)
    editor.goto(f"{url}/campaigns")
    editor.click("text=起草活动")
    editor.select_option("#policy_id", "elderly-allowance")
    expect(editor.locator("#audience")).to_contain_text("东门街道")
    expect(editor.locator("#audience .big")).to_have_text("10")
    expect(editor.locator("#audience")).to_contain_text("不需要")
    editor.fill("#name", "秋季高龄津贴")
    editor.fill("#daily_cap", "5")
    editor.click("text=提交，等批准")
    expect(editor.locator("h1")).to_contain_text("秋季高龄津贴")
    address = editor.url
    editor.click("text=现在预测")
    expect(editor.locator("#forecast table")).to_be_visible(timeout=60_000)
    assert editor.locator("text=批准").count() >= 1
    assert editor.locator("button:has-text('批准')").count() == 0
    second = _open(browser, url, "second", complaints)
    second.goto(address)
    second.click("button:has-text('批准')")
    second.click("button:has-text('开始')")
    expect(second.locator(".mark.campaign-running")).to_be_visible()
    second.click("button:has-text('暂停')")
    expect(second.locator(".notice")).to_contain_text("写")
    second.fill("#because", "核对名单")
    second.click("button:has-text('暂停')")
    expect(second.locator("h1 + p")).to_contain_text("核对名单")
    second.click("button:has-text('恢复')")
    expect(second.locator(".mark.campaign-running")).to_be_visible()
    for page in (editor, second):
        page.context.close()
    assert complaints == []
    with house.sessions.read() as session:
        campaign = session.scalars(select(Campaign)).one()
        assert campaign.state is CampaignState.RUNNING
        assert session.scalars(select(CampaignForecast)).one().policy_id == "elderly-allowance"


def test_an_urgent_notice_is_drawn_up_counted_and_approved_by_another(house: FakeHouse, signed_in: SignedIn) -> None:
    with house.sessions.write() as session:
        for street in ("东门街道", "东门街道", "桂园街道"):
            a_resident(session, street=street)
    client = signed_in(Role.POLICY_EDITOR)
    token = form_token(client.get("/campaigns/notices/new").text)
    form = {
        "csrf": token,
        "name": "高温",
        "notice": "明天最高38度，老人请少出门。",
        "streets": "东门街道",
        "from_age": "70",
    }
    assert client.post("/campaigns/notices", data=form | {"notice": "热"}).status_code == 422
    made = client.post("/campaigns/notices", data=form | {"any_hour": "true"}).headers["location"]
    assert "可在休息时间发" in client.get(made).text
    assert '<b class="big">&lt;10</b>' in client.get(f"{made}/audience").text
    boss = signed_in(Role.SUPERVISOR)
    token = form_token(boss.get(made).text)
    for step in ("approve", "start"):
        assert "said" not in boss.post(f"{made}/{step}", data={"csrf": token}).headers["location"]
    with house.sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 2
