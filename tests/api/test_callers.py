from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.staff import ApiToken, Staff
from models.vocabulary import CaseKind, Role
from outreach_api.web.rate_limit import Pace, SharedPace
from outreach_api.web.tokens import MARK, Scope, Terms, add_token, revoke_token
from tests.api.conftest import Api, forget_failures
from tests.builders import NOON, a_case, a_match, a_staff_member, an_api_token, an_undertaking


def test_a_token_is_kept_as_a_hash_and_how_it_begins(api: Api) -> None:
    with api.sessions.write() as session:
        token = add_token(session, "erp", Terms(["queue.read"], expires_at=NOON + timedelta(days=1)), now=NOON)
    with api.sessions.read() as session:
        row = session.scalars(select(ApiToken).where(ApiToken.name == "erp")).one()
        assert token.startswith(MARK)
        assert row.prefix == token[: len(row.prefix or "")]
        assert len(row.prefix or "") < len(token) / 2
        assert token not in row.token_hash
        kept = session.scalars(select(AuditEntry).where(AuditEntry.action == "token.add")).one()
        assert kept.facts == {"scopes": ["queue.read"], "staff": None}
    assert api.get("/queue", by=token).status_code == 200


def test_a_token_ends_with_its_term_and_when_it_is_revoked(api: Api) -> None:
    with api.sessions.write() as session:
        term = Terms([Scope.QUEUE_READ], expires_at=NOON + timedelta(minutes=5))
        short, revoked = (add_token(session, name, term, now=NOON) for name in ("short", "revoked"))
        assert revoke_token(session, "revoked", now=NOON)
        assert not revoke_token(session, "revoked", now=NOON)
    assert api.get("/queue", by=revoked).status_code == 401
    assert api.get("/queue", by=short).status_code == 200
    api.wall_clock.set(NOON + timedelta(minutes=5))
    assert api.get("/queue", by=short).status_code == 401


def test_a_token_ends_with_the_account_it_acts_for(api: Api) -> None:
    with api.sessions.write() as session:
        staff = a_staff_member(session, Role.AGENT)
        an_api_token(session, "leaver", *Scope, staff_id=staff.id)
        session.get_one(Staff, staff.id).disabled_at = NOON
    assert api.get("/queue", by="leaver").status_code == 401


@pytest.mark.parametrize("scopes", [[], ["queue.read", "everything"]])
def test_a_scope_that_is_none_is_refused(api: Api, scopes: list[str]) -> None:
    with api.sessions.write() as session, pytest.raises(ValueError, match=r"queue\.read"):
        add_token(session, "x", Terms(scopes), now=NOON)


def test_a_token_is_slowed_to_its_own_pace_and_told_when_to_come_again(api: Api) -> None:
    with api.sessions.write() as session:
        an_api_token(session, "slow", Scope.QUEUE_READ, calls_a_minute=3)
    assert [api.get("/queue", by="slow").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = api.get("/queue", by="slow")
    assert (answer.headers["retry-after"], answer.headers["content-type"]) == ("21", "application/problem+json")
    assert api.get("/queue").status_code == 200
    api.wall_clock.set(api.wall_clock.now() + timedelta(seconds=21))
    assert api.get("/queue", by="slow").status_code == 200


def test_a_clock_that_goes_back_gives_no_calls_away() -> None:
    pace = Pace()
    assert pace.seconds_to_wait(1, 60, NOON) == 0
    for _ in range(59):
        pace.seconds_to_wait(1, 60, NOON - timedelta(hours=1))
    assert pace.seconds_to_wait(1, 60, NOON - timedelta(hours=1)) > 0


def test_several_processes_allow_together_what_one_would(api: Api) -> None:
    with api.sessions.write() as session:
        token = an_api_token(session, "shared", Scope.QUEUE_READ).id
    processes = [SharedPace(api.sessions) for _ in range(3)]

    def made(calls: int, now: datetime) -> int:
        waits = [process.seconds_to_wait(token, 600, now) for process in processes for _ in range(calls)]
        return waits.count(0)

    assert made(5, NOON) == 15
    # What the first took ahead last, it makes when it is asked again.
    assert [made(300, NOON), made(300, NOON), made(1, NOON)] == [580, 5, 0]
    assert processes[0].seconds_to_wait(token, 600, NOON) == 1
    later = NOON + timedelta(seconds=30)
    assert processes[0].seconds_to_wait(token, 600, later) == 0
    assert made(300, later) == 300 - 1
    assert made(300, later - timedelta(hours=1)) == 0


def test_who_guesses_tokens_is_slowed_down_and_others_are_not(api: Api) -> None:
    forget_failures(api)
    answers = [api.get("/queue", by=f"guess {number}").status_code for number in range(61)]
    assert answers == [401] * 60 + [429]
    assert api.get("/queue").status_code == 200
    forget_failures(api)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/queue", 405), ("GET", "/queue/next", 422)]
)
def test_an_address_that_is_none_is_a_problem(api: Api, method: str, path: str, status: int) -> None:
    answer = api.call(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


@pytest.mark.parametrize("sent", ["told", "chunked"])
def test_a_body_that_is_too_large_is_a_problem(api: Api, sent: str) -> None:
    body = b"x" * 1_000_001
    answer = api.call("POST", "/queue/1/steps", content=body if sent == "told" else iter([body]))
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_a_department_reads_as_many_rows_a_day_as_it_applied_for(api: Api) -> None:
    with api.sessions.write() as session:
        under = an_undertaking(session, Scope.QUEUE_READ, rows=3).id
        an_api_token(session, "of a department", Scope.QUEUE_READ, undertaking_id=under)
        for _ in range(4):
            a_case(session, a_match(session), kind=CaseKind.HUMAN)
    read = partial(api.get, by="of a department")
    assert len(read("/queue?limit=2").json()["items"]) == 2
    refused = read("/queue?limit=2")
    assert refused.status_code == 403
    assert "3 rows a day, and 2 were read today: ask for at most 1" in refused.text
    assert read("/queue?limit=1").status_code == 200
    assert read("/queue/1").status_code == 403
    api.wall_clock.set(api.wall_clock.now() + timedelta(days=1))
    assert read("/queue?limit=3").status_code == 200
