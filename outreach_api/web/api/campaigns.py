"""Campaigns from their draft to their end: a second person approves, and audience and effort are seen before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Campaign, Contact
from models.report import CampaignForecast
from models.vocabulary import CampaignKind, CampaignState, Channel, ContactState, MatchState, Refusal, Waiver
from outreach_api.campaigns.progress import campaign_progress
from outreach_api.forecasts.forecast import Forecast, forecast, keep_forecast
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id, PolicyId, Reason
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.api.refusals import NoSuchThing
from outreach_api.web.api.shown import CountShown, shown_to
from outreach_api.web.house import House, house_of
from outreach_api.web.tokens import Caller
from scheduler.planning import campaigns as rules
from scheduler.planning.cadence import Action, read_cadence
from scheduler.planning.notices import NoticeAudience, Reach
from scheduler.planning.pauses import pause_campaign, resume_campaign
from scheduler.planning.preview import days_at, preview

router = APIRouter(prefix="/api/v1", tags=["campaigns"], route_class=OnceRoute)
MOST_A_DAY = 1_000_000
OldestAge = Annotated[int | None, Field(ge=0, le=120)]


class Audience(Body):
    """Whom an urgent notice is for; all that is given has to hold."""

    streets: list[Annotated[str, Field(max_length=64, pattern=NO_NUL)]] = Field([], max_length=50)
    from_age: OldestAge = None
    everybody: bool = Field(False, description="Also people who were never matched.")  # noqa: FBT003


class Rung(Body):
    do: Action
    after_days: int = Field(ge=0, le=365, description="Days after the rung before.")


class Draft(Body):
    """A policy and no notice, or an urgent notice and no policy."""

    name: str = Field(min_length=1, max_length=120, pattern=NO_NUL, examples=["高龄津贴 秋季"])
    policy_id: str = Field("", max_length=64, pattern=NO_NUL, examples=["elderly-allowance"])
    starts_on: date
    ends_on: date | None = None
    daily_cap: int = Field(ge=1, le=MOST_A_DAY, description="First contacts a day.", examples=[200])
    priority: int = Field(100, ge=0, le=10_000, description="Lower goes first.")
    chat_link: bool = Field(False, description="Whether its texts carry a link to the chat page.")  # noqa: FBT003
    cadence: list[Rung] | None = Field(
        None, max_length=12, description="Its own ladder, home_help last; null: that of the settings."
    )
    notice: str | None = Field(None, max_length=rules.LONGEST_NOTICE, pattern=NO_NUL)
    audience: Audience = Audience()
    waives: list[Waiver] = Field([], description="What an approved urgent notice may exceed.")

    def drawn_up(self) -> rules.CampaignDraft:
        """The draft as the planner knows it.

        Raises:
            CampaignRefused: its cadence is no ladder.
        """
        try:
            own = None if self.cadence is None else read_cadence([rung.model_dump() for rung in self.cadence])
        except ValueError as fault:
            raise rules.CampaignRefused(str(fault)) from fault
        reach = Reach.EVERYBODY if self.audience.everybody else Reach.KNOWN
        return rules.CampaignDraft(
            name=self.name,
            starts_on=self.starts_on,
            daily_cap=self.daily_cap,
            policy_id=self.policy_id,
            priority=self.priority,
            ends_on=self.ends_on,
            notice=self.notice,
            audience=NoticeAudience(tuple(self.audience.streets), self.audience.from_age, reach),
            waives=frozenset(self.waives),
            chat_link=self.chat_link,
            cadence=own,
        )


class CampaignItem(BaseModel):
    id: int
    kind: CampaignKind
    state: CampaignState
    policy_id: str
    name: str
    priority: int
    daily_cap: int
    starts_on: date
    ends_on: date | None
    created_by: str | None
    approved_by: str | None
    approved_at: datetime | None
    paused_because: str | None
    notice: str | None
    waives: list[Waiver]
    chat_link: bool
    cadence: list[Rung] | None
    contacts: dict[ContactState, CountShown] = Field(description="How many of its contacts are in which state.")


class Stopped(BaseModel):
    campaign: CampaignItem
    cancelled: CountShown = Field(description="Contacts that were queued and will not go out.")


class Started(BaseModel):
    campaign: CampaignItem
    queued: CountShown = Field(description="Of an urgent notice: how many contacts were queued at once.")


class Because(Body):
    because: Reason


class AudiencePreview(BaseModel):
    """Whom a campaign for the policy would reach if it started now. All numbers add up to `matched`."""

    matched: CountShown
    reached: dict[str, CountShown] = Field(description="Street → residents who would be contacted.")
    excluded: dict[Refusal, CountShown]
    not_due: CountShown
    not_pushed: dict[MatchState, CountShown]
    days: int | None = Field(description="How many days the first contacts take at that daily cap.")


class ForecastAsked(Body):
    daily_cap: int = Field(100, ge=1, le=MOST_A_DAY)
    days: int = Field(60, ge=1, le=180)
    seeds: int = Field(40, ge=20, le=200, description="How many times the days are lived through.")


class Band(BaseModel):
    """Between `low` and `high` lie nineteen of twenty courses."""

    low: float | None
    estimate: float | None
    high: float | None


class CampaignProgress(BaseModel):
    contacts: dict[Channel, dict[ContactState, CountShown]]
    spoken_of: CountShown = Field(description="Matches that a contact of this campaign went out for.")
    arrived: CountShown = Field(description="Those of them a contact arrived for.")
    states: dict[MatchState, CountShown] = Field(description="Where the matches stand that it spoke of.")


class ForecastMade(BaseModel):
    id: int
    policy_id: str
    starts_on: date
    days: int
    seeds: int
    matches: CountShown
    expected: dict[str, Band]


class ForecastKept(ForecastMade):
    made_at: datetime
    made_by: str


@router.get("/campaigns")
def list_campaigns(
    request: Request,
    caller: AnyCaller,
    state: CampaignState | None = None,
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[CampaignItem]:
    """Campaigns, the newest first."""
    query = select(Campaign).order_by(Campaign.id.desc()).limit(limit + 1)
    if state is not None:
        query = query.where(Campaign.state == state)
    if mark := read_cursor(after, int):
        query = query.where(Campaign.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        contacts = _contacts(session, [row.id for row in shown])
        items = [_item(row, shown_to(caller, contacts.get(row.id, {}))) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.post("/campaigns", dependencies=[ONCE])
def draw_up_campaign(request: Request, caller: AnyCaller, draft: Draft) -> CampaignItem:
    """Draw one up. Nothing is sent before somebody else has approved it and it was started."""
    house = house_of(request)
    _check_policy(house, draft)
    with house.sessions.write() as session:
        row = rules.create_campaign(session, draft.drawn_up(), by=caller.actor, now=house.clock.now())
        return _item(row, {})


@router.get("/campaigns/{campaign_id}")
def read_campaign(request: Request, caller: AnyCaller, campaign_id: Id) -> CampaignItem:
    with house_of(request).sessions.read() as session:
        return _shown(session, _found(session, campaign_id), caller)


@router.get("/campaigns/{campaign_id}/progress")
def read_campaign_progress(request: Request, caller: AnyCaller, campaign_id: Id) -> CampaignProgress:
    """How far it has come, counted from its own contacts."""
    with house_of(request).sessions.read() as session:
        progress = campaign_progress(session, _found(session, campaign_id))
        return CampaignProgress.model_validate(shown_to(caller, progress), from_attributes=True)


@router.put("/campaigns/{campaign_id}")
def change_campaign(request: Request, caller: AnyCaller, campaign_id: Id, draft: Draft) -> CampaignItem:
    """Change a draft. Its approval is gone, and who changed it counts as who drew it up."""
    house = house_of(request)
    _check_policy(house, draft)
    with house.sessions.write() as session:
        row = _found(session, campaign_id)
        rules.change_campaign(session, row, draft.drawn_up(), by=caller.actor, now=house.clock.now())
        return _shown(session, row, caller)


@router.post("/campaigns/{campaign_id}/approve", dependencies=[ONCE])
def approve_campaign(request: Request, caller: AnyCaller, campaign_id: Id) -> CampaignItem:
    """A second person's approval of audience, text, pace and waivers."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = _found(session, campaign_id)
        rules.approve_campaign(session, row, by=caller.actor, now=house.clock.now())
        return _shown(session, row, caller)


