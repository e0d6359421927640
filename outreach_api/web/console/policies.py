"""Items: their cards and versions, a change from its draft to a second person's yes, and what no card answers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from models.policy import PolicySubmission
from models.staff import Staff
from models.vocabulary import SubmissionState
from outreach_api.catalogue import submissions
from outreach_api.catalogue.card_review import answer_question, changed_lines, text_of, what_is_said
from outreach_api.catalogue.confirmations import confirm, confirmed_in, quarter_of
from outreach_api.catalogue.needs import by_department, unanswered
from outreach_api.catalogue.refused import SubmissionRefused
from outreach_api.privacy.sight import current_sight
from outreach_api.web.access import Viewer
from outreach_api.web.fault_words import fault_said
from outreach_api.web.house import House, house_of, seen_cards
from outreach_api.web.page import render, speaker_for
from scheduler.planning.pauses import pause_policy, resume_policy, standing_pauses
from scheduler.policies.card import PolicyCard
from scheduler.policies.check import read_card_text

router = APIRouter(include_in_schema=False)
LONGEST_CARD = 256 * 1024
SAID = frozenset({"said_submitted", "said_submission_refused", "said_why_missing", "said_confirmed"})
Like = Annotated[str, Form(max_length=64)]
CardText = Annotated[str, Form(min_length=1, max_length=LONGEST_CARD)]


@router.get("/policies", name="policies")
def policies(request: Request, viewer: Viewer) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    today = _today(house)
    with house.sessions.read() as session:
        done = confirmed_in(session, quarter_of(today))
        paused = standing_pauses(session).policies
        waiting = [row for row in submissions.submissions(session) if row.state is SubmissionState.SUBMITTED]
        rows = [
            {
                "card": card,
                "name": speaker.label(card.name),
                "department": speaker.label(card.department),
                "confirmed": card.id in done,
                "paused": paused.get(card.id),
                "pushable": card.is_pushable(today),
            }
            for card in seen_cards(house).values()
        ]
        rows.sort(key=lambda row: (row["department"], row["name"]))
        names = {key: speaker.label(card.name) for key, card in house.cards.items()}
        context: dict[str, Any] = {
            "rows": rows,
            "waiting": [
                (row, names.get(row.policy_id, row.policy_id), _person(session, row.submitted_by)) for row in waiting
            ],
            "quarter": quarter_of(today),
            "unconfirmed": sum(not row["confirmed"] for row in rows),
        }
        return render(request, "policies.html", section="policies", **context)


@router.get("/policies/new", name="new_policy")
def new(request: Request, viewer: Viewer, like: Annotated[str, Query(max_length=64)] = "") -> Response:
    """A new item, or a new version of one: written into the newest text there is."""
    house = house_of(request)
    newest = house.book.catalogue().newest(like) if current_sight().sees_policy(like) else None
    with house.sessions.read() as session:
        text = text_of(session, house.settings.policies, newest.id, newest.version) if newest else ""
    return _editor(request, text or "", like=like)


@router.post("/policies/check", name="check_policy")
def check(
    request: Request,
    viewer: Viewer,
    text: CardText,
    like: Like = "",
    question: Annotated[str, Form(max_length=120)] = "",
) -> Response:
    """Say every fault, and what the assistant would say; nothing is kept."""
    return _editor(request, text, like=like, question=question, checked=True)


@router.post("/policies/submit", name="submit_policy")
def submit(request: Request, viewer: Viewer, text: CardText, like: Like = "") -> Response:
    """Send it to a second person."""
    house = house_of(request)
    catalogue = house.book.catalogue()
    try:
        with house.sessions.write() as session:
            row = submissions.submit(session, "card", text, catalogue, by=viewer.actor, now=house.clock.now())
            number = row.id
    except SubmissionRefused as refused:
        return _editor(request, text, like=like, checked=True, refused=str(refused))
    return RedirectResponse(f"/policies/submissions/{number}?said=said_submitted", HTTPStatus.SEE_OTHER)


@router.get("/policies/submissions/{submission_id}", name="policy_submission")
def submission(request: Request, viewer: Viewer, submission_id: int, said: str | None = None) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        row = session.get(PolicySubmission, submission_id)
        if row is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        card, faults = read_card_text("card", row.text)
        current = house.cards.get(row.policy_id)
        before = text_of(session, house.settings.policies, row.policy_id, current.version) if current else None
        context: dict[str, Any] = {
            "row": row,
            "name": speaker.label(card.name) if card else row.policy_id,
            "by": _person(session, row.submitted_by),
            "decided_by": _person(session, row.decided_by) if row.decided_by else "",
            "decides": row.state is SubmissionState.SUBMITTED and row.submitted_by != viewer.actor,
            "may_take_back": row.state is SubmissionState.SUBMITTED,
            "lines": list(changed_lines(before or "", row.text)),
            "said_by_it": what_is_said(current, card, _today(house)) if card else [],
            "faults": faults,
            "said": said if said in SAID else None,
        }
        return render(request, "policy_submission.html", section="policies", **context)


@router.post("/policies/submissions/{submission_id}/{decision}", name="decide_submission")
def decide(
    request: Request,
    viewer: Viewer,
    submission_id: int,
    decision: SubmissionState,
    because: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Approve it, as somebody else than who sent it, or refuse it with the reason."""
    house = house_of(request)
    address = f"/policies/submissions/{submission_id}"
    now, catalogue = house.clock.now(), house.book.catalogue()
    if decision is SubmissionState.SUBMITTED:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
    if decision is SubmissionState.REFUSED and not because.strip():
        return RedirectResponse(f"{address}?said=said_why_missing", HTTPStatus.SEE_OTHER)
    try:
        with house.sessions.write() as session:
            if decision is SubmissionState.APPROVED:
                submissions.approve(session, submission_id, catalogue, by=viewer.actor, now=now)
            else:
                submissions.refuse(session, submission_id, by=viewer.actor, because=because.strip(), now=now)
    except SubmissionRefused:
        return RedirectResponse(f"{address}?said=said_submission_refused", HTTPStatus.SEE_OTHER)
    house.book.look()
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


