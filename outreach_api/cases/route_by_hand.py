"""A supervisor's word over the rule's: another team, another day, another person, always with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from models.case import Case, Team
from models.vocabulary import DayPart
from outreach_api.cases.appointments import appoint
from outreach_api.cases.bookings import Bookings, bookable_days, door_of
from outreach_api.cases.open_case import hours_in_force, record_change
from outreach_api.cases.routing import Slot
from outreach_api.cases.work_case import CaseTaken, find_case, standing_appointment

SHORTEST_REASON = 2


class SlotTaken(Exception):  # noqa: N818
    """The team has no room then, or the day cannot be booked."""


class ReasonMissing(ValueError):  # noqa: N818
    """Whoever overrides the routing says why."""


@dataclass(frozen=True)
class Wanted:
    """The team that is to go; without a day, its first free half day."""

    team_id: int
    on: date | None = None
    part: DayPart = DayPart.MORNING


def send_team(
    session: Session, case_id: int, wanted: Wanted, *, why: str, seen_version: int, by: str, now: datetime
) -> Case:
    """Appoint a team of one's own choice, as long as the case is still as the supervisor saw it.

    Raises:
        CaseNotFound: no such case.
        CaseTaken: it changed since `seen_version`.
        SlotTaken: the team has no room then.
        ReasonMissing: nothing was said why.
        UnlawfulTransition: it is finished.
    """
    if len(why.strip()) < SHORTEST_REASON:
        raise ReasonMissing("say why")
    case = find_case(session, case_id)
    if case.version != seen_version:
        raise CaseTaken(f"case {case_id} changed since it was shown")
    # Whoever books this team at the same moment waits here, and then sees what is left.
    team = session.get(Team, wanted.team_id, with_for_update=True)
    if team is None or team.withdrawn_at is not None:
        raise SlotTaken("there is no such team")
    slot = _slot(session, case, wanted, now)
    record_change(session, case, "routed_by_hand", by=by, now=now, detail={"team": team.id}, note=why.strip())
    appoint(session, case, team.id, slot, by=by, now=now)
    return case


def _slot(session: Session, case: Case, wanted: Wanted, now: datetime) -> Slot:
    hours = hours_in_force(session)
    days = bookable_days(now.astimezone(hours.zone).date(), hours.is_working_day)
    bookings = Bookings.read(session, days)
    standing = standing_appointment(case)
    if standing is not None:
        bookings.release(standing.team_id, Slot(standing.on, standing.part), door_of(case.resident_id, case.id))
    if wanted.on is None:
        first = bookings.first_free(wanted.team_id)
        if first is None:
            raise SlotTaken("the team has no free half day within the time that can be booked")
        return first
    slot = Slot(wanted.on, wanted.part)
    if wanted.on not in days or not bookings.is_free(wanted.team_id, slot):
        raise SlotTaken("the team has no room then")
    return slot
