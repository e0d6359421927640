"""One case: who, why, what was said, what was done, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from models.appeal import Appeal
from models.case import Case
from models.enterprise import Enterprise
from models.match import Match
from models.resident import Resident
from models.transitions import UnlawfulTransition
from models.vocabulary import AppealCategory, CaseKind, CaseReason, DayPart, PriorityMark, Topic
from outreach_api.cases import work_case
from outreach_api.cases.policy_answers import LONGEST_ANSWER, LONGEST_QUESTION, Keep, answer_case
from outreach_api.cases.steps import NOTE_NEEDED, STEPS_IN, NoteMissing, Step, as_shown, take_step
from outreach_api.cases.suggest import suggestion
from outreach_api.cases.work_case import (
    CaseNotFound,
    CaseTaken,
    HandsFull,
    find_case,
    standing_appointment,
)
from outreach_api.privacy.masking import mask_address, mask_id_number, mask_name, mask_phone, mask_text, shown_name
from outreach_api.privacy.reveal import SHOWN_FOR, Detail, NothingOpen, RevealRefused, TooManyReveals, reveal
from outreach_api.web.access import CASE_ROUTERS, CASE_WORKERS, DESK_WORKERS, TRANSCRIPT_READERS, Viewer
from outreach_api.web.console.reasons import reasons
from outreach_api.web.console.routing_choices import Choices, choices_for
from outreach_api.web.console.timeline import timeline
from outreach_api.web.console.transcript import names_to_mask, transcript
from outreach_api.web.house import House, house_of
from outreach_api.web.page import render, speaker_for
from outreach_api.web.words import Speaker
from scheduler.rules.derive import age_on

router = APIRouter(include_in_schema=False)
LONGEST_NOTE = 2000
SAID = frozenset(
    {
        "said_case_taken",
        "said_not_possible",
        "said_note_missing",
        "said_purpose_missing",
        "said_nothing_open",
        "said_too_many_looks",
        "said_question_missing",
        "said_not_sent",
        "said_no_room",
        "said_why_missing",
        "said_hands_full",
        "said_not_alike",
    }
)


@dataclass(frozen=True)
class Person:
    """A resident, or a firm, as far as the page shows them."""

    id: int
    name: str
    phone: str
    id_number: str
    credit_code: str | None
    clerk: str | None
    address: str
    age: int | None
    focus_groups: list[str]


@router.get("/cases/{case_id}", name="case")
def case(request: Request, viewer: Viewer, case_id: int, said: str | None = None) -> Response:
    house = house_of(request)
    with house.sessions.read() as session:
        context = _case_context(session, case_id, house, viewer, speaker_for(request))
        known = said if said in SAID else None
        return render(request, "case.html", section="cases", said=known, revealed=None, **context)


@router.post("/cases/{case_id}/work/{step}", name="work_case")
def work(
    request: Request,
    viewer: Viewer,
    case_id: int,
    step: Step,
    version: Annotated[int, Form()],
    note: Annotated[str, Form(max_length=LONGEST_NOTE)] = "",
) -> Response:
    """Take one step with a case, as long as it is still as the page showed it."""
    house = house_of(request)
    note = note.strip()
    try:
        with house.sessions.write() as session:
            now = house.clock.now()
            take_step(session, case_id, step, staff_id=viewer.staff_id, seen_version=version, note=note, now=now)
    except NoteMissing:
        return back_to(case_id, "said_note_missing")
    except (CaseTaken, StaleDataError):
        return back_to(case_id, "said_case_taken")
    except HandsFull:
        return back_to(case_id, "said_hands_full")
    except UnlawfulTransition:
        return back_to(case_id, "said_not_possible")
    return back_to(case_id)


@router.post("/cases/{case_id}/answer", name="answer_question")
def answer(
    request: Request,
    viewer: Viewer,
    case_id: int,
    version: Annotated[int, Form()],
    answer: Annotated[str, Form(min_length=2, max_length=LONGEST_ANSWER)],
    keep: Annotated[bool, Form()] = False,  # noqa: FBT002 - a tick box
    question: Annotated[str, Form(max_length=LONGEST_QUESTION)] = "",
    topic: Annotated[Topic, Form()] = Topic.ELIGIBILITY,
) -> Response:
    """Answer who asked; kept for others only with the question in general words."""
    house = house_of(request)
    if keep and not question.strip():
        return back_to(case_id, "said_question_missing")
    try:
        with house.sessions.write() as session:
            case = as_shown(session, case_id, version)
            kept = Keep(topic, question.strip()) if keep else None
            sent = answer_case(session, case, answer.strip(), keep=kept, by=viewer.actor, now=house.clock.now())
    except (CaseTaken, StaleDataError):
        return back_to(case_id, "said_case_taken")
    except UnlawfulTransition:
        return back_to(case_id, "said_not_possible")
    return back_to(case_id, None if sent else "said_not_sent")


@router.post("/cases/{case_id}/reveal", name="reveal")
def show_in_full(
    request: Request,
    viewer: Viewer,
    case_id: int,
    detail: Annotated[Detail, Form()],
    purpose: Annotated[str, Form(max_length=LONGEST_NOTE)] = "",
) -> Response:
    """Show one detail of the person once, on the record. Only what belongs to this case can be asked for."""
    house = house_of(request)
    try:
        with house.sessions.write() as session:
            resident_id = find_case(session, case_id).resident_id or 0
            shown = reveal(session, resident_id, detail, actor=viewer.actor, purpose=purpose, now=house.clock.now())
    except NothingOpen:
        return back_to(case_id, "said_nothing_open")
    except TooManyReveals:
        return back_to(case_id, "said_too_many_looks")
    except RevealRefused:
        return back_to(case_id, "said_purpose_missing")
    with house.sessions.read() as session:
        context = _case_context(session, case_id, house, viewer, speaker_for(request))
        return render(
            request,
            "case.html",
            section="cases",
            said=None,
            revealed=(detail, shown, SHOWN_FOR.seconds),
            **context,
        )


def back_to(case_id: int | str, said: str | None = None) -> Response:
    return RedirectResponse(f"/cases/{case_id}" + (f"?said={said}" if said else ""), HTTPStatus.SEE_OTHER)


def _case_context(session: Session, case_id: int, house: House, viewer: Viewer, speaker: Speaker) -> dict[str, Any]:
    found = session.get(Case, case_id)
    if found is None:
        raise CaseNotFound(f"there is no case {case_id}")
    match = session.get(Match, found.match_id) if found.match_id else None
    card = house.cards.get(found.policy_id or "")
    reads = viewer.role in TRANSCRIPT_READERS
    names = names_to_mask(session, found.resident) if found.resident else []
    talk = found.conversation_id
    return {
        "case": found,
        "person": person_shown(session, found.resident, house) if found.resident else None,
        "summary": mask_text(found.summary, names=names) if found.summary else None,
        "match": match,
        "policy": speaker.label(card.name) if card else found.policy_id,
        "reasons": reasons(match, speaker, shows_sensitive=viewer.role in CASE_WORKERS) if match else [],
        "entries": timeline(session, found, match, speaker, names),
        "reads_transcript": reads,
        "lines": transcript(session, talk, found.message_id) if reads and talk else [],
        "steps": STEPS_IN[found.state] if viewer.role in CASE_WORKERS else (),
        "note_needed": NOTE_NEEDED,
        "details": list(Detail) if viewer.role in CASE_WORKERS else [],
        "answers_question": (
            viewer.role in CASE_WORKERS
            and found.kind is CaseKind.POLICY_QUESTION
            and found.state not in work_case.FINISHED
        ),
        "asks_survey": (
            viewer.role in CASE_WORKERS and found.reason is CaseReason.SURVEY and found.state not in work_case.FINISHED
        ),
        "suggested": _suggested(session, found, house, viewer),
        "topics": speaker.options(Topic),
        "is_finished": found.state in work_case.FINISHED,
        "marks": [PriorityMark(mark) for mark in found.marks],
        "appointment": standing_appointment(found),
        "parts": speaker.options(DayPart),
        "appeal": session.get(Appeal, found.id) if viewer.role in DESK_WORKERS else None,
        "categories": speaker.options(AppealCategory),
        "choices": _choices(session, found, house, viewer),
    }


def _suggested(session: Session, case: Case, house: House, viewer: Viewer) -> str | None:
    waits = case.kind is CaseKind.POLICY_QUESTION and case.state not in work_case.FINISHED
    if not waits or viewer.role not in CASE_WORKERS:
        return None
    today = house.clock.now().astimezone(house.settings.zone).date()
    return suggestion(session, case, house.cards, today=today)


def _choices(session: Session, case: Case, house: House, viewer: Viewer) -> Choices | None:
    may_route = viewer.role in CASE_ROUTERS and case.state not in work_case.FINISHED
    return choices_for(session, case, house.clock.now()) if may_route else None


def person_shown(session: Session, resident: Resident, house: House) -> Person:
    """The resident, masked."""
    firm = session.get(Enterprise, resident.id)
    today = house.clock.now().astimezone(house.settings.zone).date()
    return Person(
        id=resident.id,
        name=shown_name(resident),
        phone=mask_phone(resident.phones[0].phone.number) if resident.phones else "",
        id_number=mask_id_number(resident.id_number),
        credit_code=firm.credit_code if firm else None,
        clerk=mask_name(firm.clerk) if firm else None,
        address=mask_address(resident.address, street=resident.street, community=resident.community),
        age=age_on(resident.birth_date, today) if resident.birth_date else None,
        focus_groups=list(resident.focus_groups or ()),
    )
