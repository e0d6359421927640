"""Surveys by call, with real wires and the trained bot: whole, broken off, said again, corrected, refused."""

from __future__ import annotations

import pytest

from models.survey import SurveyAnswer, SurveyInvitation
from models.vocabulary import InvitationState
from outreach_api.voice.settings import Transport
from sandbox.carrier.listening import HangUp, Press
from tests.voice.lab import ME, Lab, Talked

pytestmark = pytest.mark.rasa


@pytest.fixture
def on(lab: Lab) -> Lab:
    lab.use(Transport.RELAY)
    return lab


def _survey(on: Lab, *acts: str | Press | HangUp) -> Talked:
    who = on.a_resident()
    return on.call(ME, *acts, HangUp(), who=who, contact_id=on.plan_survey(who))


def _state(talked: Talked) -> InvitationState:
    held: SurveyInvitation = talked.lab.one(SurveyInvitation, SurveyInvitation.contact_id == talked.contact_id)
    return held.state


def _counting(talked: Talked) -> dict[str, str]:
    """The answers that count: none that was superseded."""
    held = talked.lab.one(SurveyInvitation, SurveyInvitation.contact_id == talked.contact_id)
    rows = talked.lab.all(SurveyAnswer, SurveyAnswer.invitation_id == held.id, SurveyAnswer.superseded_at.is_(None))
    return {row.question: row.value for row in rows}


def test_a_whole_survey_in_own_words_and_by_key(on: Lab) -> None:
    talked = _survey(on, "挺满意的，小姑娘很耐心", "到账了", Press("5"), "没什么了，都挺好")
    given = _counting(talked)
    assert given["satisfaction"] in ("4", "5")
    assert (given["received"], given["obstacles"], given["comment"]) == ("yes", "none", "text")
    assert _state(talked) is InvitationState.FINISHED
    assert talked.cases == []


def test_a_survey_that_is_broken_off_keeps_what_was_said(on: Lab) -> None:
    talked = _survey(on, "4", "到账了")
    assert _counting(talked) == {"satisfaction": "4", "received": "yes"}
    assert _state(talked) is InvitationState.PARTIAL
    assert talked.stops == []


def test_a_question_is_put_again_and_an_answer_said_twice_counts_once(on: Lab) -> None:
    talked = _survey(on, "没听清，再说一遍", "满意", "到账了", "到账了")
    assert sum("满意" in line for line in talked.heard[1:3]) == 2
    given = _counting(talked)
    assert given["satisfaction"] in ("4", "5")
    assert given["received"] == "yes"


def test_an_answer_is_corrected(on: Lab) -> None:
    talked = _survey(on, "4", "说错了，是3")
    assert _counting(talked) == {"satisfaction": "3"}


def test_dissatisfaction_is_a_complaint_while_the_line_is_open(on: Lab) -> None:
    talked = _survey(on, "不满意，跑了三趟", "工作人员态度不好")
    assert talked.cases == [("complaint", "complaint")]


def test_money_that_did_not_come_is_a_problem_to_follow(on: Lab) -> None:
    talked = _survey(on, "4", "补贴还没到账")
    assert talked.cases == [("complaint", "survey_problem")]


def test_no_more_surveys_is_no_stop_of_benefits(on: Lab) -> None:
    who = on.a_resident()
    talked = on.call(ME, "4", "不用回访了", HangUp(), who=who, contact_id=on.plan_survey(who))
    assert on.preferences(who[0]) == {"no_surveys"}
    assert talked.stops == []
    assert _state(talked) is InvitationState.REFUSED


def test_a_stop_in_a_survey_stops_everything(on: Lab) -> None:
    talked = _survey(on, "4", "以后别再给我打电话了")
    assert talked.stops == ["opt_out"]
