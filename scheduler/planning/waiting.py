"""Who waits for a team with room and needs no second look: nothing has happened to them since the first one today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select, union_all
from sqlalchemy.orm import Session

from models.asking import AnyColumns, AnyUnion, ask, ids
from models.case import Case
from models.contact import Contact, RefusedContact
from models.conversation import ContactStop, Conversation
from models.match import Match
from models.resident import Mandate, Preference, ResidentPhone
from models.vocabulary import MatchState, Refusal


def waiting_unchanged(
    session: Session,
    resident_ids: Sequence[int],
    *,
    states: Collection[MatchState],
    policies: Collection[str],
    today: date,
) -> dict[int, int]:
    """Those of the residents who were told today that the teams are full, with the number of their matches.

    Every match that could be pushed is new and waits for room, and since then nobody has written to them or at their
    phones, nor have they: no contact, no talk, no stop, no case, no wish, no mandate. While no team has room, looking
    at them again gives the same refusals.
    """
    held: dict[int, list[datetime | None]] = defaultdict(list)
    given = {"residents": resident_ids, "states": states, "policies": policies, "today": today}
    for resident_id, state, refused_at in ask(session, _matches(), **given):
        held[resident_id].append(refused_at if state is MatchState.NEW else None)
    waiting = {resident_id: times for resident_id, times in held.items() if None not in times}
    since = min((at for times in waiting.values() for at in times if at is not None), default=None)
    if since is None:
        return {}
    touched = set(ask(session, _touched(), residents=list(waiting), since=since).scalars())
    return {resident_id: len(times) for resident_id, times in waiting.items() if resident_id not in touched}


@cache
def _matches() -> AnyColumns:
    """Each match that could be pushed, and when it was refused today for want of a team."""
    refused = and_(
        RefusedContact.match_id == Match.id,
        RefusedContact.on == bindparam("today", type_=RefusedContact.on.type),
        RefusedContact.reason == Refusal.TEAMS_FULL,
    )
    return (
        select(Match.resident_id, Match.state, RefusedContact.at)
        .outerjoin(RefusedContact, refused)
        .where(Match.resident_id.in_(ids("residents")), Match.state.in_(ids("states")))
        .where(Match.policy_id.in_(ids("policies")))
    )


@cache
def _touched() -> AnyUnion:
    reached = or_(_lately(Contact.created_at), _lately(Contact.sent_at), _lately(Contact.settled_at))
    stopped = or_(_lately(ContactStop.placed_at), _lately(ContactStop.released_at))
    own = ResidentPhone.resident_id.in_(ids("residents"))
    at_their_phones = select(ResidentPhone.resident_id).where(own)
    return union_all(
        at_their_phones.join(Contact, Contact.phone_id == ResidentPhone.phone_id).where(reached),
        at_their_phones.join(Conversation, Conversation.phone_id == ResidentPhone.phone_id).where(
            _lately(Conversation.last_at)
        ),
        at_their_phones.join(ContactStop, ContactStop.phone_id == ResidentPhone.phone_id).where(stopped),
        _theirs(Contact.resident_id).where(reached),
        _theirs(ContactStop.resident_id).where(stopped),
        _theirs(Case.resident_id).where(_lately(Case.opened_at)),
        _theirs(Preference.resident_id).where(_lately(Preference.since)),
        _theirs(Mandate.resident_id).where(_lately(Mandate.granted_at)),
    )


def _theirs(owner: Any) -> Select[Any]:
    return select(owner).where(owner.in_(ids("residents")))


def _lately(at: Any) -> ColumnElement[bool]:
    is_late: ColumnElement[bool] = at >= bindparam("since", type_=Contact.created_at.type)
    return is_late
