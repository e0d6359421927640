"""Surveys on the web: visitors write answers down by API or form, and anger is on the page within a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case
from models.session import Sessions
from models.survey import SurveyAnswer, SurveyInvitation
from models.vocabulary import CaseKind, InvitationState, Role, SurveyWay, Urgency
from outreach_api.surveys.at_home import ask_at_home
from outreach_api.surveys.planning import Sample, start_survey
from outreach_api.web import live
from outreach_api.web.live import EventTail
from tests.builders import NOON, a_database, a_match, a_team, an_api_token
from tests.conversations.street import Street
from tests.surveys.asking import asked
from tests.web.conftest import FakeHouse, TestClient, cards, form_token

BEARER = {"authorization": "Bearer secret"}
SignIn = Callable[[Role], TestClient]


def a_survey_at_home(sessions: Sessions) -> int:
    """A visit at which somebody is to be asked; the case's number."""
    with sessions.write() as session:
        sample = Sample(channel=SurveyWay.VISIT)
        survey = start_survey(
            session, name="上门回访", questionnaire="after-service", version=1, sample=sample, starts_on=NOON.date()
        )
        match = a_match(session)
        invitation = SurveyInvitation(
            survey_id=survey.id,
            resident_id=match.resident_id,
            match_id=match.id,
            policy_id=match.policy_id,
            stratum="东门街道|elderly-allowance",
            channel=SurveyWay.VISIT,
            framed_at=NOON,
        )
        session.add(invitation)
        session.flush()
        visit = ask_at_home(session, invitation, now=NOON)
        assert isinstance(visit, Case)
        return visit.id


@pytest.fixture
def case_id(house: FakeHouse) -> int:
    with house.sessions.write() as session:
        an_api_token(session, "secret", "cases", name="teams")
        a_team(session, "T01")
    return a_survey_at_home(house.sessions)


def _standing(house: FakeHouse) -> dict[str, str]:
    with house.sessions.read() as session:
        rows = session.scalars(select(SurveyAnswer).where(SurveyAnswer.superseded_at.is_(None)))
        return {row.question: row.text or row.value for row in rows}


def test_a_team_is_told_what_to_ask_and_sends_the_answers(client: TestClient, house: FakeHouse, case_id: int) -> None:
    item = client.get("/api/v1/cases", headers=BEARER).json()["items"][0]
    assert item["reason"] == "survey"
    assert [question["id"] for question in item["survey"]][:2] == ["satisfaction", "received"]
    assert item["survey"][1]["options"] == {"yes": "到了", "no": "还没", "unsure": "不清楚"}
    told: dict[str, Any] = {"team": "T01", "answers": {"satisfaction": "4"}}
    for _ in range(2):
        kept = client.post(f"/api/v1/cases/{case_id}/survey", json=told, headers=BEARER).json()
        assert kept == {"state": "partial", "next_question": "received", "case_state": "open"}
    told["answers"] = {"received": "yes", "obstacles": "none", "comment": "没有"}
    kept = client.post(f"/api/v1/cases/{case_id}/survey", json=told, headers=BEARER).json()
    assert kept == {"state": "finished", "next_question": None, "case_state": "resolved"}
    assert _standing(house) == {"satisfaction": "4", **told["answers"]}


def test_wrong_answers_and_other_cases_are_refused(client: TestClient, case_id: int) -> None:
    wrong = {"team": "T01", "answers": {"satisfaction": "9"}}
    assert client.post(f"/api/v1/cases/{case_id}/survey", json=wrong, headers=BEARER).status_code == 422
    refused = {"team": "T01", "refused": True}
    assert client.post(f"/api/v1/cases/{case_id}/survey", json=refused, headers=BEARER).json()["state"] == "refused"
    assert client.post(f"/api/v1/cases/{case_id}/survey", json=refused, headers=BEARER).status_code == 422


def test_answers_are_written_down_on_a_form(signed_in: SignIn, house: FakeHouse, case_id: int) -> None:
    client = signed_in(Role.SUPERVISOR)
    assert f"/cases/{case_id}/survey" in client.get(f"/cases/{case_id}").text
    page = client.get(f"/cases/{case_id}/survey").text
    assert "高龄津贴办完了" in page
    assert "回复" not in page.partition('<form method="post" class="stack"')[2]
    given = {"csrf": form_token(page), "satisfaction": "5", "obstacles": ["papers", "distance"], "comment": ""}
    answer = client.post(f"/cases/{case_id}/survey", data=given)
    assert answer.headers["location"] == f"/cases/{case_id}"
    assert _standing(house) == {"satisfaction": "5", "obstacles": "papers,distance"}
    assert 'value="5" checked' in client.get(f"/cases/{case_id}/survey").text


def test_the_survey_page_counts_who_was_asked_and_who_answered(
    signed_in: SignIn, house: FakeHouse, case_id: int
) -> None:
    client = signed_in(Role.SUPERVISOR)
    token = form_token(client.get(f"/cases/{case_id}/survey").text)
    client.post(f"/cases/{case_id}/survey", data={"csrf": token, "satisfaction": "1"})
    page = client.get("/surveys").text
    assert "上门回访" in page
    assert page.count('<td class="n">1</td>') == 4  # in the frame, drawn, asked, dissatisfied
    assert signed_in(Role.ANALYST).get("/surveys").status_code == 403


async def _until_told(stream: AsyncIterator[bytes]) -> None:
    async for told in stream:
        if told.startswith(b"event: changed"):
            return


def test_anger_in_an_answer_is_there_when_the_page_is_told_and_that_is_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live.POLL_SECONDS + live.REST_SECONDS <= 1
    for name in ("POLL_SECONDS", "REST_SECONDS"):
        monkeypatch.setattr(live, name, 0.01)
    street = Street(a_database(f"sqlite:///{tmp_path}/street.db"), cards())
    who = asked(street)

    async def watch() -> list[tuple[CaseKind, Urgency]]:
        tail = EventTail(street.sessions)
        stream = tail.changes()
        await asyncio.wait_for(_until_told(stream), 5)
        await asyncio.to_thread(street.tell, who, "很不满意")
        await asyncio.wait_for(_until_told(stream), 5)
        tail.close()
        return [(case.kind, case.urgency) for case in street.all(Case)]

    assert asyncio.run(watch()) == [(CaseKind.COMPLAINT, Urgency.HIGH)]
    with street.sessions.read() as session:
        assert session.scalars(select(SurveyInvitation.state)).one() is InvitationState.PARTIAL
