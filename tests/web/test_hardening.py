from __future__ import annotations

import json
import logging

import pytest
import structlog
from fastapi.responses import Response
from pydantic import SecretStr
from sqlalchemy import select

from models.staff import Staff
from models.vocabulary import Role
from outreach_api.commands.sbom import BROWSER, LOCKS, bill
from outreach_api.logs import log_as_json
from outreach_api.settings import Settings
from outreach_api.signin.cookie import Kept
from outreach_api.signin.relying_party import RoundTrip
from outreach_api.web.chat import keep_secret
from outreach_api.web.round_trips import keep
from outreach_api.web.staff import renew_password
from tests.builders import NOON, an_api_token
from tests.web.conftest import Colleague, FakeHouse, TestClient, sign_in

CANARY = "canary-4f1d8a"


def test_over_https_cookies_are_bound_to_this_host(client: TestClient, house: FakeHouse, colleague: Colleague) -> None:
    house.settings.public_url = "https://testserver"
    client.base_url = client.base_url.copy_with(scheme="https")
    assert sign_in(client, colleague(Role.AGENT)) == 303
    kept = {cookie.name: cookie for cookie in client.cookies.jar}
    assert "__Host-staff_session" in kept
    assert all(cookie.secure and cookie.path == "/" and not cookie.domain_specified for cookie in kept.values())
    assert client.get("/").status_code == 200


def test_over_https_no_open_connection_lays_any_cookie(client: TestClient, house: FakeHouse) -> None:
    house.settings.public_url = "https://testserver"
    client.base_url = client.base_url.copy_with(scheme="https")
    client.get("/display?locale=en&theme=dark")
    assert {cookie.name for cookie in client.cookies.jar} == {"__Secure-locale", "__Secure-theme"}
    assert 'lang="en"' in client.get("/sign-in").text
    answer = Response()
    keep_secret(answer, house, "token", "secret", 60)
    keep(answer, house, Kept(RoundTrip.begin(), "/"), purpose="staff_oidc", path="/sign-in", now=NOON)
    laid = answer.headers.getlist("set-cookie")
    assert [cookie.split("=")[0] for cookie in laid] == ["__Secure-chat", "__Secure-staff_oidc"]
    assert all("; Secure" in cookie and "; HttpOnly" in cookie for cookie in laid)


def test_a_new_password_ends_the_old_one_its_sessions_and_a_lock(
    client: TestClient, house: FakeHouse, colleague: Colleague
) -> None:
    staff = colleague(Role.AGENT)
    assert sign_in(client, staff) == 303
    with house.sessions.write() as session:
        row = session.get_one(Staff, staff.id)
        row.failed_sign_ins, row.locked_until = 9, NOON.replace(year=2099)
        password = renew_password(session, row, by="terminal", now=NOON)
    assert client.get("/").status_code == 303
    assert sign_in(client, staff) == 401
    assert sign_in(client, staff, password) == 303


def test_who_was_refused_is_in_the_log_by_number(
    client: TestClient, house: FakeHouse, colleague: Colleague, capsys: pytest.CaptureFixture[str]
) -> None:
    log_as_json(logging.INFO)
    auditor = colleague(Role.AUDITOR)
    sign_in(client, auditor)
    assert client.post("/pause", data={"because": "x"}).status_code == 403
    with house.sessions.write() as session:
        token_id = an_api_token(session, "feeder", "feeds").id
    client.get("/api/v1/queue", headers={"authorization": "Bearer feeder"})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    refused = {line["event"]: line for line in lines}
    assert (refused["page_refused"]["staff"], refused["page_refused"]["route"]) == (auditor.id, "pause")
    assert (refused["api_refused"]["token"], refused["api_refused"]["route"]) == (token_id, "list_queue")


def test_secrets_show_in_no_print_of_the_settings_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    secret = SecretStr(CANARY)
    settings = Settings(_env_file=None, bot_secret=secret, twilio_auth_token=secret, metrics_token=secret)
    log_as_json(logging.INFO)
    try:
        raise RuntimeError("it failed")  # noqa: TRY301 - its traceback is looked at
    except RuntimeError:
        structlog.get_logger().exception("failed", settings=repr(settings))
    out = capsys.readouterr()
    assert "it failed" in out.err
    assert CANARY not in out.err + out.out + repr(settings) + str(settings.model_dump()) + settings.model_dump_json()


def test_no_plain_field_of_the_settings_is_named_like_a_secret() -> None:
    plain = {
        name
        for name, field in Settings.model_fields.items()
        if any(word in name for word in ("secret", "token", "password")) and field.annotation is not SecretStr
    }
    assert plain == set()


def test_a_token_or_password_is_in_no_database_column_as_it_is(house: FakeHouse, colleague: Colleague) -> None:
    staff = colleague(Role.AGENT)
    with house.sessions.write() as session:
        password = renew_password(session, session.get_one(Staff, staff.id), by="terminal", now=NOON)
        an_api_token(session, CANARY, "feeds")
    with house.sessions.read() as session:
        kept = session.scalars(select(Staff.password_hash)).one()
        rows = session.connection().exec_driver_sql("SELECT * FROM api_token").all()
    assert kept.startswith("$argon2id$")
    assert password not in kept
    assert CANARY not in str(rows)


def test_the_bill_of_materials_names_what_runs_with_its_hash() -> None:
    made = bill(LOCKS, BROWSER)
    names = {component["name"]: component for component in made["components"]}
    assert {"fastapi", "sqlalchemy", "cryptography", "rasa", "htmx.org", "echarts"} <= set(names)
    assert all(component["hashes"] and component["purl"].startswith("pkg:") for component in names.values())
    assert len(names["htmx.org"]["hashes"][0]["content"]) == 128, "SHA-512, as npm has it"
