"""Nobody is kept from any page, by axe-core: pages are taken from the application's own routes.

In every run on a phone in Chinese and dark and on a desk in English and light; under `--all` in all eight pairings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from playwright.sync_api import Browser, Page, expect

from models.vocabulary import Role
from outreach_api.web.access import ROUTE_ROLES, SESSION_COOKIE
from outreach_api.web.app import create_app
from outreach_api.web.auth import sign_in_vouched
from tests.web.browsing import barriers, fits, listen
from tests.web.full_office import Office, a_full_office
from tests.web.test_access import OPEN_TO_ALL
from tests.web.test_every_route import PART, role_for
from tests.web.test_policies import ALLOWANCE, a_new_version

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
STREAMS = {"live", "chat_stream"}
"""They never end, and show nothing by themselves."""
INSTEAD: dict[str, str | None] = {
    "survey_form": "/cases/{survey_case}/survey",
    "export_file": None,
    "preview_campaign": None,
    "campaign_forecast": None,
    "look_at_merge": "/residents/{resident_id}/merge?other=1",
}
"""Where a route's page is shown with something else in its address; none: a file, or a part that takes long."""
ALSO = {
    "new_campaign": "/campaigns/new?policy=elderly-allowance",
    "new_policy": "/policies/new?like=elderly-allowance",
    "reports": "/reports?kind=weekly",
    "report_list": "/reports/list?policy=elderly-allowance&figure=done",
    "verify": "/verify?code=ABCD-1234",
    "conversations": "/conversations?among=flagged",
    "missing": "/cases/999999",
}
COMES_LATER = {ALSO["new_campaign"]: "#audience .big", "/": "#funnel-chart canvas"}
"""What a page fetches or draws by itself."""
DOCTYPE = "<!doctype html>"
EIGHT = [(width, locale, theme) for width in (390, 1440) for locale in ("zh", "en") for theme in ("light", "dark")]
IN_EVERY_RUN = {(390, "zh", "dark"), (1440, "en", "light")}
PAIRINGS = [
    pytest.param(*each, marks=[] if each in IN_EVERY_RUN else pytest.mark.exhaustive, id="-".join(map(str, each)))
    for each in EIGHT
]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, busy_database: tuple[Path, int]) -> Iterator[Office]:
    with a_full_office(tmp_path_factory.mktemp("every_page"), busy_database) as office:
        yield office


def addresses(office: Office) -> Iterator[tuple[str, Role | None, str]]:
    """Each GET route of ours that a browser can open: its name, who may, where."""
    for found in iter_route_contexts(create_app(office.house).routes):
        name, path = str(found.name), str(found.path)
        is_page = isinstance(found.original_route, APIRoute) and "GET" in (found.methods or ())
        if not is_page or name in STREAMS or not (name in ROUTE_ROLES or name in OPEN_TO_ALL):
            continue
        role = role_for(name) if name in ROUTE_ROLES else None
        for wanted in filter(None, (INSTEAD.get(name, path), ALSO.get(name))):
            yield name, role, PART.sub(lambda part: office.parts[part[0].strip("{}").partition(":")[0]], wanted)
    yield "missing", Role.SUPERVISOR, ALSO["missing"]


def opened(browser: Browser, office: Office, role: Role | None, locale: str, theme: str, width: int) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900})
    kept = {"locale": locale, "theme": theme}
    if role:
        # The others' second step is a page of its own here.
        both = role is Role.ADMINISTRATOR
        kept[SESSION_COOKIE] = sign_in_vouched(office.house.sessions, role.value, two_factors=both, now=_now())
    context.add_cookies([{"name": name, "value": value, "url": office.url} for name, value in kept.items()])
    return context.new_page()


def _now() -> datetime:
    return datetime.now(UTC)


