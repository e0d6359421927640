"""Saying how far a member of staff sees: the district, some streets, their team, or a department's items."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Station
from models.event import AuditEntry
from models.resident import Resident
from models.staff import Staff
from models.vocabulary import Reach, Role
from scheduler.policies.card import PolicyCard
from scheduler.rules.rule import Label


class ReachRefused(ValueError):  # noqa: N818
    """Nothing was changed; says why."""


@dataclass(frozen=True)
class Reaching:
    """How far somebody is to see."""

    reach: Reach = Reach.DISTRICT
    streets: tuple[str, ...] = ()
    department: str | None = None
    """Its Chinese name, as the cards have it."""


def known_streets(session: Session) -> list[str]:
    """Streets in which a station stands or somebody lives."""
    found = {*session.scalars(select(Station.street).distinct()), *session.scalars(select(Resident.street).distinct())}
    return sorted(street for street in found if street)


def departments(cards: Mapping[str, PolicyCard]) -> dict[str, Label]:
    """Those that answer for an item, by their Chinese name."""
    return {card.department.zh: card.department for _, card in sorted(cards.items())}


def set_reach(
    session: Session, staff: Staff, wanted: Reaching, *, known_departments: Collection[str], by: str, now: datetime
) -> None:
    """Let somebody see so far and no further, from their next request on.

    Raises:
        ReachRefused: a street is not named or not known, they have no team, there is no such department, or they
            give out accounts themselves.
    """
    if wanted.reach is not Reach.DISTRICT and staff.role is Role.ADMINISTRATOR:
        raise ReachRefused("who gives out accounts sees the whole district")
    streets: list[str] = []
    department = None
    match wanted.reach:
        case Reach.STREETS:
            streets = sorted({street.strip() for street in wanted.streets if street.strip()})
            unknown = sorted(set(streets) - set(known_streets(session)))
            if not streets or unknown:
                raise ReachRefused(
                    f"there is no street {', '.join(unknown)}" if unknown else "name at least one street"
                )
        case Reach.TEAM:
            if staff.team_id is None:
                raise ReachRefused("they go out with no team")
        case Reach.DEPARTMENT:
            if wanted.department not in known_departments:
                raise ReachRefused(f"no item is {wanted.department or 'nobody'}'s")
            department = wanted.department
        case Reach.DISTRICT:
            pass
    staff.reach, staff.streets, staff.department = wanted.reach, streets, department
    facts = {"reach": wanted.reach.value, "streets": streets, "department": department}
    session.add(AuditEntry(at=now, actor=by, action="staff.reach", subject=f"staff:{staff.id}", facts=facts))
