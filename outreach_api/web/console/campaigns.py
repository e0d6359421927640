"""Campaigns: drawn up from an item, looked at beforehand, approved by a second person, steered and watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BeforeValidator
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contact import Campaign
from models.event import AuditEntry
from models.report import CampaignForecast
from models.staff import Staff
from models.transitions import UnlawfulTransition
from models.vocabulary import CampaignKind, CampaignState, MatchState, Refusal, Waiver
from outreach_api.campaigns.progress import campaign_progress
from outreach_api.campaigns.steps import REASON_NEEDED, CampaignStep, find_campaign, next_steps, take_step
from outreach_api.forecasts.forecast import NobodyToForecast, forecast, keep_forecast
from outreach_api.privacy.small_cells import all_in_tens
from outreach_api.reports.definitions import FORECAST_MEASURES
from outreach_api.reports.phases import PHASE_OF, Phase
from outreach_api.web.access import CAMPAIGN_STEERERS, Viewer, sees_people
from outreach_api.web.auth import SignedIn
from outreach_api.web.console.cadence_form import MOST_RUNGS, NoLadder, cadence_of, cadence_rows, own_cadence
from outreach_api.web.house import House, house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import Locale, Speaker
from outreach_api.workshop import Failed, Made, Tell, Working, Workshop
from scheduler.planning.cadence import read_cadence
from scheduler.planning.campaigns import (
    LONGEST_NOTICE,
    CampaignDraft,
    CampaignRefused,
    campaign_list,
    change_campaign,
    create_campaign,
)
from scheduler.planning.notices import NoticeAudience, NoticeReport, Reach, look_at_notice
from scheduler.planning.preview import Preview, days_at, preview

router = APIRouter(include_in_schema=False)
FORECAST_DAYS = 60
COURSES = 40
"""How often the days ahead are lived through; enough for a band, and done while somebody waits."""
WAITS_SECONDS = 0.8
NOTICE_CAP = 1_000_000
"""A notice goes to all at once."""
SAID = frozenset(
    {
        "said_campaign_cadence",
        "said_campaign_refused",
        "said_campaign_same_person",
        "said_why_missing",
        "said_not_possible",
    }
)
Day = Annotated[date | None, BeforeValidator(lambda value: value or None)]
Ticked = Annotated[bool, Form()]


@dataclass(frozen=True)
class Asked:
    """Whose audience is counted."""

    policy_id: str
    daily_cap: int
    priority: int


@router.get("/campaigns", name="campaigns")
def campaigns(request: Request, viewer: Viewer) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        listed = campaign_list(session)
        rows = [
            {
                "campaign": one.campaign,
                "policy": _policy(house, one.campaign.policy_id, speaker),
                "contacts": _shown_to(viewer, sum(one.contacts.values())),
                "waits": one.campaign.state is CampaignState.DRAFT and not one.campaign.is_approved,
            }
            for one in listed
        ]
        return render(request, "campaigns.html", section="campaigns", rows=rows)


@router.get("/campaigns/new", name="new_campaign")
def new(request: Request, viewer: Viewer, policy: Annotated[str, Query(max_length=64)] = "") -> Response:
    house = house_of(request)
    today = house.clock.now().astimezone(house.settings.zone).date()
    draft = CampaignDraft(name="", policy_id=policy, starts_on=today, daily_cap=100)
    return _form(request, draft, None)


@router.get("/campaigns/notices/new", name="new_notice")
def new_notice(request: Request, viewer: Viewer) -> Response:
    blank = {"name": "", "notice": "", "streets": "", "from_age": "", "everybody": False}
    return _notice_form(request, blank)


@router.post("/campaigns/notices", name="create_notice")
def create_notice(
    request: Request,
    viewer: Viewer,
    name: Annotated[str, Form(min_length=1, max_length=120)],
    notice: Annotated[str, Form(max_length=LONGEST_NOTICE * 2)] = "",
    streets: Annotated[str, Form(max_length=2000)] = "",
    from_age: Annotated[str, Form(pattern=r"^(\d{1,3})?$")] = "",
    everybody: Ticked = False,  # noqa: FBT002 - a tick box
    any_hour: Ticked = False,  # noqa: FBT002
    beyond_budget: Ticked = False,  # noqa: FBT002
) -> Response:
    """Draw up one text to everybody of an audience, for today. A second person sees it before it goes out."""
    house = house_of(request)
    waives = {Waiver.HOURS: any_hour, Waiver.BUDGET: beyond_budget}
    written = {"name": name, "notice": notice, "streets": streets, "from_age": from_age, "everybody": everybody}
    reach = Reach.EVERYBODY if everybody else Reach.KNOWN
    asked = NoticeAudience(tuple(streets.split()), int(from_age) if from_age else None, reach)
    today = house.clock.now().astimezone(house.settings.zone).date()
    draft = CampaignDraft(
        name.strip(), today, NOTICE_CAP, ends_on=today, notice=notice.strip(), audience=asked,
        waives=frozenset(waiver for waiver, chosen in waives.items() if chosen),
    )  # fmt: skip
    try:
        with house.sessions.write() as session:
            made = create_campaign(session, draft, by=viewer.actor, now=house.clock.now()).id
    except CampaignRefused:
        return _notice_form(request, written | {"waives": draft.waives}, said="said_notice_refused")
    return _back(made)


@router.get("/campaigns/preview", name="preview_campaign")
def look_at_audience(
    request: Request,
    viewer: Viewer,
    policy_id: Annotated[str, Query(max_length=64)] = "",
    daily_cap: Annotated[int, Query(ge=1, le=1_000_000)] = 100,
    priority: Annotated[int, Query(ge=1, le=999)] = 100,
) -> Response:
    """Whom it would reach if it began now; a part of the form, asked for again until it is counted."""
    house = house_of(request)
    if policy_id not in house.cards:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return _audience(request, viewer, Asked(policy_id, daily_cap, priority))


@router.post("/campaigns", name="create_campaign")
def create(
    request: Request,
    viewer: Viewer,
    name: Annotated[str, Form(min_length=1, max_length=120)],
    policy_id: Annotated[str, Form(max_length=64)],
    daily_cap: Annotated[int, Form(ge=1, le=1_000_000)],
    starts_on: Annotated[date, Form()],
    ends_on: Annotated[Day, Form()] = None,
    priority: Annotated[int, Form(ge=1, le=999)] = 100,
    chat_link: Ticked = False,  # noqa: FBT002 - a tick box
    do: Annotated[list[str], Form(max_length=MOST_RUNGS)] = [],  # noqa: B006 - never changed
    after_days: Annotated[list[str], Form(max_length=MOST_RUNGS)] = [],  # noqa: B006
) -> Response:
    """Draw it up. It then waits for a second person."""
    house = house_of(request)
    draft = CampaignDraft(name.strip(), starts_on, daily_cap, policy_id, priority, ends_on, chat_link=chat_link)
    try:
        _check_known(house, policy_id)
        with house.sessions.write() as session:
            draft = replace(draft, cadence=own_cadence(session, do, after_days))
            made = create_campaign(session, draft, by=viewer.actor, now=house.clock.now()).id
    except CampaignRefused as refused:
        return _form(request, draft, None, said=_said_of(refused), typed=list(zip(do, after_days, strict=False)))
    return _back(made)


@router.get("/campaigns/{campaign_id}", name="campaign")
def campaign(request: Request, viewer: Viewer, campaign_id: int, said: str | None = None) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        found = find_campaign(session, campaign_id)
        context = _standing(session, house, speaker, found, viewer)
        context |= {
            "said": said if said in SAID else None,
            "asked": NoticeAudience.read(found.audience),
            "steps": next_steps(found, viewer.actor) if viewer.role in CAMPAIGN_STEERERS else (),
            "reason_needed": REASON_NEEDED,
            "cadence": cadence_of(session, found).rungs,
            "entries": _history(session, found, speaker),
            "forecast": _newest_forecast(session, found.policy_id, viewer),
            "measures": _measures(speaker),
            "creator": _person(session, found.created_by),
            "approver": _person(session, found.approved_by),
        }
        return render(request, "campaign.html", section="campaigns", **context)


@router.get("/campaigns/{campaign_id}/figures", name="campaign_figures")
def figures(request: Request, viewer: Viewer, campaign_id: int) -> Response:
    """How far it has come, for the page to put in place."""
    house = house_of(request)
    with house.sessions.read() as session:
        found = find_campaign(session, campaign_id)
        context = _standing(session, house, speaker_for(request), found, viewer)
        return render(request, "components/campaign_figures.html", **context)


@router.get("/campaigns/{campaign_id}/audience", name="campaign_audience")
def audience(request: Request, viewer: Viewer, campaign_id: int) -> Response:
    house = house_of(request)
    with house.sessions.read() as session:
        found = find_campaign(session, campaign_id)
        if found.kind is CampaignKind.URGENT:
            return _listeners(request, viewer, found)
        asked = Asked(found.policy_id, found.daily_cap, found.priority)
    return _audience(request, viewer, asked)


@router.post("/campaigns/{campaign_id}/forecast", name="forecast_campaign")
def begin_forecast(request: Request, viewer: Viewer, campaign_id: int) -> Response:
    """Live through the days ahead; the page asks how far it is."""
    return _forecast(request, campaign_id, viewer)


@router.get("/campaigns/{campaign_id}/forecast", name="campaign_forecast")
def look_at_forecast(request: Request, viewer: Viewer, campaign_id: int) -> Response:
    return _forecast(request, campaign_id, viewer)


@router.get("/campaigns/{campaign_id}/edit", name="edit_campaign")
def edit(request: Request, viewer: Viewer, campaign_id: int) -> Response:
    with house_of(request).sessions.read() as session:
        found = find_campaign(session, campaign_id)
        draft = CampaignDraft(
            found.name, found.starts_on, found.daily_cap, found.policy_id, found.priority, found.ends_on,
            chat_link=found.chat_link, cadence=read_cadence(found.cadence) if found.cadence else None,
        )  # fmt: skip
    return _form(request, draft, campaign_id)


@router.post("/campaigns/{campaign_id}/edit", name="change_campaign")
def change(
    request: Request,
    viewer: Viewer,
    campaign_id: int,
    name: Annotated[str, Form(min_length=1, max_length=120)],
    policy_id: Annotated[str, Form(max_length=64)],
    daily_cap: Annotated[int, Form(ge=1, le=1_000_000)],
    starts_on: Annotated[date, Form()],
    ends_on: Annotated[Day, Form()] = None,
    priority: Annotated[int, Form(ge=1, le=999)] = 100,
    chat_link: Ticked = False,  # noqa: FBT002 - a tick box
    do: Annotated[list[str], Form(max_length=MOST_RUNGS)] = [],  # noqa: B006 - never changed
    after_days: Annotated[list[str], Form(max_length=MOST_RUNGS)] = [],  # noqa: B006
) -> Response:
    """Change a draft; its approval is gone."""
    house = house_of(request)
    draft = CampaignDraft(name.strip(), starts_on, daily_cap, policy_id, priority, ends_on, chat_link=chat_link)
    try:
        _check_known(house, policy_id)
        with house.sessions.write() as session:
            found = find_campaign(session, campaign_id)
            draft = replace(draft, cadence=own_cadence(session, do, after_days))
            change_campaign(session, found, draft, by=viewer.actor, now=house.clock.now())
    except CampaignRefused as refused:
        return _back(campaign_id, _said_of(refused))
    return _back(campaign_id)


@router.post("/campaigns/{campaign_id}/{step}", name="step_campaign")
def step(
    request: Request,
    viewer: Viewer,
    campaign_id: int,
    step: CampaignStep,
    because: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Approve, start, pause, resume or stop it."""
    house = house_of(request)
    if step in REASON_NEEDED and not because.strip():
        return _back(campaign_id, "said_why_missing")
    try:
        with house.sessions.write() as session:
            take_step(session, campaign_id, step, because=because, by=viewer.actor, now=house.clock.now())
            is_notice = find_campaign(session, campaign_id).kind is CampaignKind.URGENT
    except CampaignRefused:
        refused = "said_campaign_same_person" if step is CampaignStep.APPROVE else "said_campaign_refused"
        return _back(campaign_id, refused)
    except UnlawfulTransition:
        return _back(campaign_id, "said_not_possible")
    if is_notice and step is CampaignStep.START:
        house.queue_notice(campaign_id)
    return _back(campaign_id)


