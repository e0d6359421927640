from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console

from outreach_api import doctor
from outreach_api.doctor import Check, State

SECRETS = {
    "OUTREACH_TWILIO_ACCOUNT_SID": "AC-very-secret",
    "OUTREACH_TWILIO_AUTH_TOKEN": "token-very-secret",
    "OUTREACH_TWILIO_FROM": "+15005550006",
    "OUTREACH_BOT_SECRET": "bot-very-secret",
}


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing configured, nothing listening: the outside is a port of this machine that nobody has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("OUTREACH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OUTREACH_BOT_URLS", '["http://127.0.0.1:9"]')
    monkeypatch.setenv("OUTREACH_TWILIO_BASE_URL", "http://127.0.0.1:9")
    for name in (*SECRETS, "OUTREACH_DATABASE_URL", "OUTREACH_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def named(name: str) -> Check:
    return next(check for check in doctor.report() if check.name == name)


def printed(checks: list[Check]) -> str:
    console = Console(file=io.StringIO(), width=100)
    doctor.print_report(checks, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_settings_are_said_to_be_there_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    shown = printed(doctor.report())

    assert named("Twilio account").state is State.OK
    assert [value for value in SECRETS.values() if value in shown] == []


def test_absent_twilio_settings_are_named_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_TWILIO_FROM", "+15005550006")

    check = named("Twilio account")

    assert check.state is State.WARN
    assert "OUTREACH_TWILIO_AUTH_TOKEN" in check.remedy
    assert "OUTREACH_TWILIO_FROM" not in check.remedy


def test_an_unreachable_database_is_essential_and_its_password_stays_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_DATABASE_URL", "postgresql+psycopg://a:hunter2@127.0.0.1:9/b?connect_timeout=2")

    checks = doctor.report()

    assert named("Database").state is State.MISSING
    assert "hunter2" not in printed(checks)
    assert doctor.exit_status(checks) == 1


@pytest.mark.parametrize("address", ["nonsense", "mysql+none://x", "http://127.0.0.1:70000"])
def test_a_malformed_database_address_is_a_line_of_the_report(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("OUTREACH_DATABASE_URL", address)

    assert named("Database").state is State.MISSING


def test_looking_at_the_database_does_not_make_it(tmp_path: Path) -> None:
    assert named("Database").state is State.OK
    assert list(tmp_path.iterdir()) == []


def test_a_rehearsals_clock_in_a_real_house_is_essential(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OUTREACH_CLOCK_FILE", str(tmp_path / "clock"))

    assert named("Clock").state is State.MISSING


def test_what_listens_is_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert named("Bot").state is State.WARN
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("OUTREACH_BOT_URLS", f'["http://127.0.0.1:{server.getsockname()[1]}"]')

        assert named("Bot").state is State.OK


def test_a_faulty_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_PORT", "eighty-hidden")

    check = named("Settings")

    assert (check.state, check.detail) == (State.MISSING, "OUTREACH_PORT")


def test_only_what_is_essential_decides_the_exit_status() -> None:
    assert doctor.exit_status([Check("a", State.OK, ""), Check("b", State.WARN, "")]) == 0
    assert doctor.exit_status([Check("a", State.OK, ""), Check("b", State.MISSING, "")]) == 1


def test_the_report_speaks_the_machines_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "State" in printed(doctor.report())
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "状态" in printed(doctor.report())