@router.post("/campaigns/{campaign_id}/start", dependencies=[ONCE])
def start_campaign(request: Request, caller: AnyCaller, campaign_id: Id) -> Started:
    """Let an approved draft run. The contacts of an urgent notice are queued at once."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = _found(session, campaign_id)
        rules.start_campaign(session, row, by=caller.actor, now=house.clock.now())
        is_notice = row.notice is not None
    queued = house.queue_notice(campaign_id).queued if is_notice else 0
    with house.sessions.read() as session:
        return Started(campaign=_shown(session, _found(session, campaign_id), caller), queued=shown_to(caller, queued))


@router.post("/campaigns/{campaign_id}/pause", dependencies=[ONCE])
def pause_one_campaign(request: Request, caller: AnyCaller, campaign_id: Id, asked: Because) -> CampaignItem:
    """What it has planned stays planned, and goes out after it is resumed unless it expires."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = _found(session, campaign_id)
        pause_campaign(session, row, because=asked.because, by=caller.actor, now=house.clock.now())
        return _shown(session, row, caller)


@router.post("/campaigns/{campaign_id}/resume", dependencies=[ONCE])
def resume_one_campaign(request: Request, caller: AnyCaller, campaign_id: Id) -> CampaignItem:
    house = house_of(request)
    with house.sessions.write() as session:
        row = _found(session, campaign_id)
        resume_campaign(session, row, by=caller.actor, now=house.clock.now())
        return _shown(session, row, caller)


