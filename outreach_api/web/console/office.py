"""For administrators: staff and roles, teams and stations, the rules of contact."""

from __future__ import annotations

import json
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BeforeValidator
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.case import Station, Team
from models.staff import Staff
from models.vocabulary import Channel, Dialect, Reach, Role, TeamSkill
from outreach_api.office import (
    OfficeRefused,
    StaffStep,
    add_station,
    change_duties,
    colleague,
    keep_team,
    step_staff,
    take_on,
)
from outreach_api.reaching import Reaching, ReachRefused, departments, known_streets, set_reach
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import WORDS, Speaker
from scheduler.planning.budget import DEFAULT_LIMITS, read_limits
from scheduler.planning.holidays import DayKind, read_overrides
from scheduler.planning.quiet_hours import DEFAULT_HOURS, read_hours
from scheduler.planning.rule_book import SettingRefused, rules_set, set_rule
from scheduler.planning.rules import CALENDAR_OVERRIDES, CONTACT_BUDGET, CONTACT_HOURS

router = APIRouter(include_in_schema=False)
Maybe = Annotated[int | None, Form(), BeforeValidator(lambda value: value or None)]


@router.get("/staff", name="staff")
def staff(request: Request, viewer: Viewer) -> Response:
    return _staff_page(request)


@router.post("/staff", name="add_staff")
def add(
    request: Request,
    viewer: Viewer,
    username: Annotated[str, Form(max_length=64)],
    display_name: Annotated[str, Form(max_length=64)],
    role: Annotated[Role, Form()],
    team: Maybe = None,
) -> Response:
    """Add somebody; their first password is shown once."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            now = house.clock.now()
            added, password = take_on(session, username, display_name, role, team_id=team, by=viewer.actor, now=now)
            name = added.username
    except OfficeRefused as refused:
        return _staff_page(request, refused=str(refused))
    return _staff_page(request, password=(name, password))


@router.post("/staff/{staff_id}", name="change_staff")
def change(
    request: Request,
    viewer: Viewer,
    staff_id: int,
    role: Annotated[Role, Form()],
    team: Maybe = None,
    most_cases: Maybe = None,
) -> Response:
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            now = house.clock.now()
            change_duties(session, staff_id, role, team_id=team, most_cases=most_cases, by=viewer.actor, now=now)
    except OfficeRefused as refused:
        return _staff_page(request, refused=str(refused))
    return RedirectResponse("/staff", HTTPStatus.SEE_OTHER)


@router.post("/staff/{staff_id}/reach", name="set_reach")
def reach(
    request: Request,
    viewer: Viewer,
    staff_id: int,
    reach: Annotated[Reach, Form()],
    streets: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    department: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """How far somebody sees."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            staff = colleague(session, staff_id, viewer.actor)
            wanted = Reaching(reach, tuple(streets), department or None)
            known = departments(house.cards)
            set_reach(session, staff, wanted, known_departments=known, by=viewer.actor, now=house.clock.now())
    except (OfficeRefused, ReachRefused) as refused:
        return _staff_page(request, refused=str(refused))
    return RedirectResponse("/staff", HTTPStatus.SEE_OTHER)


@router.post("/staff/{staff_id}/{step}", name="step_staff")
def step(request: Request, viewer: Viewer, staff_id: int, step: StaffStep) -> Response:
    """Lock out, let in again, or give a new password."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            password = step_staff(session, staff_id, step, by=viewer.actor, now=house.clock.now())
            name = session.get_one(Staff, staff_id).username
    except OfficeRefused as refused:
        return _staff_page(request, refused=str(refused))
    return _staff_page(request, password=(name, password) if password else None)


@router.get("/teams", name="teams")
def teams(request: Request, viewer: Viewer) -> Response:
    return _teams_page(request)


@router.post("/teams", name="keep_team")
def keep(
    request: Request,
    viewer: Viewer,
    code: Annotated[str, Form(max_length=32)],
    name: Annotated[str, Form(max_length=64)],
    visits_per_day: Annotated[int, Form(ge=1, le=100)],
    station: Maybe = None,
    skills: Annotated[list[TeamSkill], Form()] = [],  # noqa: B006 - FastAPI copies it
    dialects: Annotated[list[Dialect], Form()] = [],  # noqa: B006 - FastAPI copies it
    withdrawn: Annotated[bool, Form()] = False,  # noqa: FBT002 - a tick box
) -> Response:
    """Add a team or change one."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            keep_team(
                session, code, name, station_id=station, visits_per_day=visits_per_day, skills=[*skills],
                dialects=[*dialects], withdrawn=withdrawn, by=viewer.actor, now=house.clock.now(),
            )  # fmt: skip
    except OfficeRefused as refused:
        return _teams_page(request, refused=str(refused))
    return RedirectResponse("/teams", HTTPStatus.SEE_OTHER)


