"""How far somebody sees: the one place that says which residents, cases, talks and items are there for them.

Whoever sees the whole district is not narrowed. For everybody else each query of their request is: what lies beyond is
found by no list, no search and no number, as if it did not exist. A noun that names no resident is nobody's street:
only who sees the whole district sees it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria

from models.appeal import Appeal
from models.care import CareEntry
from models.case import Appointment, Case, CaseChange, Visit
from models.conversation import Consent, Conversation, Message
from models.enterprise import Enterprise
from models.faq import KeptFaq
from models.match import Match
from models.policy import PolicySubmission
from models.reminder import Reminder
from models.resident import Mandate, Resident
from models.review import TalkMark
from models.staff import Staff
from models.survey import SurveyInvitation
from models.vocabulary import Reach

if TYPE_CHECKING:
    from scheduler.policies.card import PolicyCard

Value = TypeVar("Value")
Rule = ColumnElement[bool]
Key = Any
"""A column that holds the number of a noun."""


@dataclass(frozen=True)
class Sight:
    """What somebody sees."""

    reach: Reach = Reach.DISTRICT
    streets: tuple[str, ...] = ()
    team_id: int | None = None
    department: str | None = None
    policies: tuple[str, ...] = ()
    """The department's items; see `knowing`."""
    actor: str = ""
    """Themselves: whoever brought a case sees what becomes of it."""

    @classmethod
    def of(cls, staff: Staff | None) -> Sight:
        """What somebody was given to see; a system that acts for nobody sees the whole district."""
        if staff is None or staff.reach is Reach.DISTRICT:
            return WHOLE
        actor = f"staff:{staff.id}"
        match staff.reach:
            case Reach.STREETS:
                return cls(Reach.STREETS, streets=tuple(sorted(staff.streets)), actor=actor)
            case Reach.TEAM:
                return cls(Reach.TEAM, team_id=staff.team_id, actor=actor)
            case Reach.DEPARTMENT:
                return cls(Reach.DEPARTMENT, department=staff.department, actor=actor)

    def knowing(self, cards: Mapping[str, PolicyCard]) -> Sight:
        """With the items that the department answers for today."""
        return replace(self, policies=items_of(self.department, cards)) if self.department else self

    @property
    def is_whole(self) -> bool:
        return self.reach is Reach.DISTRICT

    def sees_policy(self, policy_id: str) -> bool:
        """Items are open to everybody but to who looks after one department's."""
        return self.reach is not Reach.DEPARTMENT or policy_id in self.policies

    def only_seen(self, by_policy: Mapping[str, Value]) -> dict[str, Value]:
        return {policy_id: value for policy_id, value in by_policy.items() if self.sees_policy(policy_id)}


WHOLE = Sight()


def items_of(department: str | None, cards: Mapping[str, PolicyCard]) -> tuple[str, ...]:
    """The items a department answers for."""
    return tuple(sorted(key for key, card in cards.items() if card.department.zh == department))


class Looking:
    """Who looks in this request. Threads that serve one request share it."""

    def __init__(self) -> None:
        self.sight = WHOLE


_looking: ContextVar[Looking | None] = ContextVar("looking", default=None)


def begin_looking() -> Looking:
    """For one request: nobody looks yet."""
    looking = Looking()
    _looking.set(looking)
    return looking


def look_as(sight: Sight) -> None:
    """From here on this request sees so far."""
    looking = _looking.get()
    if looking is None:
        looking = begin_looking()
    looking.sight = sight


def current_sight() -> Sight:
    looking = _looking.get()
    return looking.sight if looking is not None else WHOLE


@contextlib.contextmanager
def whole_district() -> Iterator[None]:
    """Count over the whole district whoever asked: room in a team's day, figures that everybody reads.

    Nothing that was read so is shown one by one.
    """
    before = _looking.set(None)
    try:
        yield
    finally:
        _looking.reset(before)


def narrow_query(query: ORMExecuteState) -> None:
    """Put the limits of who looks on a query."""
    sight = current_sight()
    if sight.is_whole or not query.is_select or query.is_column_load or query.is_relationship_load:
        return
    query.statement = query.statement.options(*_limits(sight))


@lru_cache(maxsize=256)
def _limits(sight: Sight) -> tuple[Any, ...]:
    return tuple(with_loader_criteria(noun, rule, include_aliases=True) for noun, rule in rules(sight).items())


