"""Moving a match from state to state: the one place that does it, so that history and outbox follow."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, select, update
from sqlalchemy.orm import Session, aliased

from models.asking import ask
from models.contact import Contact, ContactMatch
from models.event import Event
from models.match import Match, MatchChange
from models.transitions import MATCH_TRANSITIONS, check_transition
from models.vocabulary import (
    CLOSED_MATCH_STATES,
    PROACTIVE_PURPOSES,
    ContactState,
    EventKind,
    MatchState,
    Refusal,
)


def move_match(session: Session, match: Match, new: MatchState, *, because: str, now: datetime) -> None:
    """Move a match, write its history, and cancel what was planned for it when it closes.

    Moving to the state it is in does nothing. `because` names the cause, such as `inbound:12` or `application:3`.

    Raises:
        UnlawfulTransition: the state machine does not allow it.
    """
    if match.state is new:
        return
    check_transition(MATCH_TRANSITIONS, match.state, new)
    session.add(MatchChange(match_id=match.id, at=now, old=match.state, new=new, because=because))
    match.state = new
    match.state_changed_at = now
    match.closed_at = now if new in CLOSED_MATCH_STATES else None
    if new in CLOSED_MATCH_STATES:
        facts = {"match": match.id, "policy": match.policy_id, "state": new.value}
        session.add(Event(at=now, kind=EventKind.MATCH_CLOSED, facts=facts))
        cancel_planned(session, match, refusal=Refusal.MATCH_CLOSED, now=now)


def cancel_planned(session: Session, match: Match, *, refusal: Refusal, now: datetime) -> None:
    """Cancel proactive contacts of a match that are planned and speak of no other open match."""
    planned = ask(session, _planned_for_alone(), match=match.id).scalars().all()
    if not planned:
        return
    session.execute(
        update(Contact)
        # A sender may have taken one meanwhile.
        .where(Contact.id.in_(planned), Contact.state == ContactState.PLANNED)
        .values(state=ContactState.CANCELLED, refusal=refusal, settled_at=now)
        .execution_options(synchronize_session="fetch")
    )


@cache
def _planned_for_alone() -> Select[int]:
    of_another = aliased(ContactMatch)
    speaks_of_another = exists().where(
        of_another.contact_id == Contact.id, of_another.match_id != bindparam("match"), _still_open(of_another)
    )
    return (
        select(Contact.id)
        .join(ContactMatch, ContactMatch.contact_id == Contact.id)
        .where(
            ContactMatch.match_id == bindparam("match"),
            Contact.state == ContactState.PLANNED,
            Contact.purpose.in_(PROACTIVE_PURPOSES),
            ~speaks_of_another,
        )
    )


def _still_open(link: Any) -> ColumnElement[bool]:
    return exists().where(Match.id == link.match_id, Match.closed_at.is_(None))
