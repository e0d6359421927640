"""Bulk views, feeds and departments' use rest on a promise that a second person agreed to, and end with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.care import CareEntry
from models.event import AuditEntry
from models.undertaking import Undertaking
from models.vocabulary import CareReason, UndertakingKind, UndertakingState
from outreach_api.care.care_list import Wanted, hand_over
from outreach_api.privacy.undertakings import (
    BULK_ROWS_WITHOUT,
    Asked,
    Decision,
    NotUndertaken,
    UndertakingRefused,
    ask,
    decide,
    terms_of_feeds,
)
from outreach_api.web.tokens import (
    Scope,
    Terms,
    TokenNotMade,
    TokenRefused,
    add_token,
    caller_of,
    check_it_is_undertaken,
)
from scheduler.roster.applications import read_applications
from scheduler.roster.faults import FileRefused
from tests.builders import NOON, a_database, a_key_ring, a_resident
from tests.web.conftest import cards

STREET = "东门街道"
COLUMNS = ("id_number", "policy", "status", "happened_on")
HEADER = "身份证号,事项,状态,日期"
ROW = "44030319510305001X,高龄津贴,受理,2026-08-30"


@pytest.fixture
def session() -> Iterator[Session]:
    with a_database().write() as session:
        yield session


def an_application(session: Session, **values: Any) -> Undertaking:
    given: dict[str, Any] = {
        "kind": UndertakingKind.BULK_VIEW,
        "subject": STREET,
        "purpose": "入户看望高龄老人",
        "fields": ("name", "address"),
        "rows": 100,
        "term_days": 7,
        "promised": True,
    }
    return ask(session, Asked(**(given | values)), list(Scope), by="staff:1", now=NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"promised": False},
        {"purpose": "看"},
        {"fields": ()},
        {"fields": ("id_number",)},
        {"rows": None},
        {"rows": 100_000},
        {"term_days": 31},
        {"subject": " "},
        {"kind": UndertakingKind.FEED, "subject": "applications", "fields": ("name",)},
        {"kind": UndertakingKind.FEED, "subject": "applications", "fields": ("policy", "status")},
        {"kind": UndertakingKind.FEED, "subject": "no_such_feed", "fields": ("policy",)},
        {"kind": UndertakingKind.DEPARTMENT_USE, "fields": ("queue.read",), "rows": None},
    ],
)
def test_an_application_that_is_not_in_order_is_none(session: Session, wrong: dict[str, Any]) -> None:
    with pytest.raises(UndertakingRefused):
        an_application(session, **wrong)
    assert session.scalars(select(Undertaking)).all() == []


def test_nobody_agrees_to_their_own_and_nobody_decides_twice(session: Session) -> None:
    row = an_application(session)
    with pytest.raises(UndertakingRefused, match="their own"):
        decide(session, row.id, Decision.APPROVE, by="staff:1", now=NOON)
    decide(session, row.id, Decision.APPROVE, by="staff:2", now=NOON)
    with pytest.raises(UndertakingRefused, match="approved"):
        decide(session, row.id, Decision.REFUSE, by="staff:2", now=NOON)
    decide(session, row.id, Decision.END, by="staff:1", now=NOON)
    assert row.state is UndertakingState.ENDED
    acts = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert acts == ["undertaking.ask", "undertaking.approve", "undertaking.end"]


def test_many_people_in_full_take_an_application_and_hold_its_fields_and_term(session: Session) -> None:
    for number in range(BULK_ROWS_WITHOUT + 1):
        resident = a_resident(session, name=f"陈秀{number}")
        session.add(
            CareEntry(resident_id=resident.id, reason=CareReason.HIGH_AGE, street=STREET, words="独居", opened_at=NOON)
        )

    def taken(by: str, days: int = 0) -> str:
        now = NOON + timedelta(days=days)
        return hand_over(session, Wanted(street=STREET), purpose="入户看望高龄老人", by=by, now=now)

    with pytest.raises(NotUndertaken):
        taken("staff:1")
    decide(session, an_application(session).id, Decision.APPROVE, by="staff:2", now=NOON)
    text = taken("staff:1")
    assert ("陈秀3" in text, "湖贝路" in text) == (True, True)
    assert ("+86" in text, "独居" in text) == (False, False), "only what was applied for"
    for by, days in (("staff:2", 0), ("staff:1", 7)):
        with pytest.raises(NotUndertaken):
            taken(by, days)
    few = an_application(session, rows=5, term_days=30)
    decide(session, few.id, Decision.APPROVE, by="staff:2", now=NOON)
    with pytest.raises(NotUndertaken):
        taken("staff:1", 7)


def test_a_departments_token_ends_with_its_application(session: Session) -> None:
    terms = {"kind": UndertakingKind.FEED, "subject": "applications", "fields": COLUMNS, "term_days": 90}
    row = an_application(session, **terms)
    under = Terms([Scope.FEEDS], undertaking_id=row.id)
    with pytest.raises(TokenNotMade):
        check_it_is_undertaken(Terms([Scope.FEEDS]))
    with pytest.raises(TokenNotMade):
        add_token(session, "early", under, now=NOON)
    decide(session, row.id, Decision.APPROVE, by="staff:2", now=NOON)
    with pytest.raises(TokenNotMade, match="not for"):
        add_token(session, "wide", Terms([Scope.FEEDS, Scope.QUEUE_READ], undertaking_id=row.id), now=NOON)
    token = add_token(session, "tax", under, now=NOON)
    assert caller_of(session, token, now=NOON).feed == "applications"
    with pytest.raises(TokenRefused):
        caller_of(session, token, now=NOON + timedelta(days=90))
    decide(session, row.id, Decision.END, by="staff:1", now=NOON)
    with pytest.raises(TokenRefused):
        caller_of(session, token, now=NOON)


def a_file(folder: Path, *lines: str) -> Path:
    path = folder / "applications.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def taken(path: Path, session: Session, *, now: datetime = NOON) -> int:
    terms = terms_of_feeds(session, now=now).get("applications")
    return len(read_applications(path, a_key_ring(), cards(), terms=terms)[0])


def test_a_feed_brings_the_columns_and_rows_it_was_applied_for_and_no_others(session: Session, tmp_path: Path) -> None:
    as_agreed = a_file(tmp_path, HEADER, ROW)
    assert taken(as_agreed, session) == 1, "nobody applied for it: a roster of the house"
    terms = {"kind": UndertakingKind.FEED, "subject": "applications", "fields": COLUMNS, "term_days": 90, "rows": 2}
    row = an_application(session, **terms)
    with pytest.raises(FileRefused, match="waits for a second person"):
        taken(as_agreed, session)
    decide(session, row.id, Decision.APPROVE, by="staff:2", now=NOON)
    assert taken(as_agreed, session) == 1
    for column in ("办理渠道", "家庭住址"):
        with pytest.raises(FileRefused, match=f"is not for the columns {column}; leave them out"):
            taken(a_file(tmp_path, f"{HEADER},{column}", f"{ROW},大厅"), session)
    with pytest.raises(FileRefused, match="3 rows, and application 1 is for 2 a file"):
        taken(a_file(tmp_path, HEADER, ROW, ROW, ROW), session)
    with pytest.raises(FileRefused, match="was over on 2026-11-30: apply anew"):
        taken(a_file(tmp_path, HEADER, ROW), session, now=NOON + timedelta(days=90))
    wider = an_application(session, **terms | {"fields": (*COLUMNS, "channel")})
    assert taken(as_agreed, session) == 1, "the older one stands until the new one is agreed to"
    decide(session, wider.id, Decision.APPROVE, by="staff:2", now=NOON)
    assert taken(a_file(tmp_path, f"{HEADER},办理渠道", f"{ROW},大厅"), session) == 1
