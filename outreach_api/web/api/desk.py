"""The counter of the hall and the table of a stall day: who stands there, what waits for them, what was done."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.match import Match
from models.resident import Resident
from models.stall import StallDay
from models.vocabulary import MatchState, StallOutcome
from outreach_api.cases.hall_desk import (
    AtTheCounter,
    DeskRefused,
    Shown,
    Unclear,
    at_the_counter,
    done_at_hall,
    find_at_desk,
)
from outreach_api.stalls.stall_days import (
    StallFigures,
    StallPlan,
    cancel_stall,
    figures_of,
    plan_stall,
    record_at_stall,
)
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Body, Id
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.api.policies import InBothLanguages
from outreach_api.web.api.refusals import NoSuchThing, Unknown
from outreach_api.web.api.shown import CountShown, shown_to
from outreach_api.web.house import house_of
from outreach_api.web.tokens import Caller

router = APIRouter(prefix="/api/v1", tags=["counter and stalls"], route_class=OnceRoute)
UNCLEAR = {
    Unclear.CARD: "this is no card number",
    Unclear.INCOMPLETE: "give a card number, or a name with the month of birth",
}
Number = Annotated[int, Field(ge=1, le=MOST_ID)]
Line = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]


class ShownAtDesk(Body):
    """The card, or name and month of birth: a name alone finds nobody."""

    card: str | None = Field(None, min_length=1, max_length=40, pattern=NO_NUL)
    name: str | None = Field(None, min_length=1, max_length=64, pattern=NO_NUL)
    birth_month: str | None = Field(None, pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["1951-03"])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.card is None) == (self.name is None or self.birth_month is None):
            raise ValueError("give card, or name and birth_month")
        return self

    def shown(self) -> Shown:
        born = date.fromisoformat(f"{self.birth_month}-01") if self.birth_month else None
        return Shown(self.card or "", self.name or "", born)


class WaitingItem(BaseModel):
    match_id: int
    policy_id: str
    name: InBothLanguages | None
    documents: list[str] = Field(description="What to bring.")
    where: str | None


class PersonAtDesk(BaseModel):
    resident_id: int
    name: str = Field(description="Masked.", examples=["陈*"])
    card: str = Field(description="Masked.", examples=["4403**********1234"])
    address: str = Field(description="Down to the community.")
    waiting: list[WaitingItem] = Field(description="What they are matched for and have not had yet.")


class PeopleAtDesk(BaseModel):
    items: list[PersonAtDesk] = Field(description="More than one: ask for the card.")


class DoneAtDesk(Body):
    resident_id: Number
    match_id: Number


class ClosedMatch(BaseModel):
    match_id: int
    policy_id: str
    state: MatchState


class StallAsked(Body):
    on: date = Field(description="Tomorrow at the soonest.")
    hours: str = Field(min_length=1, max_length=32, pattern=NO_NUL, examples=["上午9点到11点半"])
    place: Line
    street: Line
    community: str | None = Field(None, max_length=64, pattern=NO_NUL)
    estates: list[Line] = Field(
        [], max_length=20, description="Words that the addresses of those invited contain; none: all of them."
    )


class StallItem(BaseModel):
    id: int
    on: date
    hours: str
    place: str
    street: str
    community: str | None
    estates: list[str]
    created_by: str
    cancelled_at: datetime | None
    invited: CountShown
    held_back: CountShown = Field(description="Who should be told and was not, by rules of contact.")
    outcomes: dict[StallOutcome, CountShown]


class StallResultAsked(DoneAtDesk):
    outcome: StallOutcome


@router.post("/desk/search")
def find_at_the_desk(request: Request, caller: AnyCaller, asked: ShownAtDesk) -> PeopleAtDesk:
    """Who stands at the counter, and what waits for them. A POST, so that nothing of it stands in an address."""
    house = house_of(request)
    with house.sessions.write() as session:
        try:
            found = find_at_desk(session, asked.shown(), actor=caller.actor, now=house.clock.now())
        except DeskRefused as fault:
            raise Unknown(UNCLEAR[Unclear(str(fault))]) from fault
        return PeopleAtDesk(items=[_person(one) for one in at_the_counter(session, found, house.cards)])


@router.post("/desk/applications", dependencies=[ONCE])
def close_at_the_desk(request: Request, caller: AnyCaller, asked: DoneAtDesk) -> ClosedMatch:
    """Close what was applied for at the counter just now, and the visit that was to come for it."""
    house = house_of(request)
    with house.sessions.write() as session:
        _known(session, asked)
        match = done_at_hall(session, asked.resident_id, asked.match_id, by=caller.actor, now=house.clock.now())
        return ClosedMatch(match_id=match.id, policy_id=match.policy_id, state=match.state)


@router.get("/stalls")
def list_stalls(request: Request, caller: AnyCaller, limit: Limit = 100, after: Cursor = None) -> Page[StallItem]:
    """Stall days with how many were invited and what came of them, the last put on the calendar first."""
    query = select(StallDay).order_by(StallDay.id.desc()).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(StallDay.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [_stall(one, caller) for one in figures_of(session, shown)]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.post("/stalls", dependencies=[ONCE])
def add_stall(request: Request, caller: AnyCaller, asked: StallAsked) -> StallItem:
    """Put a stall day on the calendar. Those matched in the estates are invited three days ahead, by every rule."""
    house = house_of(request)
    now = house.clock.now()
    plan = StallPlan(asked.on, asked.hours, asked.place, asked.street, asked.community, tuple(asked.estates))
    with house.sessions.write() as session:
        today = now.astimezone(house.settings.zone).date()
        stall = plan_stall(session, plan, by=caller.actor, today=today, now=now)
        return _shown(session, stall, caller)


@router.post("/stalls/{stall_id}/cancel", dependencies=[ONCE])
def call_off_stall(request: Request, caller: AnyCaller, stall_id: Id) -> StallItem:
    """Call it off, with the invitations that have not gone out."""
    house = house_of(request)
    with house.sessions.write() as session:
        stall = _found(session, stall_id)
        cancel_stall(session, stall_id, now=house.clock.now())
        return _shown(session, stall, caller)


@router.post("/stalls/{stall_id}/results", dependencies=[ONCE])
def keep_stall_result(request: Request, caller: AnyCaller, stall_id: Id, asked: StallResultAsked) -> StallItem:
    """What came of a match at the table; an application closes it as one at the hall does."""
    house = house_of(request)
    with house.sessions.write() as session:
        stall = _found(session, stall_id)
        _known(session, asked)
        record_at_stall(
            session,
            stall_id,
            asked.resident_id,
            asked.match_id,
            asked.outcome,
            by=caller.actor,
            now=house.clock.now(),
        )
        return _shown(session, stall, caller)


def _known(session: Session, asked: DoneAtDesk) -> None:
    if session.get(Resident, asked.resident_id) is None or session.get(Match, asked.match_id) is None:
        raise Unknown("there is no such resident, or no such match")


def _found(session: Session, stall_id: int) -> StallDay:
    stall = session.get(StallDay, stall_id)
    if stall is None:
        raise NoSuchThing(f"there is no stall day {stall_id}")
    return stall


def _shown(session: Session, stall: StallDay, caller: Caller) -> StallItem:
    session.flush()
    (figures,) = figures_of(session, [stall])
    return _stall(figures, caller)


def _stall(exact: StallFigures, caller: Caller) -> StallItem:
    figures: StallFigures = shown_to(caller, exact)
    return StallItem(
        id=figures.stall.id,
        on=figures.stall.on,
        hours=figures.stall.hours,
        place=figures.stall.place,
        street=figures.stall.street,
        community=figures.stall.community,
        estates=figures.stall.estates,
        created_by=figures.stall.created_by,
        cancelled_at=figures.stall.cancelled_at,
        invited=figures.invited,
        held_back=figures.held_back,
        outcomes=figures.outcomes,
    )


def _person(one: AtTheCounter) -> PersonAtDesk:
    return PersonAtDesk(
        resident_id=one.id,
        name=one.name,
        card=one.card,
        address=one.address,
        waiting=[WaitingItem.model_validate(each, from_attributes=True) for each in one.waiting],
    )
