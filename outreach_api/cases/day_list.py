"""A team's day: who expects them, in the order of their walk, with no more about anybody than the visit needs."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Appointment, Case, Team
from models.event import AuditEntry
from models.match import Match
from models.resident import Resident
from models.staff import Staff
from models.vocabulary import AppointmentState, DayPart, PriorityMark, VisitOutcome
from outreach_api.cases.bookings import door_of
from outreach_api.conversations.proof import code_for_visit
from outreach_api.privacy.masking import mask_name, mask_text
from outreach_api.surveys.at_home import invitation_of, questionnaire_of
from outreach_api.surveys.questionnaire import Question
from scheduler.policies.card import PolicyCard
from scheduler.rules.rule import Label

SALT_BYTES = 12


@dataclass(frozen=True)
class ToDo:
    """A benefit to be seen to at this door."""

    policy_id: str
    name: Label | None
    documents: tuple[str, ...]


@dataclass(frozen=True)
class ExpectedAt:
    """One door. The name is masked: who opens says it, and the birth month is checked without being shown."""

    case_id: int
    part: DayPart
    name: str
    address: str
    phone: str | None
    birth_check: str | None
    marks: tuple[PriorityMark, ...]
    todo: tuple[ToDo, ...]
    summary: str | None
    code: str
    survey: tuple[Question, ...] = ()
    """What is to be asked here, where the visit is a survey's."""
    survey_case_id: int | None = None
    survey_policy: str = ""
    done: VisitOutcome | None = None
    """What came of it, where they have been there."""


@dataclass(frozen=True)
class DayList:
    salt: str
    doors: list[ExpectedAt]


class NoTeam(LookupError):  # noqa: N818
    """Somebody goes out with no team."""


def team_of(session: Session, staff_id: int) -> Team:
    """The team that somebody goes out with.

    Raises:
        NoTeam: none.
    """
    team_id = session.scalar(select(Staff.team_id).where(Staff.id == staff_id))
    if team_id is None:
        raise NoTeam("this account goes out with no team")
    return session.get_one(Team, team_id)


def take_along(
    session: Session, team: Team, on: date, cards: Mapping[str, PolicyCard], *, by: str, now: datetime
) -> DayList:
    """A team's day for one of its members: doors and phones stand there in full, so it is on the record."""
    found = day_list(session, team.id, on, cards)
    facts = {"cases": [door.case_id for door in found.doors], "team": team.code}
    session.add(AuditEntry(at=now, actor=by, action="visits.list", subject="cases", facts=facts))
    return found


def day_list(session: Session, team_id: int, on: date, cards: Mapping[str, PolicyCard]) -> DayList:
    """A team's appointments of a day, kept ones too; several cases of one resident are one door."""
    salt = secrets.token_hex(SALT_BYTES)
    query = (
        select(Appointment)
        .where(Appointment.team_id == team_id, Appointment.on == on)
        .where(Appointment.state.in_((AppointmentState.STANDING, AppointmentState.KEPT)))
    )
    # A day that is not planned yet goes by the order in which appointments were made.
    found = sorted(session.scalars(query), key=lambda one: (one.part is DayPart.AFTERNOON, one.turn or 0, one.id))
    by_door: dict[int, list[Appointment]] = {}
    for appointment in found:
        by_door.setdefault(door_of(appointment.case.resident_id, appointment.case_id), []).append(appointment)
    return DayList(salt, [_door(session, here, cards, salt) for here in by_door.values()])


def birth_check(birth_month: str, salt: str) -> str:
    """What the phone compares with, so that the month itself is not on the list."""
    return hashlib.sha256(f"{salt}:{birth_month}".encode()).hexdigest()


def _door(session: Session, here: Sequence[Appointment], cards: Mapping[str, PolicyCard], salt: str) -> ExpectedAt:
    case = here[0].case
    resident = case.resident
    done = _outcome(here)
    if done is not None:
        return _seen_to(here[0], resident, done)
    names = [resident.name] if resident else []
    asked = next(((one.case, found) for one in here if (found := invitation_of(session, one.case))), None)
    asks_about = cards.get(asked[0].policy_id or "") if asked else None
    return ExpectedAt(
        case_id=case.id,
        part=here[0].part,
        name=mask_name(resident.name) if resident else "",
        address=(resident.address or "") if resident else "",
        phone=resident.phones[0].phone.number if resident and resident.phones else None,
        birth_check=_check(resident, salt),
        marks=tuple(dict.fromkeys(PriorityMark(mark) for one in here for mark in one.case.marks)),
        todo=_todo(session, [one.case for one in here], cards),
        summary=mask_text(case.summary, names=names) if case.summary else None,
        code=code_for_visit(here[0].id),
        survey=questionnaire_of(session, asked[1]).questions if asked else (),
        survey_case_id=asked[0].id if asked else None,
        survey_policy=asks_about.short_name if asks_about else "",
    )


def _outcome(here: Sequence[Appointment]) -> VisitOutcome | None:
    """What the newest visit of that day came to; None while anything here is still to be done."""
    if any(one.state is AppointmentState.STANDING for one in here):
        return None
    visits = [visit for one in here for visit in one.case.visits if visit.visit_on == one.on]
    return max(visits, key=lambda visit: visit.id).outcome if visits else None


def _seen_to(appointment: Appointment, resident: Resident | None, done: VisitOutcome) -> ExpectedAt:
    return ExpectedAt(
        case_id=appointment.case_id,
        part=appointment.part,
        name=mask_name(resident.name) if resident else "",
        address="",
        phone=None,
        birth_check=None,
        marks=(),
        todo=(),
        summary=None,
        code=code_for_visit(appointment.id),
        done=done,
    )


def _check(resident: Resident | None, salt: str) -> str | None:
    if resident is None or resident.birth_date is None:
        return None
    return birth_check(f"{resident.birth_date:%Y-%m}", salt)


def _todo(session: Session, cases: Sequence[Case], cards: Mapping[str, PolicyCard]) -> tuple[ToDo, ...]:
    """What the cases are about first, then what else the resident is open for."""
    own = [case.policy_id for case in cases if case.policy_id]
    resident_id = cases[0].resident_id
    theirs = select(Match.policy_id).where(Match.resident_id == resident_id, Match.closed_at.is_(None))
    others = list(session.scalars(theirs.order_by(Match.id))) if resident_id is not None else []
    return tuple(_one(policy_id, cards.get(policy_id)) for policy_id in dict.fromkeys([*own, *others]))


def _one(policy_id: str, card: PolicyCard | None) -> ToDo:
    needed = card.documents.needed if card is not None and card.documents is not None else None
    return ToDo(policy_id, card.name if card is not None else None, tuple(needed or ()))