def _check_known(house: House, policy_id: str) -> None:
    if policy_id not in house.cards:
        raise CampaignRefused(f"there is no policy {policy_id}")


def _said_of(refused: CampaignRefused) -> str:
    return "said_campaign_cadence" if isinstance(refused, NoLadder) else "said_campaign_refused"


def _form(
    request: Request,
    draft: CampaignDraft,
    campaign_id: int | None,
    said: str | None = None,
    typed: list[tuple[str, str]] | None = None,
) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if said else HTTPStatus.OK
    policies = sorted(speaker.labels({key: card.name for key, card in house.cards.items()}), key=lambda one: one[1])
    with house.sessions.read() as session:
        ladder = cadence_rows(session, draft.cadence, typed)
    context = {
        "draft": draft,
        "campaign_id": campaign_id,
        "policies": policies,
        "said": said,
    } | ladder
    return render(request, "campaign_form.html", section="campaigns", status=status, **context)


def _audience(request: Request, viewer: SignedIn, asked: Asked) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    now = house.clock.now()

    def count(_: Tell) -> Preview:
        with house.sessions.read() as session:
            return preview(session, asked.policy_id, now=now, cards=house.cards, priority=asked.priority)

    # A minute's worth of looks is one piece of work.
    key = ("audience", asked.policy_id, asked.priority, now.replace(second=0, microsecond=0))
    stands = _workshop(request).ask(key, count, waits_seconds=WAITS_SECONDS)
    found: Preview | None = stands.value if isinstance(stands, Made) else None
    query = f"policy_id={asked.policy_id}&daily_cap={asked.daily_cap}&priority={asked.priority}"
    context: dict[str, Any] = {
        "working": isinstance(stands, Working),
        "again": f"/campaigns/preview?{query}",
        "found": found,
        "daily_cap": asked.daily_cap,
    }
    if found:
        people = {
            "reached": found.reached_total,
            "matched": found.matched,
            "not_due": found.not_due,
            "streets": sorted(found.reached.items(), key=lambda one: -one[1]),
            "excluded": _said(found.excluded, Refusal, speaker),
            "not_pushed": _said(found.not_pushed, MatchState, speaker),
        }
        context |= _shown_to(viewer, people)
        # Days at a cap of one would be the people.
        context["days"] = days_at(context["reached"] or 0, asked.daily_cap)
    return render(request, "components/audience.html", **context)


