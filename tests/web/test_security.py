from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from pydantic import SecretStr

from models.carrier import CarrierBreaker
from models.column_types import use_key_ring
from models.crypto import new_key_ring
from models.event import JobSlot
from models.migrate import stamp
from models.session import Sessions, make_engine
from models.vocabulary import BreakerState, ContactState, Role
from outreach_api.measures import registry_of
from outreach_api.spool import Spool
from outreach_api.web.app import create_app
from tests.builders import NOON, a_contact, a_match, a_phone, an_api_token
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
    if house.sessions.engine.dialect.name == "sqlite":
        assert client.get("/readyz").json() == {"status": "database not migrated"}
        stamp(house.sessions.engine)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "bot": "unreachable"})


def test_a_process_whose_keys_are_not_the_databases_is_not_ready(client: TestClient, house: FakeHouse) -> None:
    if house.sessions.engine.dialect.name == "sqlite":
        stamp(house.sessions.engine)
    with house.sessions.write() as session:
        a_phone(session)
    use_key_ring(new_key_ring())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "keys do not open the database"})


def figures(house: FakeHouse) -> str:
    spool = Spool.of(house.settings, house.ring)
    return generate_latest(registry_of(house.sessions, house.clock, spool)).decode()


def test_a_process_without_its_database_is_ready_as_long_as_its_spool_takes(
    client: TestClient, house: FakeHouse
) -> None:
    house.sessions = Sessions(make_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "spooling", "entries": 0, "refused": 0})
    assert "outreach_database_up 0.0" in figures(house)
    house.settings.spool_megabytes = 0
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "database unavailable"})


def test_a_page_whose_database_is_away_says_so(client: TestClient, house: FakeHouse) -> None:
    house.sessions = Sessions(make_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere"))
    answer = client.get("/c/a-link/state")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.json()["detail"] == "the database is away"


def test_what_waits_on_disk_stands_on_the_overview(signed_in: SignedIn, house: FakeHouse) -> None:
    console = signed_in(Role.SUPERVISOR)
    Spool.of(house.settings, house.ring).append([{"kind": "text"}] * 3)
    assert "还在本机磁盘上等着入库： 3" in console.get("/").text
    assert "outreach_spooled 3.0" in figures(house)


def test_figures_are_for_this_machine_or_the_token(client: TestClient, house: FakeHouse) -> None:
    def status(host: str, **headers: str) -> int:
        with TestClient(client.app, client=(host, 5000)) as caller:
            return int(caller.get("/metrics", headers=headers).status_code)

    assert [status("127.0.0.1"), status("10.0.0.9")] == [200, 404]
    assert status("127.0.0.1", **{"x-forwarded-for": "10.0.0.9"}) == 404
    house.settings.metrics_token = SecretStr("t0ken")
    assert [status("10.0.0.9", authorization="Bearer t0ken"), status("127.0.0.1")] == [200, 404]


def test_figures_tell_counts_ages_and_no_person(client: TestClient, house: FakeHouse) -> None:
    with house.sessions.write() as session:
        match = a_match(session)
        a_contact(session, match, due_at=NOON - timedelta(minutes=2))
        a_contact(session, match, state=ContactState.UNKNOWN)
        session.add(CarrierBreaker(carrier="twilio", state=BreakerState.OPEN))
        session.add(JobSlot(job="plan", slot=NOON, started_at=NOON, finished_at=NOON - timedelta(hours=1), result={}))
        session.add(JobSlot(job="plan", slot=NOON + timedelta(hours=1), started_at=NOON))
    text = figures(house)
    for line in (
        'outreach_contacts{state="planned"} 1.0',
        "outreach_unknown_contacts 1.0",
        "outreach_queue_age_seconds 120.0",
        "outreach_inbound_backlog 0.0",
        'outreach_breaker{carrier="twilio"} 2.0',
        'outreach_slot_age_seconds{job="plan"} 3600.0',
        "outreach_slots_unfinished 1.0",
        "outreach_bot_seconds_count",
    ):
        assert line in text
    assert "138" not in text


def test_language_and_theme_are_switched_and_kept(client: TestClient) -> None:
    assert 'lang="zh-CN"' in client.get("/sign-in").text
    answer = client.get("/display?locale=en&theme=dark&back=/sign-in")
    assert answer.headers["location"] == "/sign-in"
    page = client.get("/sign-in").text
    assert '<html lang="en" data-theme="dark"' in page
    assert "Sign in" in page


@pytest.mark.parametrize("query", ["locale=fr", "theme=neon"])
def test_a_language_that_is_none_is_refused_kindly(client: TestClient, query: str) -> None:
    assert client.get(f"/display?{query}").status_code == 422


def test_an_unknown_page_is_told_in_words(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "没有找到这一页" in answer.text


def test_what_the_carrier_is_told_carries_the_headers_and_names_what_is_wrong(client: TestClient) -> None:
    answer = client.post("/webhooks/twilio/status", content="MessageSid=SM1", headers={"X-Twilio-Signature": "guessed"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/webhooks/twilio/status").status_code == 405
