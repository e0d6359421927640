"""A survey at home: a case sends a visitor, who asks the same questions and writes the answers down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.session import lock_resident
from models.survey import Survey, SurveyAnswer, SurveyInvitation
from models.vocabulary import CaseKind, CaseReason, CaseState, InvitationState, Refusal, SurveyWay, Urgency
from outreach_api.cases.open_case import OPEN_CASE_STATES, open_case
from outreach_api.cases.work_case import resolve
from outreach_api.surveys.effects import KeepAnswer, put_answer, stop_surveys
from outreach_api.surveys.questionnaire import RATINGS, AnswerKind, Question, Questionnaire, questionnaires
from outreach_api.surveys.reading import NOT_PAID, themes_of

TEXT = "text"
LONGEST_TEXT = 300


class AnswersRefused(ValueError):  # noqa: N818
    """The answers cannot be kept as they were sent; says which and why."""


def ask_at_home(session: Session, invitation: SurveyInvitation, *, now: datetime) -> Case | Refusal:
    """Open the visit. Who waits for another visit is asked another day: one knock at a time."""
    waiting = (
        Case.resident_id == invitation.resident_id,
        Case.kind == CaseKind.HOME_VISIT,
        Case.state.in_(OPEN_CASE_STATES),
    )
    if session.scalar(select(Case.id).where(*waiting).limit(1)) is not None:
        return Refusal.OPEN_CONTACT
    case = open_case(
        session,
        kind=CaseKind.HOME_VISIT,
        reason=CaseReason.SURVEY,
        now=now,
        resident_id=invitation.resident_id,
        match_id=invitation.match_id,
        policy_id=invitation.policy_id,
    )
    session.flush()
    invitation.case_id, invitation.contact_id, invitation.invited_at = case.id, None, now
    invitation.state, invitation.asks = InvitationState.INVITED, invitation.asks + 1
    return case


def settle_visits(session: Session, survey_id: int) -> None:
    """A visit that ended without an answer was the last try."""
    over = select(Case.id).where(Case.state.not_in(OPEN_CASE_STATES))
    session.execute(
        update(SurveyInvitation)
        .where(
            SurveyInvitation.survey_id == survey_id,
            SurveyInvitation.channel == SurveyWay.VISIT,
            SurveyInvitation.state == InvitationState.INVITED,
            SurveyInvitation.case_id.in_(over),
        )
        .values(state=InvitationState.NO_ANSWER)
        .execution_options(synchronize_session="fetch")
    )


def invitation_of(session: Session, case: Case) -> SurveyInvitation | None:
    """The survey that a visit is about."""
    if case.reason is not CaseReason.SURVEY:
        return None
    return session.scalars(
        select(SurveyInvitation).where(SurveyInvitation.case_id == case.id).order_by(SurveyInvitation.id.desc())
    ).first()


def questionnaire_of(session: Session, invitation: SurveyInvitation) -> Questionnaire:
    survey = session.get_one(Survey, invitation.survey_id)
    return questionnaires()[survey.questionnaire, survey.version]


def answers_so_far(session: Session, invitation: SurveyInvitation) -> dict[str, str]:
    """Question → the code, number or words that stand."""
    return {name: text or value for name, (value, text) in _answers(session, invitation).items()}


def record_answers(
    session: Session, case: Case, given: Mapping[str, str], *, by: str, now: datetime
) -> SurveyInvitation:
    """Keep what was answered at the door, in the caller's transaction; the same again changes nothing.

    A complaint and money that has not arrived open their cases at once, as in a message. When nothing is left to ask
    the survey is finished and the visit resolved; until then it stays partial and more may follow.

    Raises:
        AnswersRefused: the case is no survey's, it is over, or an answer is none to its question.
    """
    invitation = _open_invitation(session, case)
    asked = questionnaire_of(session, invitation)
    effects = [_answer(invitation, asked, name, words) for name, words in given.items() if words.strip()]
    known = _answers(session, invitation)
    for effect in effects:
        if known.get(effect.question) == (effect.value, effect.text):
            continue
        put_answer(session, effect, message_id=None, now=now)
        known[effect.question] = (effect.value, effect.text)
        _follow_up(session, invitation, asked.question(effect.question), effect, by=by, now=now)
    missing = _next_missing(asked, {name: value for name, (value, _) in known.items()})
    invitation.question = missing.id if missing else None
    if missing is None:
        invitation.state, invitation.finished_at = InvitationState.FINISHED, now
        _end(session, case, by=by, now=now)
    elif known:
        invitation.state = InvitationState.PARTIAL
    return invitation


def refuse_at_home(session: Session, case: Case, *, by: str, now: datetime) -> None:
    """They want no surveys: none by any way, and nothing else is stopped.

    Raises:
        AnswersRefused: the case is no survey's, or it is over.
    """
    invitation = _open_invitation(session, case)
    stop_surveys(session, invitation.resident_id, now=now)
    _end(session, case, by=by, now=now)


def _open_invitation(session: Session, case: Case) -> SurveyInvitation:
    if case.resident_id is not None:
        lock_resident(session, case.resident_id)
    invitation = invitation_of(session, case)
    if invitation is None:
        raise AnswersRefused(f"case {case.id} is no survey at home")
    if invitation.state in (InvitationState.REFUSED, InvitationState.NO_ANSWER) or case.state is CaseState.CANCELLED:
        raise AnswersRefused(f"the survey of case {case.id} is over")
    return invitation


def _answer(invitation: SurveyInvitation, asked: Questionnaire, name: str, words: str) -> KeepAnswer:
    question = next((one for one in asked.questions if one.id == name), None)
    if question is None:
        raise AnswersRefused(f"there is no question {name!r} in {asked.id}")
    said = words.strip()
    if question.kind is AnswerKind.TEXT:
        if len(said) > LONGEST_TEXT:
            raise AnswersRefused(f"{name}: write at most {LONGEST_TEXT} characters")
        return KeepAnswer(invitation.id, name, TEXT, said, themes_of(said, ()))
    value = _checked(question, said)
    return KeepAnswer(invitation.id, name, value, None, ())


def _checked(question: Question, said: str) -> str:
    if question.kind is AnswerKind.NUMBER:
        if not said.isdecimal() or int(said) > question.most:
            raise AnswersRefused(f"{question.id}: a whole number up to {question.most}")
        return str(int(said))
    codes = list(dict.fromkeys(code.strip() for code in said.split(",")))
    allowed = RATINGS if question.kind is AnswerKind.RATING else tuple(question.options)
    most = len(allowed) if question.kind is AnswerKind.MULTI else 1
    if len(codes) > most or not set(codes) <= set(allowed):
        raise AnswersRefused(f"{question.id}: {said!r} is none of {', '.join(allowed)}")
    return ",".join(codes)


def _answers(session: Session, invitation: SurveyInvitation) -> dict[str, tuple[str, str | None]]:
    rows = session.scalars(
        select(SurveyAnswer).where(SurveyAnswer.invitation_id == invitation.id, SurveyAnswer.superseded_at.is_(None))
    )
    return {row.question: (row.value, row.text) for row in rows}


def _next_missing(asked: Questionnaire, known: Mapping[str, str]) -> Question | None:
    """The first question on the way that these answers lead which has none yet."""
    question: Question | None = asked.first
    seen: set[str] = set()
    while question is not None and question.id not in seen:
        if question.id not in known:
            return question
        seen.add(question.id)
        question = asked.following(question, known[question.id])
    return None


def _follow_up(
    session: Session, invitation: SurveyInvitation, question: Question, given: KeepAnswer, *, by: str, now: datetime
) -> None:
    values = set(given.value.split(","))
    reasons = []
    if values & set(question.alarm):
        reasons.append(CaseReason.COMPLAINT)
    if values & set(question.problem) or NOT_PAID in given.themes:
        reasons.append(CaseReason.SURVEY_PROBLEM)
    for reason in reasons:
        open_case(
            session,
            kind=CaseKind.COMPLAINT,
            reason=reason,
            now=now,
            resident_id=invitation.resident_id,
            match_id=invitation.match_id,
            policy_id=invitation.policy_id,
            summary=f"上门回访：{given.text or given.value}",
            urgency=Urgency.HIGH,
            by=by,
        )


def _end(session: Session, case: Case, *, by: str, now: datetime) -> None:
    if case.state in OPEN_CASE_STATES:
        resolve(session, case, by=by, now=now)
