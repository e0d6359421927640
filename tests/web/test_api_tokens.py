"""An administrator adds a token of another system, which is shown once, and revokes it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from models.event import AuditEntry
from models.staff import ApiToken
from models.vocabulary import Role
from outreach_api.web.access import SESSION_COOKIE
from outreach_api.web.auth import sign_in_vouched
from outreach_api.web.scope_words import SCOPES
from outreach_api.web.tokens import Scope, Terms, add_token
from tests.builders import NOON, a_staff_member
from tests.web.browsing import barriers, fits, listen, served
from tests.web.conftest import FakeHouse, TestClient, form_token

PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
SignedIn = Callable[[Role], TestClient]
TOKEN = re.compile(r"outreach_[\w-]{43}")


def added(client: TestClient, **values: object) -> tuple[int, list[str]]:
    """Send the form: the status, and each token that the page shows."""
    csrf = form_token(client.get("/tokens").text)
    form = {"csrf": csrf, "name": "erp", "days": "30", "scopes": ["queue.read", "queue.write"]} | values
    answer = client.post("/tokens", data=form)
    return answer.status_code, TOKEN.findall(answer.text)


def test_a_token_is_shown_once_opens_what_it_may_and_ends_when_it_is_revoked(
    house: FakeHouse, signed_in: SignedIn
) -> None:
    with house.sessions.write() as session:
        li = a_staff_member(session, Role.SUPERVISOR).id
    client = signed_in(Role.ADMINISTRATOR)
    _, (token,) = added(client, acts_for=str(li))
    page = client.get("/tokens").text
    assert (token in page, token[:15] in page) == (False, True)
    bearer = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/queue", headers=bearer).status_code == 200
    assert client.post("/api/v1/queue/next", headers=bearer).json() == {"case": None}
    assert client.get("/api/v1/settings", headers=bearer).status_code == 403
    with house.sessions.read() as session:
        row = session.scalars(select(ApiToken)).one()
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "token.add")).one()
        assert row.expires_at == NOON + timedelta(days=30)
        assert (entry.actor.startswith("staff:"), entry.facts["staff"]) == (True, li)
        assert token not in str(vars(row)) + str(entry.facts)
        path = f"/tokens/{row.id}/revoke"
    csrf = form_token(page)
    assert client.post(path, data={"csrf": csrf}).status_code == 303
    assert client.get("/api/v1/queue", headers=bearer).status_code == 401
    assert client.post(path, data={"csrf": csrf}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [{"scopes": []}, {"scopes": ["everything"]}, {"days": "0"}, {"days": "9999"}, {"name": ""}, {"acts_for": "99999"}],
)
def test_a_token_that_makes_no_sense_is_not_made(
    house: FakeHouse, signed_in: SignedIn, wrong: dict[str, object]
) -> None:
    assert added(signed_in(Role.ADMINISTRATOR), **wrong) == (422, [])
    with house.sessions.read() as session:
        assert session.scalars(select(ApiToken)).all() == []


def test_a_name_is_one_tokens_and_who_left_is_acted_for_by_none(house: FakeHouse, signed_in: SignedIn) -> None:
    with house.sessions.write() as session:
        gone = a_staff_member(session, Role.AGENT, disabled_at=NOON).id
    client = signed_in(Role.ADMINISTRATOR)
    assert added(client, scopes=["cases"])[0] == 200
    assert added(client, scopes=["cases"]) == (422, [])
    assert added(client, name="a department") == (422, []), "it takes an approved application"
    assert added(client, name="other", acts_for=str(gone)) == (422, [])


def test_an_auditor_sees_them_and_a_supervisor_does_not(house: FakeHouse, signed_in: SignedIn) -> None:
    with house.sessions.write() as session:
        add_token(session, "erp", Terms([Scope.QUEUE_READ]), now=NOON)
    page = signed_in(Role.AUDITOR).get("/tokens").text
    assert "erp" in page
    assert "/revoke" not in page
    assert signed_in(Role.SUPERVISOR).get("/tokens").status_code == 403


def test_each_scope_is_named_in_both_languages() -> None:
    assert set(SCOPES) == set(Scope)
    assert len({zh for zh, _ in SCOPES.values()}) == len({en for _, en in SCOPES.values()}) == len(Scope)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(("locale", "theme"), [("zh", "light"), ("en", "dark")])
def test_a_token_is_added_and_revoked_in_a_browser(
    browser: Browser, house: FakeHouse, complaints: list[str], width: int, locale: str, theme: str
) -> None:
    now = datetime.now(UTC)
    with house.sessions.write() as session:
        a_staff_member(session, Role.ADMINISTRATOR, username="admin")
        a_staff_member(session, Role.SUPERVISOR, display_name="李主管")
        add_token(session, "over", Terms(["feeds"], expires_at=NOON + timedelta(days=1)), now=NOON)
    cookie = sign_in_vouched(house.sessions, "admin", two_factors=True, now=now)
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    listen(page, complaints)
    with served(house) as url:
        kept = {"locale": locale, "theme": theme, SESSION_COOKIE: cookie}
        context.add_cookies([{"name": name, "value": value, "url": url} for name, value in kept.items()])
        page.goto(f"{url}/tokens")
        page.fill("#name", "erp")
        page.select_option("#acts_for", index=2)
        for scope in ("queue.read", "queue.write", "reports.read"):
            page.check(f"input[value='{scope}']")
        page.click("form[action='/tokens'] button.primary")
        expect(page.locator(".secret")).to_have_text(TOKEN)
        assert fits(page)
        assert barriers(page) == []
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"token-{width}-{locale}-{theme}.png", full_page=True)
        page.click(".marks li:first-child button.danger")
        expect(page.locator(".marks li:first-child .mark")).to_have_text({"zh": "已吊销", "en": "Revoked"}[locale])
        expect(page.locator(".secret")).to_have_count(0)
    context.close()
    assert complaints == []