@router.get("/policies/needs", name="needs")
def needs(request: Request, viewer: Viewer, days: Annotated[int, Query(ge=1, le=366)] = 90) -> Response:
    """What residents ask that no card answers."""
    house, speaker = house_of(request), speaker_for(request)
    with house.sessions.read() as session:
        found = unanswered(session, since=house.clock.now() - timedelta(days=days))
    groups = [
        (speaker.label(card.department) if card else None, rows)
        for card, rows in by_department(found, house.cards).items()
    ]
    names = {key: speaker.label(card.name) for key, card in house.cards.items()}
    context: dict[str, Any] = {
        "groups": groups,
        "names": names,
        "days": days,
        "whole": sum(need.asked for need in found),
    }
    return render(request, "needs.html", section="needs", **context)


@router.get("/policies/{policy_id}", name="policy")
def policy(request: Request, viewer: Viewer, policy_id: str, said: str | None = None) -> Response:
    house, speaker = house_of(request), speaker_for(request)
    card = _card(house, policy_id)
    today = _today(house)
    with house.sessions.read() as session:
        rows = session.scalars(
            select(PolicySubmission).where(PolicySubmission.policy_id == policy_id).order_by(PolicySubmission.id.desc())
        ).all()
        done = confirmed_in(session, quarter_of(today)).get(policy_id)
        context: dict[str, Any] = {
            "card": card,
            "name": speaker.label(card.name),
            "department": speaker.label(card.department),
            "versions": house.book.catalogue().versions.get(policy_id, (card,))[::-1],
            "submitted": rows,
            "text": text_of(session, house.settings.policies, policy_id, card.version) or "",
            "said_today": what_is_said(None, card, today),
            "quarter": quarter_of(today),
            "confirmed": done,
            "confirmed_by": _person(session, done.confirmed_by) if done else "",
            "paused": standing_pauses(session).policies.get(policy_id),
            "said": said if said in SAID else None,
        }
        return render(request, "policy.html", section="policies", **context)


@router.post("/policies/{policy_id}/confirm", name="confirm_policy")
def say_it_holds(
    request: Request, viewer: Viewer, policy_id: str, remark: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """The department stands by its card this quarter."""
    house = house_of(request)
    card, now = _card(house, policy_id), house.clock.now()
    with house.sessions.write() as session:
        confirm(session, card, remark=remark, by=viewer.actor, now=now, today=_today(house))
    return RedirectResponse(f"/policies/{policy_id}?said=said_confirmed", HTTPStatus.SEE_OTHER)


@router.post("/policies/{policy_id}/pause", name="pause_policy")
def pause(
    request: Request, viewer: Viewer, policy_id: str, because: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Tell nobody of it for now, or go on where it is paused."""
    house = house_of(request)
    _card(house, policy_id)
    now = house.clock.now()
    with house.sessions.write() as session:
        if policy_id in standing_pauses(session).policies:
            resume_policy(session, policy_id, by=viewer.actor, now=now)
        elif because.strip():
            pause_policy(session, policy_id, because=because.strip(), by=viewer.actor, now=now)
        else:
            return RedirectResponse(f"/policies/{policy_id}?said=said_why_missing", HTTPStatus.SEE_OTHER)
    return RedirectResponse(f"/policies/{policy_id}", HTTPStatus.SEE_OTHER)


def _editor(
    request: Request, text: str, *, like: str = "", question: str = "", checked: bool = False, refused: str = ""
) -> Response:
    house = house_of(request)
    card, faults = read_card_text("card", text) if checked else (None, [])
    current = house.cards.get(card.id) if card else None
    match = answer_question(house.cards, card, question) if card and question else None
    context: dict[str, Any] = {
        "text": text,
        "like": like,
        "question": question,
        "checked": checked,
        "faults": faults,
        "refused": refused if not faults else "",
        "card": card,
        "said_by_it": what_is_said(current, card, _today(house)) if card else [],
        "say_fault": partial(fault_said, speaker=speaker_for(request)),
        "match": match,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused or faults else HTTPStatus.OK
    return render(request, "policy_editor.html", section="policies", status=status, **context)


def _card(house: House, policy_id: str) -> PolicyCard:
    card = seen_cards(house).get(policy_id)
    if card is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return card


def _today(house: House) -> date:
    now: datetime = house.clock.now()
    return now.astimezone(house.settings.zone).date()


def _person(session: Session, actor: str) -> str:
    kind, _, number = actor.partition(":")
    if kind != "staff" or not number.isdecimal():
        return actor
    return session.scalar(select(Staff.display_name).where(Staff.id == int(number))) or actor
