"""The overview: where everybody stands, live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from sqlalchemy.orm import Session

from models.vocabulary import BreakerState, CaseKind, Channel, ContactState, MatchState, Refusal, StopReason
from outreach_api.delivery.breaker import breakers, switches
from outreach_api.delivery.pulse import Pulse, pulse
from outreach_api.privacy.small_cells import all_in_tens
from outreach_api.reports.figure_board import Counted, FigureBoard
from outreach_api.reports.funnel import Funnel
from outreach_api.reports.phases import PHASE_OF, Phase
from outreach_api.spool import Spool
from outreach_api.web.access import Viewer, sees_people
from outreach_api.web.auth import SignedIn
from outreach_api.web.house import House, house_of
from outreach_api.web.live import EventTail
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import Speaker
from scheduler.planning.pauses import Pauses, pause_everything, resume_everything, standing_pauses

router = APIRouter(include_in_schema=False)
LONGEST_REASON = 200
SWITCHES_SHOWN_FOR = timedelta(days=1)


@dataclass(frozen=True)
class PolicyRow:
    name: str
    total: int | None
    phases: dict[Phase, int | None]
    states: list[tuple[str, int | None]]


@router.get("/", name="overview")
def overview(request: Request, viewer: Viewer, said: str | None = None) -> Response:
    house = house_of(request)
    known = said if said in {"said_reason_missing"} else None
    counted = _board(request).look()
    with house.sessions.read() as session:
        figures = _figures(session, house, speaker_for(request), counted, viewer)
        return render(request, "overview.html", section="overview", said=known, **figures)


@router.get("/overview/figures", name="overview_figures")
def overview_figures(request: Request, viewer: Viewer) -> Response:
    """What changes on the overview, for the page to put in place."""
    house = house_of(request)
    counted = _board(request).look()
    with house.sessions.read() as session:
        figures = _figures(session, house, speaker_for(request), counted, viewer)
    return render(request, "components/figures.html", **figures)


@router.get("/live", name="live")
async def live(request: Request, viewer: Viewer) -> Response:
    tail: EventTail = request.app.state.live
    return StreamingResponse(tail.changes(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


@router.post("/pause", name="pause")
def pause(request: Request, viewer: Viewer, because: Annotated[str, Form(max_length=LONGEST_REASON)] = "") -> Response:
    """Hold everything back that would go out unasked."""
    house = house_of(request)
    if not because.strip():
        return RedirectResponse("/?said=said_reason_missing", HTTPStatus.SEE_OTHER)
    with house.sessions.write() as session:
        pause_everything(session, because=because.strip(), by=viewer.actor, now=house.clock.now())
    return RedirectResponse("/", HTTPStatus.SEE_OTHER)


@router.post("/resume", name="resume")
def resume(request: Request, viewer: Viewer) -> Response:
    house = house_of(request)
    with house.sessions.write() as session:
        resume_everything(session, by=viewer.actor, now=house.clock.now())
    return RedirectResponse("/", HTTPStatus.SEE_OTHER)


def _board(request: Request) -> FigureBoard:
    board: FigureBoard = request.app.state.figures
    return board


def _figures(session: Session, house: House, speaker: Speaker, board: Counted, viewer: SignedIn) -> dict[str, Any]:
    people = _people(board, speaker, house)
    now = house.clock.now()
    midnight = datetime.combine(now.astimezone(house.settings.zone).date(), time(), house.settings.zone)
    beat = pulse(session, now=now, since=midnight)
    pauses: Pauses = standing_pauses(session)
    people |= {"today": _today(beat, speaker)}
    if not sees_people(viewer.role, viewer.sight):
        people = all_in_tens(people)
    return people | {
        "chart": _chart(people["rows"], speaker),
        "phases": list(Phase),
        "unknown_sends": board.funnel.unknown_sends,
        "paused_because": pauses.everything,
        "carriers": _carriers(session, speaker),
        "spooled": Spool.of(house.settings, house.ring).waiting(),
        "counted_at": board.at,
        "pulse": beat,
        "switches": switches(session, since=house.clock.now() - SWITCHES_SHOWN_FOR),
    }


def _people(board: Counted, speaker: Speaker, house: House) -> dict[str, Any]:
    """What counts people and what they brought; all else on the page is how the machinery does."""
    counted = board.funnel
    by_size = sorted(counted.newly_matched, key=lambda policy: -counted.newly_matched[policy])
    rows = [_policy_row(policy, counted, house, speaker) for policy in by_size]
    return {
        "total": sum(counted.newly_matched.values()),
        "overdue": counted.overdue,
        "rows": rows,
        "phase_sums": {phase: sum(row.phases[phase] or 0 for row in rows) for phase in Phase},
        "contacts": _contacts(counted, speaker),
        "clocks": [(CaseKind(kind), clock) for kind, clock in counted.clocks.items()],
        "stops": _said(counted.stops, speaker, StopReason),
        "refused": _said(counted.refused, speaker, Refusal),
        "breaches": board.breaches,
    }


def _today(beat: Pulse, speaker: Speaker) -> list[tuple[str, int, list[tuple[str, int]]]]:
    shown = []
    for channel, states in beat.today.items():
        counts = {state.value: number for state, number in states.items()}
        shown.append((speaker.word(channel), sum(counts.values()), _said(counts, speaker, ContactState)))
    return shown


def _carriers(session: Session, speaker: Speaker) -> list[str]:
    """Carriers that failed so often of late that texts to them are held back, in words."""
    said = []
    for name, breaker in sorted(breakers(session).items()):
        if breaker.state is not BreakerState.CLOSED:
            again = f"{speaker.t('carrier_retry_at')} {speaker.moment(breaker.retry_at)}" if breaker.retry_at else ""
            said.append(" · ".join(filter(None, (name, speaker.word(breaker.state), again))))
    return said


def _policy_row(policy: str, counted: Funnel, house: House, speaker: Speaker) -> PolicyRow:
    states = {MatchState(state): number for state, number in counted.match_states[policy].items()}
    card = house.cards.get(policy)
    phases: dict[Phase, int | None] = {
        phase: sum(number for state, number in states.items() if PHASE_OF[state] is phase) for phase in Phase
    }
    return PolicyRow(
        name=speaker.label(card.name) if card else policy,
        total=counted.newly_matched[policy],
        phases=phases,
        states=[(speaker.word(state), states[state]) for state in MatchState if state in states],
    )


def _chart(rows: list[PolicyRow], speaker: Speaker) -> dict[str, Any]:
    series = [{"name": speaker.t(f"phase_{phase}"), "data": [row.phases[phase] for row in rows]} for phase in Phase]
    return {"policies": [row.name for row in rows], "series": series}


def _contacts(counted: Funnel, speaker: Speaker) -> list[tuple[str, int, list[tuple[str, int]]]]:
    return [
        (speaker.word(Channel(channel)), sum(states.values()), _said(states, speaker, ContactState))
        for channel, states in counted.contact_states.items()
    ]


def _said(numbers: Mapping[str, int], speaker: Speaker, kind: type[StrEnum]) -> list[tuple[str, int]]:
    """Greatest first, in words."""
    return [(speaker.word(kind(value)), number) for value, number in sorted(numbers.items(), key=lambda n: -n[1])]
