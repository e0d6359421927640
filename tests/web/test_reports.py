"""Report pages: who sees what, that a figure leads to its list, and what a file needs before it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from models.event import AuditEntry
from models.report import ExportRequest
from models.vocabulary import Role
from tests.web.conftest import FakeHouse, TestClient, form_token

SignIn = Callable[[Role], TestClient]
pytestmark = pytest.mark.usefixtures("busy_case")


def test_a_supervisor_sees_figures_charts_tables_and_definitions(signed_in: SignIn) -> None:
    page = signed_in(Role.SUPERVISOR).get("/reports?policy=elderly-allowance").text
    assert "应享未享（人次）" in page
    assert "比对发现应享未享的人次" in page
    assert page.count('class="chart-figures"') == page.count('class="chart report-chart"') > 0
    assert "figure=done" in page


def test_a_figure_leads_to_a_list_of_as_many_masked_rows(signed_in: SignIn) -> None:
    client = signed_in(Role.SUPERVISOR)
    page = client.get("/reports/list?policy=elderly-allowance&figure=done").text
    assert "52 行" in page
    assert "陈秀兰" not in page
    assert "陈*" in page
    assert "****" in page


def test_an_analyst_sees_no_small_cells_and_no_lists(signed_in: SignIn) -> None:
    client = signed_in(Role.ANALYST)
    page = client.get("/reports?policy=elderly-allowance").text
    assert "小于 10 的数不显示" in page
    assert "/reports/list" not in page
    assert client.get("/reports/list").status_code == 403


def test_an_agent_has_no_reports(signed_in: SignIn) -> None:
    assert signed_in(Role.AGENT).get("/reports").status_code == 403


def _ask(client: TestClient, query: str, purpose: str) -> Any:
    page = client.get(f"/reports/list?{query}").text
    form = {
        "csrf": form_token(page),
        "purpose": purpose,
        "form": "csv",
        "promise": "true",
        "fields": ["street", "name"],
    }
    return client.post(f"/reports/export?{query}", data=form)


def test_a_short_export_is_taken_at_once_and_is_on_record(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    assert _ask(client, "policy=disabled-living-subsidy", "核对残疾补贴名单").status_code == 303
    taken = client.get("/reports/exports/1/file")
    assert taken.status_code == 200
    assert taken.content.decode("utf-8-sig").splitlines()[0] == "姓名,街道"
    with house.sessions.read() as session:
        query = select(AuditEntry.action, AuditEntry.purpose).where(AuditEntry.subject == "export:1")
        entries = [tuple(row) for row in session.execute(query.order_by(AuditEntry.id))]
    assert entries == [
        ("export.ask", "核对残疾补贴名单"),
        ("export.take", "核对残疾补贴名单"),
    ]


def test_a_long_export_waits_for_a_second_person(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    _ask(client, "", "年度总结核对数字")
    assert client.get("/reports/exports/1/file").status_code == 422
    token = form_token(client.get("/reports/exports").text)
    assert client.post("/reports/exports/1/approve", data={"csrf": token}).status_code == 422
    second = signed_in(Role.SUPERVISOR)
    token = form_token(second.get("/reports/exports").text)
    assert second.post("/reports/exports/1/approve", data={"csrf": token}).status_code == 303
    with house.sessions.read() as session:
        assert session.get_one(ExportRequest, 1).approved_by is not None
    assert second.get("/reports/exports/1/file").status_code == 422


def test_a_long_list_in_short_pieces_waits_for_a_second_person_too(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    piece = "policy=elderly-allowance&figure=done"
    for _ in range(5):
        _ask(client, piece, "核对高龄津贴名单")
    with house.sessions.read() as session:
        asked = session.scalars(select(ExportRequest).order_by(ExportRequest.id)).all()
        rows = [(request.rows, request.approved_at is not None) for request in asked]
    assert rows == [(52, True)] * 3 + [(52, False)] * 2
    assert [client.get(f"/reports/exports/{number}/file").status_code for number in (3, 4)] == [200, 422]
    other = signed_in(Role.SUPERVISOR)
    _ask(other, piece, "核对高龄津贴名单")
    assert other.get("/reports/exports/6/file").status_code == 200, "somebody else's pieces are counted apart"


def test_what_grew_within_what_one_takes_alone_counts_as_it_is(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    piece = "policy=elderly-allowance&figure=done"
    for _ in range(3):
        _ask(client, piece, "核对高龄津贴名单")
    with house.sessions.write() as session:
        for request in session.scalars(select(ExportRequest)):
            request.rows = 1
    # As if each had been a short list when it was applied for.
    assert [client.get(f"/reports/exports/{one}/file").status_code for one in (1, 2, 3)] == [200, 200, 200]
    _ask(client, piece, "核对高龄津贴名单")
    assert client.get("/reports/exports/4/file").status_code == 422


def test_an_export_expires(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    _ask(client, "policy=disabled-living-subsidy", "核对残疾补贴名单")
    with house.sessions.write() as session:
        session.get_one(ExportRequest, 1).expires_at = house.clock.now()
    assert client.get("/reports/exports/1/file").status_code == 422
    assert "已过期" in client.get("/reports/exports").text


def test_nothing_is_exported_without_the_promise(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    page = client.get("/reports/list?policy=disabled-living-subsidy").text
    assert "不与其他数据拼合认人" in page
    form = {"csrf": form_token(page), "purpose": "核对残疾补贴名单", "form": "csv"}
    answer = client.post("/reports/export?policy=disabled-living-subsidy", data=form)
    assert "said_application_incomplete" in answer.headers["location"]
    with house.sessions.read() as session:
        assert session.scalars(select(ExportRequest)).all() == []


def test_a_list_that_grew_after_the_yes_is_applied_for_anew(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    _ask(client, "", "年度总结核对数字")
    with house.sessions.write() as session:
        asked = session.get_one(ExportRequest, 1)
        asked.rows, asked.approved_at, asked.approved_by = asked.rows - 1, house.clock.now(), "staff:99"
    assert client.get("/reports/exports/1/file").status_code == 422


def test_an_export_without_a_purpose_is_not_made(signed_in: SignIn, house: FakeHouse) -> None:
    answer = _ask(signed_in(Role.SUPERVISOR), "policy=disabled-living-subsidy", "  ")
    assert "said_application_incomplete" in answer.headers["location"]
    with house.sessions.read() as session:
        assert session.scalars(select(ExportRequest)).all() == []


def test_minutes_per_step_are_edited_on_record(signed_in: SignIn, house: FakeHouse) -> None:
    client = signed_in(Role.SUPERVISOR)
    token = form_token(client.get("/reports/minutes").text)
    wrong = client.post("/reports/minutes", data={"csrf": token, "visit": "700"})
    assert "minutes_wrong" in wrong.headers["location"]
    kept = client.post("/reports/minutes", data={"csrf": token, "visit": "31", "human": "8"})
    assert "minutes_kept" in kept.headers["location"]
    assert (
        'name="visit" type="number" min="0" max="600" step="any" required value="31"'
        in client.get("/reports/minutes").text
    )
    with house.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.subject == "setting:labour_minutes")).one()
        assert (entry.action, entry.facts) == ("set", {"visit": 31})


def test_an_analyst_reads_the_minutes_and_changes_none(signed_in: SignIn) -> None:
    client = signed_in(Role.ANALYST)
    page = client.get("/reports/minutes").text
    assert "一次上门" in page
    assert "<input id" not in page
    assert client.post("/reports/minutes", data={"visit": "1"}).status_code == 403
