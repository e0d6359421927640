"""Where everybody stands: the one set of figures that console, terminal and files show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.case import Case
from models.chat import ChatVisit
from models.contact import Contact, RefusedContact
from models.conversation import ContactStop
from models.match import Match
from models.vocabulary import CaseState, Channel, ContactState

Table = dict[str, dict[str, int]]
UNFINISHED = (CaseState.OPEN, CaseState.ACCEPTED)


@dataclass(frozen=True)
class CaseClock:
    """The unfinished cases of one kind against their promises."""

    waiting: int
    in_hand: int
    overdue: int
    next_due_at: datetime | None


@dataclass(frozen=True)
class Funnel:
    """Counts only. For each policy the match states sum to what was newly matched."""

    newly_matched: dict[str, int]
    match_states: Table
    contact_states: Table
    """Channel → state → number. A chat page that somebody opened with its link is a contact that was answered."""
    case_states: Table
    """Kind → state → number."""
    clocks: dict[str, CaseClock]
    stops: dict[str, int]
    """Stops in force, by reason."""
    refused: dict[str, int]
    """Contacts held back, by reason; one a match, reason and day."""
    unknown_sends: int
    overdue: int = field(default=0)

    @property
    def contacts(self) -> dict[str, int]:
        return {channel: sum(states.values()) for channel, states in self.contact_states.items()}

    @property
    def cases(self) -> dict[str, int]:
        return {kind: sum(states.values()) for kind, states in self.case_states.items()}


def funnel(session: Session, now: datetime) -> Funnel:
    """Count everything, in one grouped query a table."""
    match_states = _two_way(session, Match.policy_id, Match.state)
    contacts = _contacts(session)
    clocks = _clocks(session, now)
    return Funnel(
        newly_matched={policy: sum(states.values()) for policy, states in match_states.items()},
        match_states=match_states,
        contact_states=contacts,
        case_states=_two_way(session, Case.kind, Case.state),
        clocks=clocks,
        stops=_one_way(session, ContactStop.reason, ContactStop.released_at.is_(None)),
        refused=_one_way(session, RefusedContact.reason),
        unknown_sends=sum(states.get(ContactState.UNKNOWN, 0) for states in contacts.values()),
        overdue=sum(clock.overdue for clock in clocks.values()),
    )


def _contacts(session: Session) -> Table:
    table = _two_way(session, Contact.channel, Contact.state)
    pages = session.scalar(select(func.count()).select_from(ChatVisit)) or 0
    if pages:
        chat, answered = table.setdefault(Channel.CHAT.value, {}), ContactState.ANSWERED.value
        chat[answered] = chat.get(answered, 0) + pages
    return table


def _two_way(session: Session, rows: InstrumentedAttribute, columns: InstrumentedAttribute) -> Table:  # type: ignore[type-arg]
    table: Table = {}
    for row, column, number in session.execute(select(rows, columns, func.count()).group_by(rows, columns)):
        table.setdefault(str(row), {})[str(column)] = number
    return {row: dict(sorted(table[row].items())) for row in sorted(table)}


def _one_way(session: Session, rows: InstrumentedAttribute, *where: ColumnElement[bool]) -> dict[str, int]:  # type: ignore[type-arg]
    counted = session.execute(select(rows, func.count()).where(*where).group_by(rows))
    return dict(sorted((str(row), number) for row, number in counted))


def _clocks(session: Session, now: datetime) -> dict[str, CaseClock]:
    running = Case.kept_at.is_(None)
    late = func.sum(case((running & (Case.due_at < now), 1), else_=0))
    waiting = func.sum(case((Case.state == CaseState.OPEN, 1), else_=0))
    next_due = func.min(case((running & (Case.due_at >= now), Case.due_at)))
    query = select(Case.kind, func.count(), waiting, late, next_due).where(Case.state.in_(UNFINISHED))
    return {
        str(kind): CaseClock(waiting=open_, in_hand=number - open_, overdue=overdue, next_due_at=due)
        for kind, number, open_, overdue, due in session.execute(query.group_by(Case.kind).order_by(Case.kind))
    }
