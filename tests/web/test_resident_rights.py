"""A resident's rights in the console and the API: taken down, seen to, explained; a child's by their guardian."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from models.case import Case
from models.conversation import Consent
from models.resident import Resident
from models.vocabulary import CaseKind, CaseState, Role
from outreach_api.privacy.notice import ASK_A_PERSON
from outreach_api.privacy.rights import Right, ask_for
from outreach_api.privacy.tombstones import Mark, read_tombstones
from outreach_api.web.tokens import Scope
from scheduler.rules.evaluate import evaluate
from tests.builders import (
    NOON,
    a_conversation,
    a_ledger_entry,
    a_match,
    a_resident,
    a_staff_member,
    an_api_token,
)
from tests.web.browsing import barriers, fits, listen, served, sign_in_as
from tests.web.conftest import PASSWORD_HASH, FakeHouse, TestClient, cards, form_token

PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
SignedIn = Callable[[Role], TestClient]
NAME = "梁惠芳"


def somebody(house: FakeHouse, born: date = date(1948, 11, 2)) -> int:
    with house.sessions.write() as session:
        who = a_resident(session, name=NAME, birth_date=born)
        match = a_match(session, who)
        facts = {"age_years": 77, "hukou": "shenzhen"}
        a_ledger_entry(session, match, evaluate(cards()["elderly-allowance"].rule, facts).model_dump(mode="json"))
        message = a_conversation(session, who).messages[0]
        session.add(
            Consent(
                resident_id=who.id, match_id=match.id, policy_id=match.policy_id, policy_version="1",
                message_id=message.id, text="同意", given_at=NOON,
            )
        )  # fmt: skip
        return who.id


def asked(client: TestClient, who: int, right: Right, **more: str) -> str:
    page = client.get(f"/residents/{who}/rights").text
    form = {"csrf": form_token(page), "right": right.value, **more}
    return str(client.post(f"/residents/{who}/rights", data=form).headers["location"])


def case_of(house: FakeHouse, right: Right) -> Case:
    with house.sessions.read() as session:
        query = select(Case).where(Case.kind == CaseKind.RIGHTS, Case.reason == right.value)
        case = session.scalars(query).one()
        session.expunge(case)
        return case


def done(client: TestClient, house: FakeHouse, who: int, right: Right, **more: str) -> object:
    token = form_token(client.get(f"/residents/{who}/rights").text)
    form = {"csrf": token, **more}
    return client.post(f"/residents/{who}/rights/{case_of(house, right).id}", data=form)


def test_each_wish_is_taken_down_with_its_deadline_and_settled(house: FakeHouse, signed_in: SignedIn) -> None:
    who, client = somebody(house), signed_in(Role.SUPERVISOR)
    for right in Right:
        assert asked(client, who, right, words="本人来电").endswith("said_right_asked")
    page = client.get(f"/residents/{who}/rights").text
    assert page.count('class="clock') == len(Right)
    assert NAME not in page
    more = {Right.CORRECTION: {"address": "新安路2号"}, Right.ERASURE: {"sure": "true"}}
    for right in (*(right for right in Right if right is not Right.ERASURE), Right.ERASURE):
        answer = done(client, house, who, right, **more.get(right, {}))
        assert answer.status_code in {200, 303}  # type: ignore[attr-defined]
        assert case_of(house, right).state is CaseState.RESOLVED, right
    assert asked_is_refused(client, who)


def asked_is_refused(client: TestClient, who: int) -> bool:
    """Of whom is erased nothing can be asked any more."""
    page = client.get(f"/residents/{who}/rights").text
    answer = client.post(f"/residents/{who}/rights", data={"csrf": form_token(page), "right": "copy"})
    return str(answer.headers["location"]).endswith("said_right_refused")


@pytest.mark.parametrize(
    ("form", "media"), [("html", "text/html"), ("md", "text/markdown"), ("json", "application/json")]
)
def test_the_copy_is_a_file_in_plain_chinese_with_what_was_decided_and_why(
    house: FakeHouse, signed_in: SignedIn, form: str, media: str
) -> None:
    who, client = somebody(house), signed_in(Role.SUPERVISOR)
    asked(client, who, Right.COPY)
    answer = done(client, house, who, Right.COPY, form=form)
    assert answer.headers["content-type"].startswith(media)  # type: ignore[attr-defined]
    assert "attachment" in answer.headers["content-disposition"]  # type: ignore[attr-defined]
    text = answer.text  # type: ignore[attr-defined]
    for words in (NAME, "登记的是77", "符合", ASK_A_PERSON):
        assert words in text
    if form == "json":
        assert {section["title"] for section in json.loads(text)["sections"]} >= {"基本信息", "存多久、凭什么"}


def test_what_a_copy_holds_is_no_markup(house: FakeHouse, signed_in: SignedIn) -> None:
    who, client = somebody(house), signed_in(Role.SUPERVISOR)
    with house.sessions.write() as session:
        session.get_one(Resident, who).address = "<script>alert(1)</script>"
    asked(client, who, Right.COPY)
    assert "<script>" not in done(client, house, who, Right.COPY).text  # type: ignore[attr-defined]


def test_deletion_wants_a_tick_and_is_written_down_beside_the_database(house: FakeHouse, signed_in: SignedIn) -> None:
    who, client = somebody(house), signed_in(Role.SUPERVISOR)
    asked(client, who, Right.ERASURE)
    refused = done(client, house, who, Right.ERASURE)
    assert refused.headers["location"].endswith("said_right_refused")  # type: ignore[attr-defined]
    assert not house.settings.tombstones.exists()
    done(client, house, who, Right.ERASURE, sure="true")
    with house.sessions.read() as session:
        assert session.get_one(Resident, who).erased_at == NOON
    assert Mark.ERASED in {one.mark for one in read_tombstones(house.settings.tombstones)}


def test_taking_consents_back_holds_at_once(house: FakeHouse, signed_in: SignedIn) -> None:
    who = somebody(house)
    asked(signed_in(Role.AGENT), who, Right.WITHDRAWAL)
    with house.sessions.read() as session:
        assert session.scalars(select(Consent.withdrawn_at)).one() == NOON


def test_for_a_child_under_fourteen_their_guardian_asks_and_is_handed_the_copy(
    house: FakeHouse, signed_in: SignedIn
) -> None:
    today = NOON.date()
    who, client = (
        somebody(house, born=date(today.year - 14, today.month, today.day) + timedelta(days=1)),
        signed_in(Role.SUPERVISOR),
    )
    assert asked(client, who, Right.COPY).endswith("said_guardian_missing")
    assert asked(client, who, Right.COPY, guardian="母亲王芳").endswith("said_right_asked")
    assert case_of(house, Right.COPY).summary == "监护人：母亲王芳"
    assert "交监护人" in done(client, house, who, Right.COPY).text  # type: ignore[attr-defined]


def test_on_the_fourteenth_birthday_they_ask_themselves(house: FakeHouse, signed_in: SignedIn) -> None:
    today = NOON.date()
    who = somebody(house, born=date(today.year - 14, today.month, today.day))
    assert asked(signed_in(Role.SUPERVISOR), who, Right.COPY).endswith("said_right_asked")


def test_a_case_of_somebody_else_is_not_seen_to_here(house: FakeHouse, signed_in: SignedIn) -> None:
    who, client = somebody(house), signed_in(Role.SUPERVISOR)
    with house.sessions.write() as session:
        other = a_resident(session).id
        ask_for(session, other, Right.COPY, words="", by="staff:1", now=NOON)
    answer = done(client, house, who, Right.COPY)
    assert answer.headers["location"].endswith("said_right_refused")  # type: ignore[attr-defined]


def test_everybody_may_read_how_data_is_used(client: TestClient) -> None:
    page = client.get("/data-notice")
    assert page.status_code == 200
    for words in ("凭什么", "监护人", "回复“人工”", "三年"):
        assert words in page.text


def test_the_same_over_the_api(house: FakeHouse, signed_in: SignedIn) -> None:
    who, client = somebody(house), signed_in(Role.SUPERVISOR)
    with house.sessions.write() as session:
        boss = a_staff_member(session, Role.SUPERVISOR, username="api-boss")
        an_api_token(session, "t", *Scope, staff_id=boss.id)
    headers = {"authorization": "Bearer t"}
    decided = client.get(f"/api/v1/residents/{who}/decisions", headers=headers).json()
    assert decided["ask_a_person"] == ASK_A_PERSON
    assert any("77" in (part["seen"] or "") for part in decided["items"][0]["parts"])
    cases = {}
    for right in (Right.COPY, Right.CORRECTION):
        answer = client.post(f"/api/v1/residents/{who}/rights", json={"right": right.value}, headers=headers)
        cases[right] = answer.json()["case_id"]
    assert client.post(f"/api/v1/rights/{cases[Right.COPY]}", json={}, headers=headers).status_code == 422
    assert client.post(f"/api/v1/rights/{cases[Right.CORRECTION]}/copy", headers=headers).status_code == 422
    copy = client.post(f"/api/v1/rights/{cases[Right.COPY]}/copy", headers=headers).json()
    assert NAME in str(copy["sections"])
    settled = client.post(f"/api/v1/rights/{cases[Right.CORRECTION]}", json={"street": "翠竹街道"}, headers=headers)
    assert (settled.status_code, settled.json()["state"]) == (200, "resolved")
    wishes = client.get(f"/api/v1/residents/{who}/rights", headers=headers).json()
    assert [wish["state"] for wish in wishes["items"]] == ["resolved", "resolved"]
    assert client.get("/api/v1/data-notices", headers=headers).json()["by_way"].keys() == {
        "sms",
        "voice",
        "chat",
        "visit",
    }


@pytest.mark.browser
@pytest.mark.parametrize(("width", "locale", "theme"), [(390, "zh", "dark"), (1440, "en", "light")])
def test_nobody_is_kept_from_the_rights(
    browser: Browser, house: FakeHouse, complaints: list[str], width: int, locale: str, theme: str
) -> None:
    who = somebody(house)
    with house.sessions.write() as session:
        a_staff_member(session, Role.SUPERVISOR, username="boss", password_hash=PASSWORD_HASH)
        for right in (Right.COPY, Right.CORRECTION, Right.ERASURE):
            ask_for(session, who, right, words="", by="staff:1", now=NOON)
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    listen(page, complaints)
    with served(house) as url:
        sign_in_as(page, url, "boss", locale=locale, theme=theme)
        page.goto(f"{url}/residents/{who}")
        page.click(f"a[href='/residents/{who}/rights']")
        page.check("input[value=explanation]")
        page.keyboard.press("Tab")
        page.click("section:first-of-type form button")
        expect(page.locator(".right")).to_have_count(4)
        for summary in page.locator("details.more summary").all():
            summary.click()
        assert fits(page)
        assert barriers(page) == []
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"rights-{width}-{locale}.png", full_page=True)
        page.goto(f"{url}/data-notice")
        assert fits(page)
        assert barriers(page) == []
    context.close()
    assert complaints == []