@router.post("/campaigns/{campaign_id}/stop", dependencies=[ONCE])
def stop_campaign(request: Request, caller: AnyCaller, campaign_id: Id, asked: Because) -> Stopped:
    """End it for good and cancel what is queued."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = _found(session, campaign_id)
        now = house.clock.now()
        cancelled = rules.stop_campaign(session, row, because=asked.because, by=caller.actor, now=now)
        return Stopped(campaign=_shown(session, row, caller), cancelled=shown_to(caller, cancelled))


@router.get("/policies/{policy_id}/audience")
def preview_audience(
    request: Request,
    caller: AnyCaller,
    policy_id: PolicyId,
    daily_cap: Annotated[int, Query(ge=1, le=MOST_A_DAY)] = 100,
) -> AudiencePreview:
    """Decide as the planner would; nothing is written."""
    house = house_of(request)
    _known(house, policy_id)
    with house.sessions.read() as session:
        found = preview(session, policy_id, now=house.clock.now(), cards=house.cards)
    people = {
        "matched": found.matched,
        "reached": dict(found.reached),
        "excluded": dict(found.excluded),
        "not_due": found.not_due,
        "not_pushed": dict(found.not_pushed),
    }
    # Days at a cap of one would be the people.
    first = shown_to(caller, found.reached_total)
    days = None if first is None else days_at(first, daily_cap)
    return AudiencePreview.model_validate(shown_to(caller, people) | {"days": days})


@router.post("/policies/{policy_id}/forecasts", dependencies=[ONCE])
def forecast_campaign(request: Request, caller: AnyCaller, policy_id: PolicyId, asked: ForecastAsked) -> ForecastMade:
    """What a campaign will take and bring, by living through the coming days many times. Kept for the reports."""
    house = house_of(request)
    _known(house, policy_id)
    now = house.clock.now()
    (made,) = forecast(
        house.sessions,
        [policy_id],
        now=now,
        cards=house.cards,
        channels=list(house.carriers),
        campaign=Campaign(policy_id=policy_id, priority=100, daily_cap=asked.daily_cap),
        days=asked.days,
        seeds=asked.seeds,
    )
    with house.sessions.write() as session:
        number = keep_forecast(session, made, by=caller.actor, now=now).id
    return _forecast(number, made, caller)


@router.get("/policies/{policy_id}/forecasts")
def list_forecasts(
    request: Request, caller: AnyCaller, policy_id: PolicyId, limit: Limit = 100, after: Cursor = None
) -> Page[ForecastKept]:
    """What was expected before, the newest first: what campaigns came to is held against it."""
    query = select(CampaignForecast).where(CampaignForecast.policy_id == policy_id).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(CampaignForecast.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query.order_by(CampaignForecast.id.desc())).all(), limit)
        items = [_kept(row, caller) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


def _kept(row: CampaignForecast, caller: Caller) -> ForecastKept:
    at_the_end = {measure: days[-1] for measure, days in row.expected.items() if days}
    return ForecastKept(
        id=row.id,
        policy_id=row.policy_id,
        starts_on=row.starts_on,
        days=row.days,
        seeds=row.seeds,
        matches=shown_to(caller, row.matches),
        made_at=row.made_at,
        made_by=row.made_by,
        expected=_bands(at_the_end, caller),
    )


def _forecast(number: int, made: Forecast, caller: Caller) -> ForecastMade:
    return ForecastMade(
        id=number,
        policy_id=made.policy_id,
        starts_on=made.starts_on,
        days=made.days,
        seeds=made.seeds,
        matches=shown_to(caller, made.matches),
        expected=_bands(made.at_the_end(), caller),
    )


def _bands(at_the_end: Mapping[str, Sequence[float]], caller: Caller) -> dict[str, Band]:
    bands: dict[str, Sequence[float | None]] = shown_to(caller, dict(at_the_end))
    return {name: Band(low=low, estimate=middle, high=high) for name, (low, middle, high) in bands.items()}


def _known(house: House, policy_id: str) -> None:
    if policy_id not in house.cards:
        raise NoSuchThing(f"there is no policy {policy_id}")


def _check_policy(house: House, draft: Draft) -> None:
    if draft.policy_id and draft.policy_id not in house.cards:
        raise rules.CampaignRefused(f"there is no policy {draft.policy_id}")


def _found(session: Session, campaign_id: int) -> Campaign:
    row = session.get(Campaign, campaign_id)
    if row is None:
        raise NoSuchThing(f"there is no campaign {campaign_id}")
    return row


def _contacts(session: Session, ids: list[int]) -> dict[int, dict[ContactState, int]]:
    counted = select(Contact.campaign_id, Contact.state, func.count()).where(Contact.campaign_id.in_(ids))
    found: dict[int, dict[ContactState, int]] = {}
    for campaign_id, state, count in session.execute(counted.group_by(Contact.campaign_id, Contact.state)):
        found.setdefault(campaign_id or 0, {})[state] = count
    return found


def _shown(session: Session, row: Campaign, caller: Caller) -> CampaignItem:
    session.flush()
    return _item(row, shown_to(caller, _contacts(session, [row.id]).get(row.id, {})))


def _item(row: Campaign, contacts: dict[ContactState, int | None]) -> CampaignItem:
    return CampaignItem(
        id=row.id,
        kind=row.kind,
        state=row.state,
        policy_id=row.policy_id,
        name=row.name,
        priority=row.priority,
        daily_cap=row.daily_cap,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        created_by=row.created_by,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        paused_because=row.paused_because,
        notice=row.notice,
        waives=[Waiver(waiver) for waiver in row.waives or ()],
        chat_link=row.chat_link,
        cadence=[Rung.model_validate(rung) for rung in row.cadence] if row.cadence else None,
        contacts=contacts,
    )