def _listeners(request: Request, viewer: SignedIn, notice: Campaign) -> Response:
    """Whom an urgent notice would go to, counted beside the page."""
    house = house_of(request)
    now = house.clock.now()
    asked, number = NoticeAudience.read(notice.audience), notice.id

    def count(_: Tell) -> NoticeReport:
        with house.sessions.read() as session:
            return look_at_notice(session, asked, today=now.astimezone(house.settings.zone).date())

    key = ("notice", number, now.replace(second=0, microsecond=0))
    stands = _workshop(request).ask(key, count, waits_seconds=WAITS_SECONDS)
    found: NoticeReport | None = stands.value if isinstance(stands, Made) else None
    context: dict[str, Any] = {
        "working": isinstance(stands, Working),
        "again": f"/campaigns/{number}/audience",
        "found": found,
        "queued": _shown_to(viewer, found.queued) if found else 0,
        "left_out": _shown_to(viewer, _said(found.left_out, Refusal, speaker_for(request))) if found else [],
    }
    return render(request, "components/notice_audience.html", **context)


def _notice_form(request: Request, written: Mapping[str, Any], said: str | None = None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if said else HTTPStatus.OK
    context = {"written": written, "waives": written.get("waives", frozenset()), "said": said}
    return render(request, "notice_form.html", section="campaigns", status=status, longest=LONGEST_NOTICE, **context)


def _forecast(request: Request, campaign_id: int, viewer: SignedIn) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    now = house.clock.now()
    with house.sessions.read() as session:
        found = find_campaign(session, campaign_id)
        mine = Campaign(id=found.id, policy_id=found.policy_id, priority=found.priority, daily_cap=found.daily_cap)

    def live_through(tell: Tell) -> None:
        made = forecast(
            house.sessions, [mine.policy_id], now=now, cards=house.cards, channels=list(house.carriers),
            campaign=mine, days=FORECAST_DAYS, seeds=COURSES, progress=tell,
        )  # fmt: skip
        with house.sessions.write() as session:
            keep_forecast(session, made[0], by=viewer.actor, now=now)

    key = ("forecast", campaign_id, mine.daily_cap, now.replace(minute=0, second=0, microsecond=0))
    stands = _workshop(request).ask(key, live_through, waits_seconds=WAITS_SECONDS)
    with house.sessions.read() as session:
        context: dict[str, Any] = {
            "campaign_id": campaign_id,
            "working": stands if isinstance(stands, Working) else None,
            "nobody": isinstance(stands, Failed) and isinstance(stands.fault, NobodyToForecast),
            "failed": isinstance(stands, Failed),
            "forecast": _newest_forecast(session, mine.policy_id, viewer),
            "measures": _measures(speaker),
        }
        return render(request, "components/forecast.html", **context)


def _measures(speaker: Speaker) -> list[tuple[str, str]]:
    return [(key, words[0 if speaker.locale is Locale.ZH else 1]) for key, words in FORECAST_MEASURES.items()]


def _standing(session: Session, house: House, speaker: Speaker, found: Campaign, viewer: SignedIn) -> dict[str, Any]:
    progress = campaign_progress(session, found)
    phases = dict.fromkeys(Phase, 0)
    for state, number in progress.states.items():
        phases[PHASE_OF[state]] += number
    steps = [
        ("campaign_spoken_of", progress.spoken_of),
        ("campaign_arrived", progress.arrived),
        *((f"phase_{phase}", phases[phase]) for phase in (Phase.WILLING, Phase.QUEUED, Phase.DONE, Phase.CLOSED)),
    ]
    return {
        "campaign": found,
        "policy": _policy(house, found.policy_id, speaker),
        "contacts": _shown_to(viewer, progress.contacts),
        "whole": _shown_to(viewer, progress.spoken_of),
        "funnel": _shown_to(viewer, steps),
    }


def _newest_forecast(session: Session, policy_id: str, viewer: SignedIn) -> dict[str, Any] | None:
    query = select(CampaignForecast).where(CampaignForecast.policy_id == policy_id)
    row = session.scalar(query.order_by(CampaignForecast.id.desc()).limit(1))
    if row is None:
        return None
    bands = {measure: days[-1] for measure, days in row.expected.items()}
    return {"row": row, "matches": _shown_to(viewer, row.matches), "bands": _shown_to(viewer, bands)}


def _history(session: Session, found: Campaign, speaker: Speaker) -> list[dict[str, Any]]:
    query = select(AuditEntry).where(AuditEntry.subject == f"campaign:{found.id}").order_by(AuditEntry.id.desc())
    return [
        {
            "at": entry.at,
            "what": speaker.t(f"campaign_did_{entry.action}"),
            "who": _person(session, entry.actor),
            "note": entry.purpose,
        }
        for entry in session.scalars(query)
    ]


def _person(session: Session, actor: str | None) -> str:
    kind, _, number = (actor or "").partition(":")
    if kind != "staff" or not number.isdecimal():
        return actor or ""
    return session.scalar(select(Staff.display_name).where(Staff.id == int(number))) or ""


def _policy(house: House, policy_id: str, speaker: Speaker) -> str:
    card = house.cards.get(policy_id)
    return speaker.label(card.name) if card else policy_id


def _said(numbers: Mapping[Any, int], kind: type[Any], speaker: Speaker) -> list[tuple[str, int]]:
    return [(speaker.word(kind(value)), number) for value, number in sorted(numbers.items(), key=lambda one: -one[1])]


def _shown_to(viewer: SignedIn, counts: Any) -> Any:
    """The counts as this viewer may have them."""
    return counts if sees_people(viewer.role, viewer.sight) else all_in_tens(counts)


def _workshop(request: Request) -> Workshop:
    workshop: Workshop = request.app.state.workshop
    return workshop


def _back(campaign_id: int, said: str | None = None) -> Response:
    address = f"/campaigns/{campaign_id}" + (f"?said={said}" if said else "")
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
