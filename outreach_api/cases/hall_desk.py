"""The counter of the service hall: who stands there, what they are matched for, and that it was done on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import extract, select
from sqlalchemy.orm import Session

from models.case import Case
from models.column_types import key_ring
from models.event import AuditEntry
from models.id_number import IdNumber, parse_id_number
from models.match import Match
from models.resident import Resident
from models.session import lock_resident
from models.vocabulary import Audience, CaseKind, MatchState
from outreach_api.cases.open_case import OPEN_CASE_STATES
from outreach_api.cases.work_case import resolve
from outreach_api.privacy.masking import mask_address, mask_id_number, mask_name
from outreach_api.residents.standing import standing_for
from scheduler.matching.moves import move_match
from scheduler.policies.card import PolicyCard
from scheduler.rules.rule import Label

MOST_FOUND = 5


class DeskRefused(ValueError):  # noqa: N818
    """What was entered finds nobody safely; says why."""


class Unclear(StrEnum):
    CARD = "card"
    """The card number is none."""
    INCOMPLETE = "incomplete"
    """A name needs the birth month beside it."""


@dataclass(frozen=True)
class Shown:
    """What the person at the counter showed or said: their card, or name and month of birth."""

    card: str = ""
    name: str = ""
    birth_month: date | None = None


@dataclass(frozen=True)
class Waiting:
    """A benefit that waits for somebody, and what the counter needs to know of it."""

    match_id: int
    policy_id: str
    name: Label | None
    documents: tuple[str, ...]
    where: str | None


@dataclass(frozen=True)
class AtTheCounter:
    """Somebody who can be the one who stands there, masked."""

    id: int
    name: str
    card: str
    address: str
    waiting: list[Waiting]


def find_at_desk(session: Session, shown: Shown, *, actor: str, now: datetime) -> list[Resident]:
    """Residents this can be, on the record; a name alone finds nobody. More than one: ask for the card.

    Raises:
        DeskRefused: neither a card number nor a name with its birth month.
    """
    ring = key_ring()
    query = select(Resident).where(Resident.audience == Audience.PERSON)
    if shown.card.strip():
        number = _card_number(shown.card, now)
        query = query.where(Resident.id_number_index == ring.blind_index(number, kind="id_number"))
    elif shown.name.strip() and shown.birth_month is not None:
        query = query.where(
            Resident.name_index == ring.blind_index(shown.name.strip(), kind="name"),
            extract("year", Resident.birth_date) == shown.birth_month.year,
            extract("month", Resident.birth_date) == shown.birth_month.month,
        )
    else:
        raise DeskRefused(Unclear.INCOMPLETE)
    found = standing_for(session, session.scalars(query.order_by(Resident.id).limit(MOST_FOUND)))
    _record(session, "desk.find", f"residents:{','.join(str(one.id) for one in found) or 'none'}", actor, now)
    return found


def at_the_counter(session: Session, found: Sequence[Resident], cards: Mapping[str, PolicyCard]) -> list[AtTheCounter]:
    """What the counter shows of them: enough to tell who it is, and what waits for them."""
    return [
        AtTheCounter(
            id=one.id,
            name=mask_name(one.name),
            card=mask_id_number(one.id_number),
            address=mask_address(one.address, street=one.street, community=one.community),
            waiting=[_waiting(match, cards.get(match.policy_id)) for match in open_matches(session, one.id)],
        )
        for one in found
    ]


def open_matches(session: Session, resident_id: int) -> list[Match]:
    """What somebody is matched for and has not had yet."""
    theirs = select(Match).where(Match.resident_id == resident_id, Match.closed_at.is_(None))
    return list(session.scalars(theirs.order_by(Match.id)))


def done_at_hall(session: Session, resident_id: int, match_id: int, *, by: str, now: datetime) -> Match:
    """Close a match as applied at the hall, and with it the visit that was to come for it.

    Raises:
        DeskRefused: the match is not this resident's, or was closed meanwhile.
    """
    return close_at_counter(
        session, resident_id, match_id, MatchState.APPLIED_AT_HALL, because=f"desk:{by}", by=by, now=now
    )


def close_at_counter(
    session: Session, resident_id: int, match_id: int, to: MatchState, *, because: str, by: str, now: datetime
) -> Match:
    """Close a match of whoever stands there, wherever that is, and with it the visit that was to come for it.

    Raises:
        DeskRefused: the match is not this resident's, or was closed meanwhile.
    """
    lock_resident(session, resident_id)
    match = session.get(Match, match_id)
    if match is None or match.resident_id != resident_id or match.closed_at is not None:
        raise DeskRefused("that is not open for this person")
    move_match(session, match, to, because=because, now=now)
    waiting = select(Case).where(
        Case.match_id == match.id, Case.kind == CaseKind.HOME_VISIT, Case.state.in_(OPEN_CASE_STATES)
    )
    for case in session.scalars(waiting):
        resolve(session, case, by=by, now=now)
    _record(session, "desk.closed", f"match:{match.id}", by, now)
    return match


def _waiting(match: Match, card: PolicyCard | None) -> Waiting:
    if card is None:
        return Waiting(match.id, match.policy_id, None, (), None)
    needed = card.documents.needed if card.documents is not None else None
    return Waiting(match.id, card.id, card.name, tuple(needed or ()), card.where.say if card.where else None)


def _card_number(text: str, now: datetime) -> str:
    number = parse_id_number("".join(text.split()), today=now.date())
    if not isinstance(number, IdNumber):
        raise DeskRefused(Unclear.CARD)
    return number.text


def _record(session: Session, action: str, subject: str, actor: str, now: datetime) -> None:
    session.add(AuditEntry(at=now, actor=actor, action=action, subject=subject[:64]))
