"""Where everybody stands at this moment, as the overview shows it; and the minutes that reports reckon with."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from models.vocabulary import BreakerState, CaseKind, CaseState, Channel, ContactState, MatchState, Refusal, StopReason
from outreach_api.delivery.breaker import breakers, switches
from outreach_api.delivery.pulse import pulse
from outreach_api.reports.figure_board import FigureBoard
from outreach_api.reports.labour import DEFAULT_MINUTES, MOST_MINUTES, labour_minutes, set_minutes
from outreach_api.reports.words import labour_steps
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import Body
from outreach_api.web.api.idempotency import OnceRoute
from outreach_api.web.api.policies import InBothLanguages
from outreach_api.web.api.refusals import Unknown
from outreach_api.web.api.shown import CountShown, shown_to
from outreach_api.web.house import house_of
from scheduler.planning.pauses import standing_pauses

router = APIRouter(prefix="/api/v1", tags=["reports and surveys"], route_class=OnceRoute)
SWITCHES_SHOWN_FOR = timedelta(days=1)
Minutes = Annotated[float, Field(ge=0, le=MOST_MINUTES)]


class CaseClockItem(BaseModel):
    waiting: CountShown
    in_hand: CountShown
    overdue: CountShown
    next_due_at: datetime | None


class CarrierItem(BaseModel):
    carrier: str
    state: BreakerState
    retry_at: datetime | None


class SwitchItem(BaseModel):
    carrier: str
    left_at: datetime
    returned_at: datetime | None


class Overview(BaseModel):
    counted_at: datetime
    match_states: dict[str, dict[MatchState, CountShown]] = Field(description="Policy → state → matches.")
    contacts: dict[Channel, dict[ContactState, CountShown]] = Field(description="Of all days.")
    contacts_today: dict[Channel, dict[ContactState, CountShown]] = Field(description="Those due today.")
    cases: dict[CaseKind, dict[CaseState, CountShown]]
    clocks: dict[CaseKind, CaseClockItem] = Field(description="Unfinished cases against their promises.")
    breaches_expected: dict[CaseKind, CountShown] = Field(description="Promises that break at the pace of late.")
    stops: dict[StopReason, CountShown] = Field(description="In force.")
    held_back: dict[Refusal, CountShown]
    unknown_sends: int
    to_send: int = Field(description="Due and not gone out. This and the next two stop at 10,000.")
    to_answer: int = Field(description="What residents wrote that waits for an answer.")
    put_off: int = Field(description="Of it, what the assistant gave no answer to yet and is asked again.")
    bot_read_at: datetime | None = Field(description="When the assistant last read something; null: not of late.")
    parked: int = Field(description="What nothing could be made of.")
    answered_late_by_seconds: float | None
    paused_because: str | None = Field(description="Why nobody is contacted unasked.")
    carriers: list[CarrierItem] = Field(description="Those that failed so often of late that they are held back.")
    switches: list[SwitchItem] = Field(description="Carriers that were left in the last day.")


class LabourStep(BaseModel):
    name: InBothLanguages
    minutes: float
    assumed: float = Field(description="What holds until somebody sets it.")


class LabourMinutes(BaseModel):
    steps: dict[str, LabourStep]


class NewMinutes(Body):
    minutes: dict[str, Minutes] = Field(
        min_length=1, max_length=50, examples=[{"visit": 35}], description="Steps that are not named keep theirs."
    )


@router.get("/overview")
def read_overview(request: Request, caller: AnyCaller) -> Overview:
    """Counts only. At a great size they are of a few seconds ago: `counted_at` says of when."""
    house = house_of(request)
    board: FigureBoard = request.app.state.figures
    counted = board.look()
    now = house.clock.now()
    midnight = datetime.combine(now.astimezone(house.settings.zone).date(), time(), house.settings.zone)
    with house.sessions.read() as session:
        beat = pulse(session, now=now, since=midnight)
        paused = standing_pauses(session).everything
        carriers = [
            CarrierItem(carrier=name, state=one.state, retry_at=one.retry_at)
            for name, one in sorted(breakers(session).items())
        ]
        left = switches(session, since=now - SWITCHES_SHOWN_FOR)
    late = beat.answered_late_by
    people = {
        "match_states": counted.funnel.match_states,
        "contacts": counted.funnel.contact_states,
        "contacts_today": beat.today,
        "cases": counted.funnel.case_states,
        "clocks": {kind: vars(clock) for kind, clock in counted.funnel.clocks.items()},
        "breaches_expected": counted.breaches,
        "stops": counted.funnel.stops,
        "held_back": counted.funnel.refused,
    }
    return Overview.model_validate(
        shown_to(caller, people)
        | {
            "counted_at": counted.at,
            "unknown_sends": counted.funnel.unknown_sends,
            "to_send": beat.to_send,
            "to_answer": beat.to_answer,
            "put_off": beat.put_off,
            "bot_read_at": beat.read_at,
            "parked": beat.parked,
            "answered_late_by_seconds": late.total_seconds() if late is not None else None,
            "paused_because": paused,
            "carriers": carriers,
            "switches": [vars(one) for one in left],
        }
    )


@router.get("/labour-minutes")
def read_labour_minutes(request: Request, _caller: AnyCaller) -> LabourMinutes:
    """Minutes a step: what a report reckons staff time with, for our way and the manual one."""
    with house_of(request).sessions.read() as session:
        return _minutes(labour_minutes(session))


@router.put("/labour-minutes")
def change_labour_minutes(request: Request, caller: AnyCaller, asked: NewMinutes) -> LabourMinutes:
    """Put other minutes in force, on the record."""
    house = house_of(request)
    strange = sorted(set(asked.minutes) - set(DEFAULT_MINUTES))
    if strange:
        raise Unknown(f"there is no step of that name; steps are {', '.join(DEFAULT_MINUTES)}")
    with house.sessions.write() as session:
        return _minutes(set_minutes(session, asked.minutes, by=caller.actor, now=house.clock.now()))


def _minutes(minutes: dict[str, float]) -> LabourMinutes:
    words = labour_steps()
    return LabourMinutes(
        steps={
            step: LabourStep(
                name=InBothLanguages(zh=words[step][0], en=words[step][1]), minutes=minutes[step], assumed=assumed
            )
            for step, assumed in DEFAULT_MINUTES.items()
        }
    )
