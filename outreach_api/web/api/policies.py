"""Policy cards: what counts today, every version, what departments submit, what a second person decides."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from models.faq import KeptFaq
from models.policy import PolicySubmission
from models.vocabulary import Audience, SubmissionState, Topic
from outreach_api.cases.policy_answers import proposed_faqs, review
from outreach_api.catalogue import submissions
from outreach_api.catalogue.needs import unanswered
from outreach_api.privacy.sight import current_sight
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import MOST_ID, NO_NUL, Body, Id, PolicyId, Reason
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.api.refusals import NoSuchThing
from outreach_api.web.house import house_of, seen_cards
from scheduler.planning.pauses import pause_policy, resume_policy, standing_pauses
from scheduler.policies.card import PolicyCard, PolicyKind, PolicyStatus

router = APIRouter(prefix="/api/v1", tags=["policies"], route_class=OnceRoute)
LONGEST_CARD = 256 * 1024
CARD_NAME = "card"
"""What faults of a card call its file; the sender's own name for it is nobody's business."""


class InBothLanguages(BaseModel):
    zh: str
    en: str


class PolicyItem(BaseModel):
    id: str = Field(examples=["elderly-allowance"])
    version: int
    name: InBothLanguages
    kind: PolicyKind
    audience: Audience
    status: PolicyStatus
    department: InBothLanguages
    effective_from: date | None
    effective_to: date | None
    paused_because: str | None = Field(description="Why nobody is told of it at present.")


class PolicyList(BaseModel):
    items: list[PolicyItem]


class VersionItem(BaseModel):
    version: int
    effective_from: date | None


class PolicyInFull(PolicyItem):
    versions: list[VersionItem] = Field(description="All there are, oldest first; one may start in the future.")
    card: dict[str, Any] = Field(description="The card that counts today, in the form of docs/policies.md.")


class PolicyVersionInFull(BaseModel):
    id: str
    version: int
    card: dict[str, Any]


class CardText(Body):
    text: str = Field(
        min_length=1, max_length=LONGEST_CARD, pattern=NO_NUL, description="The card's YAML.", examples=["id: …"]
    )


class SubmissionItem(BaseModel):
    id: int
    policy_id: str
    version: int
    effective_from: date | None
    state: SubmissionState
    submitted_by: str
    submitted_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    because: str | None


class SubmissionInFull(SubmissionItem):
    text: str


class Because(Body):
    because: Reason


class PausedPolicies(BaseModel):
    policies: dict[str, str] = Field(description="Policy → why it is paused.")


class ProposedAnswer(BaseModel):
    id: int
    policy_id: str
    topic: Topic
    question: str
    answer: str
    proposed_by: str
    proposed_at: datetime


class ProposedAnswers(BaseModel):
    items: list[ProposedAnswer]


class Unanswered(BaseModel):
    policy_id: str | None
    theme: str = Field(description="The intent the questions were read as.")
    asked: int
    waiting: int = Field(description="Questions that a person still has to answer.")
    last_at: datetime | None
    examples: list[str] = Field(description="The latest, masked.")


class UnansweredList(BaseModel):
    items: list[Unanswered]


class Decision(Body):
    use: bool = Field(description="Whether the assistant may use it from now on.")


class Decided(BaseModel):
    id: int
    in_use: bool


@router.get("/policies")
def list_policies(request: Request, _caller: AnyCaller) -> PolicyList:
    """The card of each item that counts today."""
    house = house_of(request)
    with house.sessions.read() as session:
        paused = standing_pauses(session).policies
    return PolicyList(items=[_item(card, paused) for _, card in sorted(seen_cards(house).items())])


@router.get("/policies/{policy_id}")
def read_policy(request: Request, _caller: AnyCaller, policy_id: PolicyId) -> PolicyInFull:
    """The card that counts today, and which versions there are."""
    house = house_of(request)
    card = seen_cards(house).get(policy_id)
    if card is None:
        raise NoSuchThing(f"there is no policy {policy_id}")
    with house.sessions.read() as session:
        paused = standing_pauses(session).policies
    versions = house.book.catalogue().versions.get(policy_id, ())
    return PolicyInFull(
        **_item(card, paused).model_dump(),
        versions=[VersionItem(version=one.version, effective_from=one.effective_from) for one in versions],
        card=card.model_dump(mode="json"),
    )


@router.get("/policies/{policy_id}/versions/{version}")
def read_policy_version(
    request: Request, _caller: AnyCaller, policy_id: PolicyId, version: Annotated[int, Path(ge=1, le=MOST_ID)]
) -> PolicyVersionInFull:
    versions = current_sight().only_seen(house_of(request).book.catalogue().versions).get(policy_id, ())
    card = next((one for one in versions if one.version == version), None)
    if card is None:
        raise NoSuchThing(f"there is no version {version} of {policy_id}")
    return PolicyVersionInFull(id=card.id, version=card.version, card=card.model_dump(mode="json"))


@router.post("/policies/{policy_id}/pause", dependencies=[ONCE])
def pause_one_policy(request: Request, caller: AnyCaller, policy_id: PolicyId, asked: Because) -> PausedPolicies:
    """Tell nobody of it for now; answers to residents go on."""
    house = house_of(request)
    if policy_id not in house.cards:
        raise NoSuchThing(f"there is no policy {policy_id}")
    with house.sessions.write() as session:
        pause_policy(session, policy_id, because=asked.because, by=caller.actor, now=house.clock.now())
        return PausedPolicies(policies=standing_pauses(session).policies)


@router.post("/policies/{policy_id}/resume", dependencies=[ONCE])
def resume_one_policy(request: Request, caller: AnyCaller, policy_id: PolicyId) -> PausedPolicies:
    house = house_of(request)
    with house.sessions.write() as session:
        resume_policy(session, policy_id, by=caller.actor, now=house.clock.now())
        return PausedPolicies(policies=standing_pauses(session).policies)


@router.get("/policy-submissions")
def list_submissions(
    request: Request,
    _caller: AnyCaller,
    state: SubmissionState | None = None,
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[SubmissionItem]:
    """What departments sent in, the newest first."""
    query = select(PolicySubmission).order_by(PolicySubmission.id.desc()).limit(limit + 1)
    if state is not None:
        query = query.where(PolicySubmission.state == state)
    if mark := read_cursor(after, int):
        query = query.where(PolicySubmission.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [SubmissionItem.model_validate(row, from_attributes=True) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.post("/policy-submissions", dependencies=[ONCE])
def submit_card(request: Request, caller: AnyCaller, sent: CardText) -> SubmissionInFull:
    """Send a card in. One with faults is refused with each of them; it counts once a second person has approved it."""
    house = house_of(request)
    catalogue = house.book.catalogue()
    with house.sessions.write() as session:
        taken = submissions.submit(session, CARD_NAME, sent.text, catalogue, by=caller.actor, now=house.clock.now())
        return SubmissionInFull.model_validate(taken, from_attributes=True)


@router.get("/policy-submissions/{submission_id}")
def read_submission(request: Request, _caller: AnyCaller, submission_id: Id) -> SubmissionInFull:
    with house_of(request).sessions.read() as session:
        row = session.get(PolicySubmission, submission_id)
        if row is None:
            raise NoSuchThing(f"there is no submission {submission_id}")
        return SubmissionInFull.model_validate(row, from_attributes=True)


@router.post("/policy-submissions/{submission_id}/approve", dependencies=[ONCE])
def approve_submission(request: Request, caller: AnyCaller, submission_id: Id) -> SubmissionItem:
    """Let it count from its effective date. Who sent it in may not approve it."""
    house = house_of(request)
    catalogue = house.book.catalogue()
    with house.sessions.write() as session:
        row = submissions.approve(session, submission_id, catalogue, by=caller.actor, now=house.clock.now())
        return SubmissionItem.model_validate(row, from_attributes=True)


@router.post("/policy-submissions/{submission_id}/refuse", dependencies=[ONCE])
def refuse_submission(request: Request, caller: AnyCaller, submission_id: Id, asked: Because) -> SubmissionItem:
    """Set it aside, with the reason. Whoever sent it may take it back so."""
    house = house_of(request)
    with house.sessions.write() as session:
        now = house.clock.now()
        row = submissions.refuse(session, submission_id, by=caller.actor, because=asked.because, now=now)
        return SubmissionItem.model_validate(row, from_attributes=True)


@router.get("/unanswered")
def list_unanswered(
    request: Request, _caller: AnyCaller, days: Annotated[int, Query(ge=1, le=366)] = 90
) -> UnansweredList:
    """What residents ask that no card answers, by item and theme; most asked first."""
    house = house_of(request)
    with house.sessions.read() as session:
        found = unanswered(session, since=house.clock.now() - timedelta(days=days))
    return UnansweredList(items=[Unanswered.model_validate(need, from_attributes=True) for need in found])


@router.get("/proposed-answers")
def list_proposed_answers(request: Request, _caller: AnyCaller) -> ProposedAnswers:
    """Answers that a person gave once and that wait for a second one before the assistant uses them."""
    with house_of(request).sessions.read() as session:
        found = [ProposedAnswer.model_validate(row, from_attributes=True) for row in proposed_faqs(session)]
    return ProposedAnswers(items=found)


@router.post("/proposed-answers/{answer_id}/decision", dependencies=[ONCE])
def decide_proposed_answer(request: Request, caller: AnyCaller, answer_id: Id, asked: Decision) -> Decided:
    """Take it into use or refuse it. 409 for who proposed it."""
    house = house_of(request)
    with house.sessions.write() as session:
        review(session, answer_id, use=asked.use, by=caller.actor, now=house.clock.now())
        return Decided(id=answer_id, in_use=session.get_one(KeptFaq, answer_id).in_use)


def _item(card: PolicyCard, paused: dict[str, str]) -> PolicyItem:
    return PolicyItem(
        id=card.id,
        version=card.version,
        name=InBothLanguages.model_validate(card.name, from_attributes=True),
        kind=card.kind,
        audience=card.audience,
        status=card.status,
        department=InBothLanguages.model_validate(card.department, from_attributes=True),
        effective_from=card.effective_from,
        effective_to=card.effective_to,
        paused_because=paused.get(card.id),
    )
