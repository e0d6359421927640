"""What a visitor's phone brings back: records made at doors, perhaps without a net, perhaps sent twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.case import Appointment, Case, Team, Visit
from models.session import Sessions
from models.vocabulary import VisitOutcome
from outreach_api.cases.visits import Agreed, VisitRefused, record_visit
from outreach_api.cases.work_case import CaseNotFound, find_case
from outreach_api.surveys.at_home import AnswersRefused, record_answers, refuse_at_home


class Refused(StrEnum):
    """Why a record was not taken; the phone keeps it and shows why."""

    UNKNOWN_CASE = "unknown_case"
    NOT_YOURS = "not_yours"
    CONSENT_MISSING = "consent_missing"
    NOT_MATCHED = "not_matched"
    NOT_YET = "not_yet"
    ANSWERS_WRONG = "answers_wrong"


@dataclass(frozen=True)
class VisitRecord:
    client_id: str
    case_id: int
    policy_id: str | None
    visit_on: date
    outcome: VisitOutcome
    note: str | None
    consented: Agreed


@dataclass(frozen=True)
class SurveyRecord:
    """What was answered at the door; the same again changes nothing."""

    client_id: str
    case_id: int
    answers: Mapping[str, str]
    refused: bool = False
    """They want no surveys any more."""


@dataclass(frozen=True)
class Taken:
    client_id: str
    refused: Refused | None = None


def take_records(
    sessions: Sessions, team_id: int, records: list[VisitRecord], *, today: date, now: datetime
) -> list[Taken]:
    """Take each record in a transaction of its own: one that is refused keeps no other back.

    The same client id again is the same visit, whoever sends it and whatever else it says by then.
    """
    return [Taken(record.client_id, _take(sessions, team_id, record, today=today, now=now)) for record in records]


def take_surveys(sessions: Sessions, team_id: int, records: list[SurveyRecord], *, now: datetime) -> list[Taken]:
    """Keep what was answered at doors, each in a transaction of its own."""
    return [Taken(record.client_id, _take_survey(sessions, team_id, record, now=now)) for record in records]


def _take_survey(sessions: Sessions, team_id: int, record: SurveyRecord, *, now: datetime) -> Refused | None:
    try:
        with sessions.write() as session:
            case = find_case(session, record.case_id)
            if not _is_theirs(session, case, team_id, record.client_id):
                return Refused.NOT_YOURS
            by = f"team:{session.get_one(Team, team_id).code}"
            if record.refused:
                refuse_at_home(session, case, by=by, now=now)
            else:
                record_answers(session, case, record.answers, by=by, now=now)
    except CaseNotFound:
        return Refused.UNKNOWN_CASE
    except AnswersRefused:
        return Refused.ANSWERS_WRONG
    return None


def _take(sessions: Sessions, team_id: int, record: VisitRecord, *, today: date, now: datetime) -> Refused | None:
    if record.visit_on > today:
        return Refused.NOT_YET
    if record.outcome is VisitOutcome.APPLIED and record.consented is not Agreed.YES:
        return Refused.CONSENT_MISSING
    try:
        with sessions.write() as session:
            case = find_case(session, record.case_id)
            if not _is_theirs(session, case, team_id, record.client_id):
                return Refused.NOT_YOURS
            team = session.get_one(Team, team_id)
            record_visit(
                session, case, record.client_id, team, record.visit_on, record.outcome, record.policy_id, record.note,
                now, consented=record.consented,
            )  # fmt: skip
    except CaseNotFound:
        return Refused.UNKNOWN_CASE
    except VisitRefused:
        return Refused.NOT_MATCHED
    return None


def _is_theirs(session: Session, case: Case, team_id: int, client_id: str) -> bool:
    """Whether the case is or was this team's to visit; another day may have been given to another team meanwhile."""
    if case.team_id == team_id:
        return True
    appointed = select(Appointment.id).where(Appointment.case_id == case.id, Appointment.team_id == team_id)
    known = select(Visit.id).where(Visit.client_id == client_id, Visit.team_id == team_id)
    return session.scalar(select(or_(appointed.exists(), known.exists()))) or False
