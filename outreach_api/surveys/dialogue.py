"""A turn of a survey: the answer kept, what it calls for opened at once, the next question put."""

from __future__ import annotations

from enum import Enum

from models.vocabulary import CaseKind, CaseReason, InvitationState, Stage, Urgency
from models.vocabulary import Question as Asked
from outreach_api.conversations.by_reading import follow
from outreach_api.conversations.decision import Line, OpenCase
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import SAFETY
from outreach_api.surveys.effects import KeepAnswer, MoveInvitation, RefuseSurveys
from outreach_api.surveys.open_survey import OpenSurvey
from outreach_api.surveys.questionnaire import AnswerKind, Question
from outreach_api.surveys.reading import NOT_PAID, Said, correction_in, read_answer, read_reading, refuses

ASKED_OF = {
    AnswerKind.RATING: Asked.RATING,
    AnswerKind.SINGLE: Asked.RESOLVED,
    AnswerKind.MULTI: Asked.RESOLVED,
    AnswerKind.NUMBER: Asked.RESOLVED,
    AnswerKind.TEXT: Asked.RATING_REASON,
}
MISSES_UNTIL_LEFT = 2
NOTHING_ELSE = "nothing_open"
# Beside an answer these still mean what they mean without a survey.
_OUTRANKING = frozenset({"opted_out", "deceased", "wrong_person", "moved"})
# A turn in which the resident wants something of us; the question is put again after it.
_ASIDES = frozenset({"answer", "case", "ask", "prefer", "repeat"})


class Taken(Enum):
    """What became of a message while a survey is open."""

    SETTLED = "settled"
    BOT_FIRST = "bot_first"
    NOT_OURS = "not_ours"


def take_turn(draft: Draft) -> Taken:
    """Take the message as part of the open survey, if it is. Stops, a death, a wrong number and 人工 outrank it."""
    survey = draft.context.survey
    if survey is None or (draft.heard.exact and draft.heard.exact.kind in SAFETY):
        return Taken.NOT_OURS
    if refuses(draft.heard.text):
        draft.do(RefuseSurveys(survey.resident_id))
        draft.say("survey_refused")
        draft.set(stage=Stage.OPEN, asked=None)
        return Taken.SETTLED
    corrected = _correct(draft, survey)
    if corrected or survey.question is None:
        return Taken.SETTLED if corrected else Taken.NOT_OURS
    said = read_answer(survey.question, draft.heard.text)
    if said is not None:
        _take(draft, survey, survey.question, said)
        return Taken.SETTLED
    if draft.heard.turn is None:
        return Taken.BOT_FIRST
    return _take_reading(draft, survey, survey.question)


def begin(draft: Draft) -> None:
    """Who was called for a survey and has now said who they are is asked, unless an offer is open for them."""
    survey, person = draft.context.called_about, draft.context.person
    asked_for = survey is not None and person is not None and survey.resident_id == person.resident_id
    if survey is None or survey.question is None or not asked_for or draft.open_offers:
        return
    draft.lines = [line for line in draft.lines if line.key != NOTHING_ELSE]
    _put(draft, survey, survey.question)


def _take_reading(draft: Draft, survey: OpenSurvey, question: Question) -> Taken:
    directives = draft.heard.turn.directives if draft.heard.turn else ()
    ranking = draft.heard.turn.ranking if draft.heard.turn else ()
    if any(directive.get("outcome") in _OUTRANKING for directive in directives):
        return Taken.NOT_OURS
    intents = [str(reading["intent"]) for reading in ranking[:1]]
    said = read_reading(question, draft.heard.text, directives, intents)
    if said is not None:
        _take(draft, survey, question, said)
        return Taken.SETTLED
    if any(directive["do"] in _ASIDES for directive in directives):
        draft.set(stage=Stage.SURVEY, asked=ASKED_OF[question.kind])
        follow(draft, directives)
        _put(draft, survey, question)
        return Taken.SETTLED
    return _not_understood(draft, survey, question)


def _not_understood(draft: Draft, survey: OpenSurvey, question: Question) -> Taken:
    """Asked again once; then what was answered so far is kept and they are left alone."""
    misses = draft.state.misses + 1
    if misses >= MISSES_UNTIL_LEFT:
        draft.say("survey_left")
        draft.set(stage=Stage.OPEN, asked=None, misses=0, menu=())
        draft.do(MoveInvitation(survey.invitation_id, InvitationState.PARTIAL, question.id))
        return Taken.SETTLED
    _put(draft, survey, question)
    draft.set(misses=misses)
    return Taken.SETTLED


def _take(draft: Draft, survey: OpenSurvey, question: Question, said: Said) -> None:
    _keep(draft, survey, question, said)
    _go_on(draft, survey, question, said)


def _go_on(draft: Draft, survey: OpenSurvey, question: Question, said: Said) -> None:
    following = survey.questionnaire.following(question, said.value)
    if following is None:
        draft.do(MoveInvitation(survey.invitation_id, InvitationState.FINISHED, None))
        draft.say("survey_thanks")
        draft.set(stage=Stage.OPEN, asked=None, misses=0, menu=())
        return
    draft.do(MoveInvitation(survey.invitation_id, InvitationState.PARTIAL, following.id))
    _put(draft, survey, following)


def _keep(draft: Draft, survey: OpenSurvey, question: Question, said: Said) -> None:
    draft.do(KeepAnswer(survey.invitation_id, question.id, said.value, said.text, said.themes))
    values = set(said.value.split(","))
    match = next((known for known in draft.context.matches if known.match_id == survey.match_id), None)
    summary = f"回访：{draft.heard.text[:280]}"
    not_paid = NOT_PAID in said.themes
    if values & set(question.alarm):
        draft.do(OpenCase(CaseKind.COMPLAINT, CaseReason.COMPLAINT, match, Urgency.HIGH, summary))
    if values & set(question.problem) or not_paid:
        draft.do(OpenCase(CaseKind.COMPLAINT, CaseReason.SURVEY_PROBLEM, match, Urgency.HIGH, summary))
        draft.say("survey_problem")


def _put(draft: Draft, survey: OpenSurvey, question: Question) -> None:
    draft.add(Line(f"survey.{question.id}", question.said(draft.context.channel, survey.policy)))
    draft.set(stage=Stage.SURVEY, asked=ASKED_OF[question.kind], misses=0, menu=())


def _correct(draft: Draft, survey: OpenSurvey) -> bool:
    """改成3: the last answer anew, and what is asked next follows from it. What is finished stays finished."""
    words = correction_in(draft.heard.text)
    if words is None or survey.last_answered is None:
        return False
    question = survey.last_answered
    said = Said("text", words) if question.kind is AnswerKind.TEXT else read_answer(question, words)
    if said is None:
        return False
    _keep(draft, survey, question, said)
    draft.say("survey_corrected")
    if survey.question is not None:
        _go_on(draft, survey, question, said)
    return True