@router.post("/stations", name="add_station")
def new_station(
    request: Request,
    viewer: Viewer,
    name: Annotated[str, Form(max_length=64)],
    street: Annotated[str, Form(max_length=64)],
    community: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            add_station(session, name, street, community, by=viewer.actor, now=house.clock.now())
    except OfficeRefused as refused:
        return _teams_page(request, refused=str(refused))
    return RedirectResponse("/teams", HTTPStatus.SEE_OTHER)


@router.get("/settings", name="settings")
def settings(request: Request, viewer: Viewer) -> Response:
    return _settings_page(request)


@router.post("/settings/{name}", name="change_setting")
async def change_setting(request: Request, viewer: Viewer, name: str) -> Response:
    """Let another rule hold: hours and limits by their own fields, the others as JSON."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    house = house_of(request)
    try:
        value = _value(name, form)
        with house.sessions.write() as session:
            set_rule(session, name, value, by=viewer.actor, now=house.clock.now())
    except (SettingRefused, ValueError) as refused:
        return _settings_page(request, refused=(name, str(refused)))
    return RedirectResponse("/settings", HTTPStatus.SEE_OTHER)


def _staff_page(request: Request, *, refused: str = "", password: tuple[str, str] | None = None) -> Response:
    speaker = speaker_for(request)
    with house_of(request).sessions.read() as session:
        context: dict[str, Any] = {
            "rows": session.scalars(select(Staff).order_by(Staff.disabled_at.is_not(None), Staff.username)).all(),
            "teams": session.execute(select(Team.id, Team.name).order_by(Team.code)).all(),
            "roles": speaker.options(Role),
            "reaches": speaker.options(Reach),
            "streets": known_streets(session),
            "departments": [(zh, speaker.label(name)) for zh, name in departments(house_of(request).cards).items()],
            "refused": refused,
            "password": password,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
        return render(request, "staff.html", section="staff", status=status, **context)


def _teams_page(request: Request, *, refused: str = "") -> Response:
    speaker = speaker_for(request)
    with house_of(request).sessions.read() as session:
        query = select(Team).options(joinedload(Team.station)).order_by(Team.withdrawn_at.is_not(None), Team.code)
        context: dict[str, Any] = {
            "rows": session.scalars(query).all(),
            "stations": session.scalars(select(Station).order_by(Station.name)).all(),
            "skills": speaker.options(TeamSkill),
            "dialects": speaker.options(Dialect),
            "refused": refused,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
        return render(request, "teams.html", section="teams", status=status, **context)


def _settings_page(request: Request, *, refused: tuple[str, str] | None = None) -> Response:
    speaker = speaker_for(request)
    with house_of(request).sessions.read() as session:
        kept = {rule.name: rule for rule in rules_set(session)}
        people = _people(session, {rule.changed_by for rule in kept.values() if rule.changed_by})
    hours = _or_default(read_hours, kept[CONTACT_HOURS].value, DEFAULT_HOURS)
    limits = _or_default(read_limits, kept[CONTACT_BUDGET].value, DEFAULT_LIMITS)
    days = _or_default(read_overrides, kept[CALENDAR_OVERRIDES].value, {})
    own = {CONTACT_HOURS, CONTACT_BUDGET, CALENDAR_OVERRIDES}
    context: dict[str, Any] = {
        "kept": kept,
        "people": people,
        "hours": [(ch, ", ".join(f"{h.start:%H:%M}-{h.end:%H:%M}" for h in spans)) for ch, spans in hours.items()],
        "limits": list(limits.items()),
        "days": "\n".join(f"{day} {kind.value}" for day, kind in sorted(days.items())),
        "others": [
            (
                rule,
                speaker.t(f"setting_{name}") if f"setting_{name}" in WORDS else name,
                "" if rule.value is None else json.dumps(rule.value, ensure_ascii=False, indent=1),
            )
            for name, rule in kept.items()
            if name not in own
        ],
        "refused": refused,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return render(request, "settings.html", section="settings", status=status, **context)


def _as_json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=1)


def _title(name: str, speaker: Speaker) -> str:
    """A rule newer than the catalogue says its own name."""
    key = f"setting_{name}"
    return speaker.t(key) if key in WORDS else name


def _or_default(read: Any, value: Any, default: Any) -> Any:
    if value is None:
        return default
    try:
        return read(value)
    except ValueError:
        return default


def _value(name: str, form: dict[str, str]) -> Any:
    """What the fields of a form mean.

    Raises:
        ValueError: a field cannot be read; says which.
    """
    if name == CONTACT_HOURS:
        return {ch.value: _spans(form[f"hours-{ch}"]) for ch in Channel if form.get(f"hours-{ch}", "").strip()}
    if name == CONTACT_BUDGET:
        return {
            ch.value: {"per_day": int(form[f"day-{ch}"]), "per_week": int(form[f"week-{ch}"])}
            for ch in Channel
            if f"day-{ch}" in form
        }
    if name == CALENDAR_OVERRIDES:
        return dict(_day(line) for line in form.get("days", "").splitlines() if line.strip())
    return json.loads(form.get("value", ""))


def _spans(text: str) -> list[list[str]]:
    return [[part.strip() for part in span.split("-")] for span in text.replace("，", ",").split(",") if span.strip()]


def _day(line: str) -> tuple[str, str]:
    day, _, kind = line.strip().partition(" ")
    return date.fromisoformat(day).isoformat(), DayKind(kind.strip()).value


def _people(session: Session, actors: set[str]) -> dict[str, str]:
    ids = [int(actor.partition(":")[2]) for actor in actors if actor.startswith("staff:") and actor[6:].isdecimal()]
    rows = session.execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(ids)))
    return {f"staff:{key}": name for key, name in rows}