def rules(sight: Sight) -> dict[type[Any], Rule]:
    """Noun → what is seen of it. One line for each noun that leads to a person or belongs to a department."""
    of_department = sight.reach is Reach.DEPARTMENT

    def theirs(policy: Key) -> Rule:
        return _one_of(policy, sight.policies)

    def about(resident_id: Key, policy: Key) -> Rule:
        seen = resident_seen(sight, resident_id)
        return and_(seen, theirs(policy)) if of_department else seen

    found: dict[type[Any], Rule] = {
        Resident: resident_seen(sight, Resident.id),
        Enterprise: resident_seen(sight, Enterprise.resident_id),
        Match: theirs(Match.policy_id) if of_department else resident_seen(sight, Match.resident_id),
        Case: case_seen(sight, Case.id),
        Conversation: conversation_seen(sight, Conversation.id),
        Message: conversation_seen(sight, Message.conversation_id),
        TalkMark: conversation_seen(sight, TalkMark.conversation_id),
        Appointment: case_seen(sight, Appointment.case_id),
        Visit: case_seen(sight, Visit.case_id),
        CaseChange: case_seen(sight, CaseChange.case_id),
        Appeal: case_seen(sight, Appeal.case_id),
        Reminder: about(Reminder.resident_id, Reminder.policy_id),
        Mandate: about(Mandate.resident_id, Mandate.policy_id),
        Consent: about(Consent.resident_id, Consent.policy_id),
        SurveyInvitation: about(SurveyInvitation.resident_id, SurveyInvitation.policy_id),
        CareEntry: _on_care_list(sight),
    }
    if of_department:
        found |= {KeptFaq: theirs(KeptFaq.policy_id), PolicySubmission: theirs(PolicySubmission.policy_id)}
    return found


def resident_seen(sight: Sight, resident_id: Key) -> Rule:
    """Of a street: who lives there. Of a team: whom it has to see. Of a department: who is matched to its items."""
    match sight.reach:
        case Reach.DISTRICT:
            return true()
        case Reach.STREETS:
            home = Resident.__table__.alias("seen_home")
            return exists(select(1).where(home.c.id == resident_id, _one_of(home.c.street, sight.streets)))
        case Reach.TEAM:
            work = Case.__table__.alias("seen_work")
            return exists(select(1).where(work.c.resident_id == resident_id, _is_the_teams(sight, work)))
        case Reach.DEPARTMENT:
            claim, work = Match.__table__.alias("seen_claim"), Case.__table__.alias("seen_work")
            matched = exists(
                select(1).where(claim.c.resident_id == resident_id, _one_of(claim.c.policy_id, sight.policies))
            )
            asked = exists(
                select(1).where(work.c.resident_id == resident_id, _one_of(work.c.policy_id, sight.policies))
            )
            return or_(matched, asked)


def case_seen(sight: Sight, case_id: Key) -> Rule:
    """Of a street: those about its people. Of a team: what it was given. Of a department: about its items.

    And what they brought themselves, whosever it turns out to be.
    """
    work = Case.__table__.alias("seen_case")
    match sight.reach:
        case Reach.DISTRICT:
            return true()
        case Reach.STREETS:
            is_theirs = resident_seen(sight, work.c.resident_id)
        case Reach.TEAM:
            is_theirs = _is_the_teams(sight, work)
        case Reach.DEPARTMENT:
            is_theirs = _one_of(work.c.policy_id, sight.policies)
    opened = CaseChange.__table__.alias("seen_opening")
    by_them = (opened.c.case_id == case_id, opened.c.change == "opened", opened.c.by == sight.actor)
    return or_(exists(select(1).where(work.c.id == case_id, is_theirs)), exists(select(1).where(*by_them)))


def conversation_seen(sight: Sight, conversation_id: Key) -> Rule:
    """With whom they see; of a department only those from which a case about its items came."""
    if sight.reach is Reach.DEPARTMENT:
        work = Case.__table__.alias("seen_case")
        asked = (work.c.conversation_id == conversation_id, _one_of(work.c.policy_id, sight.policies))
        return exists(select(1).where(*asked))
    talk = Conversation.__table__.alias("seen_talk")
    return exists(select(1).where(talk.c.id == conversation_id, resident_seen(sight, talk.c.resident_id)))


def _one_of(column: Key, values: tuple[str, ...]) -> Rule:
    found: Rule = column.in_(values)
    return found


def _is_the_teams(sight: Sight, work: Any) -> Rule:
    day = Appointment.__table__.alias("seen_day")
    appointed = exists(select(1).where(day.c.case_id == work.c.id, day.c.team_id == sight.team_id))
    return or_(work.c.team_id == sight.team_id, appointed)


def _on_care_list(sight: Sight) -> Rule:
    """Streets and communities look after their people; departments do not."""
    match sight.reach:
        case Reach.STREETS:
            return _one_of(CareEntry.street, sight.streets)
        case Reach.DEPARTMENT:
            return false()
        case _:
            return resident_seen(sight, CareEntry.resident_id)
