"""Auditors read the record; nobody else does, and nobody can change it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from models.event import AuditAlert, AuditEntry
from models.vocabulary import Role
from tests.builders import NOON
from tests.web.conftest import FakeHouse, TestClient

SignIn = Callable[[Role], TestClient]


@pytest.fixture(autouse=True)
def _record(house: FakeHouse) -> None:
    with house.sessions.write() as session:
        for number in range(3):
            subject = f"resident:{number}"
            entry = AuditEntry(at=NOON, actor=f"staff:{number}", action="reveal.phone", subject=subject, facts={})
            session.add(entry)
        session.add(
            AuditAlert(
                rule="a_street", actor="staff:2", on=date(2026, 9, 1), at=NOON, count=15, facts={"street": "东门"}
            )
        )


def test_an_auditor_reads_it_and_finds_what_one_person_did(signed_in: SignIn) -> None:
    client = signed_in(Role.AUDITOR)
    page = client.get("/audit").text
    assert all(f"resident:{number}" in page for number in range(3))
    assert "集中查看一个街道 · 东门" in page
    narrowed = client.get("/audit?actor=staff:1&action=reveal").text
    assert "resident:1" in narrowed
    assert "resident:2" not in narrowed


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.AUDITOR}))
def test_nobody_else_does(signed_in: SignIn, role: Role) -> None:
    assert signed_in(role).get("/audit").status_code == 403