SUBMIT = """([action, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action});
  for (const [name, value] of Object.entries({...fields, csrf: document.querySelector("[name=csrf]").value}))
    form.append(Object.assign(document.createElement("textarea"), {name, value}));
  document.body.append(form);
  form.submit();
}"""
DRAFT = {"name": "倒着", "policy_id": "elderly-allowance", "daily_cap": "5"}
BACKWARDS = DRAFT | {"starts_on": "2026-09-09", "ends_on": "2026-09-01"}
BROKEN = ALLOWANCE.replace("kind: cash", "kind: gold", 1)
QUESTION = "一年要认证几回"
FORMS: tuple[tuple[str, Role, str, dict[str, str]], ...] = (
    ("card-faults", Role.POLICY_EDITOR, "/policies/check", {"text": BROKEN}),
    ("card-sound", Role.POLICY_EDITOR, "/policies/check", {"text": a_new_version("2026-11-01"), "question": QUESTION}),
    ("card-refused", Role.POLICY_EDITOR, "/policies/submit", {"text": ALLOWANCE}),
    ("campaign-refused", Role.POLICY_EDITOR, "/campaigns", BACKWARDS),
    ("notice-refused", Role.POLICY_EDITOR, "/campaigns/notices", {"name": "热", "notice": "热"}),
    ("form-unread", Role.POLICY_EDITOR, "/campaigns", {}),
    ("residents-found", Role.SUPERVISOR, "/residents/search", {"known_by": "陈秀兰"}),
    ("residents-none", Role.SUPERVISOR, "/residents/search", {"known_by": "无此人"}),
    ("revealed", Role.SUPERVISOR, "/residents/{resident_id}/reveal", {"detail": "phone", "purpose": "核对电话"}),
    ("case-revealed", Role.SUPERVISOR, "/cases/{case_id}/reveal", {"detail": "phone", "purpose": "核对电话"}),
    ("purpose-missing", Role.SUPERVISOR, "/cases/{case_id}/reveal", {"detail": "phone"}),
    ("talks-found", Role.SUPERVISOR, "/conversations/search", {"words": "不要钱"}),
    ("desk-nobody", Role.SUPERVISOR, "/desk/find", {"name": "无此人", "born": "1951-03"}),
    ("staff-added", Role.ADMINISTRATOR, "/staff", {"username": "new", "display_name": "新人", "role": "agent"}),
    ("token-added", Role.ADMINISTRATOR, "/tokens", {"name": "erp", "days": "90", "scopes": "cases"}),
    ("token-refused", Role.ADMINISTRATOR, "/tokens", {"name": "erp", "days": "90"}),
    ("settings-wrong", Role.ADMINISTRATOR, "/settings/contact_hours", {"hours-sms": "20:00-09:00"}),
    ("second-factor-wrong", Role.AGENT, "/sign-in/second-factor", {"code": "000000"}),
    ("not-allowed", Role.AGENT, "/settings/contact_hours", {}),
)


def look(page: Page, name: str, where: str, width: int, locale: str) -> list[str]:
    """What is wrong with the page as it stands, with everything on it unfolded."""
    page.evaluate("document.querySelectorAll('main details').forEach(part => (part.open = true))")
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{locale}.png", full_page=True)
    wrong = barriers(page)
    if not fits(page):
        wrong.append("is wider than the screen")
    return [f"{name} {where}: {one}" for one in wrong]


@pytest.mark.parametrize(("width", "locale", "theme"), PAIRINGS)
def test_nobody_is_kept_from_any_page(
    browser: Browser, office: Office, complaints: list[str], width: int, locale: str, theme: str
) -> None:
    seen, wrong = set(), []
    every = sorted(addresses(office), key=lambda one: str(one[1]))
    for role, ways in groupby(every, key=lambda one: one[1]):
        page = opened(browser, office, role, locale, theme, width)
        listen(page, complaints)
        for name, _, path in ways:
            answer = page.goto(office.url + path)
            assert answer is not None
            assert answer.status < 500 or name == "readyz", path
            if answer.headers.get("content-type", "").startswith("text/html") and DOCTYPE in answer.text():
                seen.add(name)
                if path in COMES_LATER:
                    expect(page.locator(COMES_LATER[path])).to_be_visible()
                wrong += look(page, name, path, width, locale)
        page.context.close()
    assert seen >= {"overview", "case", "policy_submission", "visits_day", "chat", "missing"}
    assert not wrong, "\n".join(wrong)
    assert [said for said in complaints if "Failed to load resource" not in said] == []


@pytest.mark.parametrize(("width", "locale", "theme"), PAIRINGS)
def test_nobody_is_kept_from_what_a_form_answers(
    browser: Browser, office: Office, width: int, locale: str, theme: str
) -> None:
    wrong: list[str] = []
    pages: dict[Role, Page] = {}
    for name, role, action, fields in FORMS:
        if role not in pages:
            pages[role] = opened(browser, office, role, locale, theme, width)
            pages[role].goto(f"{office.url}/policies")
        page = pages[role]
        with page.expect_navigation():
            page.evaluate(SUBMIT, [action.format(**office.parts), fields])
        expect(page.locator("main h1")).to_be_visible()
        wrong += look(page, name, action, width, locale)
    for page in pages.values():
        page.context.close()
    assert not wrong, "\n".join(wrong)
