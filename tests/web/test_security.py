from __future__ import annotations

from collections.abc import Callable

import pytest

from models.vocabulary import Role
from outreach_api.web.app import create_app
from tests.builders import an_api_token
from tests.web.conftest import FakeHouse, TestClient

SignedIn = Callable[[Role], TestClient]


@pytest.mark.parametrize("path", ["/sign-in", "/healthz", "/no-such-page", "/static/console.css", "/api/v1/cases", "/"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "strict-transport-security" not in headers


def test_https_is_insisted_on_only_where_we_have_it(house: FakeHouse) -> None:
    house.settings.public_url = "https://outreach.example.gov.cn"
    with TestClient(create_app(house)) as client:
        answer = client.get("/sign-in")
    assert "strict-transport-security" in answer.headers
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/", "/cases", "/sign-in"])
def test_no_page_has_script_or_style_in_it(signed_in: SignedIn, path: str) -> None:
    page = signed_in(Role.SUPERVISOR).get(path).text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count("<script src=") + page.count('<script type="application/json"')


def test_a_body_above_a_megabyte_is_refused(client: TestClient) -> None:
    answer = client.post("/sign-in", content=b"x" * 1_000_001, headers={"content-type": "text/plain"})
    assert answer.status_code == 413


def test_a_body_that_hides_its_length_is_refused(client: TestClient) -> None:
    parts = (b"username=" + b"x" * 100_000 for _ in range(20))
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/sign-in", content=parts, headers=form).status_code == 413


def test_a_feed_may_be_larger(client: TestClient, house: FakeHouse) -> None:
    with house.sessions.write() as session:
        an_api_token(session, "secret", "feeds")
    answer = client.post(
        "/api/v1/feeds/applications",
        files={"file": ("a.csv", b"x" * 2_000_000)},
        headers={"authorization": "Bearer secret"},
    )
    assert answer.status_code == 200


def test_health_and_readiness(client: TestClient, house: FakeHouse) -> None:
    assert client.get("/healthz").json() == {"status": "up"}
    assert client.get("/readyz").status_code == 200
    house.sessions.engine.dispose()
    (house.settings.home / "web.db").unlink()
    (house.settings.home / "web.db").mkdir()
    assert client.get("/readyz").status_code == 503


def test_language_and_theme_are_switched_and_kept(client: TestClient) -> None:
    assert 'lang="zh-CN"' in client.get("/sign-in").text
    answer = client.get("/display?locale=en&theme=dark&back=/sign-in")
    assert answer.headers["location"] == "/sign-in"
    page = client.get("/sign-in").text
    assert '<html lang="en" data-theme="dark">' in page
    assert "Sign in" in page


@pytest.mark.parametrize("query", ["locale=fr", "theme=neon"])
def test_a_language_that_is_none_is_refused_kindly(client: TestClient, query: str) -> None:
    assert client.get(f"/display?{query}").status_code == 422


def test_an_unknown_page_is_told_in_words(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "没有找到这一页" in answer.text
