"""Looking at a card before it counts, and a department's word each quarter that its items still hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from models.policy import PolicySubmission
from models.vocabulary import Topic
from outreach_api.catalogue.card_review import Said, answer_question, changed_lines, text_of, what_is_said
from outreach_api.catalogue.confirmations import LONGEST_REMARK, confirm, confirmed_in, quarter_of
from outreach_api.privacy.sight import current_sight
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id, PolicyId
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.policies import CARD_NAME, CardText
from outreach_api.web.api.refusals import NoSuchThing
from outreach_api.web.house import House, house_of, seen_cards
from scheduler.policies.card import PolicyCard
from scheduler.policies.check import read_card_text

router = APIRouter(prefix="/api/v1", tags=["policies"], route_class=OnceRoute)
LONGEST_QUESTION = 120


class CardAsked(CardText):
    question: str = Field("", max_length=LONGEST_QUESTION, pattern=NO_NUL, description="A resident's, to try it with.")


class CardFault(BaseModel):
    line: int
    path: str
    problem: str
    remedy: str


class SaidOfTopic(BaseModel):
    topic: Topic
    now: str | None = Field(description="By the card that counts today; null: the assistant has no answer.")
    then: str | None = Field(description="By the new one on its first day.")


class TakenFor(BaseModel):
    question: str
    answer: str


class CardChecked(BaseModel):
    policy_id: str | None = Field(description="Null: the card cannot be read.")
    faults: list[CardFault]
    says: list[SaidOfTopic]
    taken_for: TakenFor | None = Field(description="The question of the card that yours is taken for.")


class LineChanged(BaseModel):
    sign: str = Field(description="`+`, `-`, a blank, or `@` where lines are left out.")
    text: str


class SubmissionReview(BaseModel):
    lines: list[LineChanged] = Field(description="What it changes in the text that counts today.")
    faults: list[CardFault]
    says: list[SaidOfTopic]


class CardSource(BaseModel):
    policy_id: str
    version: int
    text: str = Field(description="The YAML of the newest version, to write a change into.")


class Remark(Body):
    remark: str = Field("", max_length=LONGEST_REMARK, pattern=NO_NUL)


class Confirmation(BaseModel):
    policy_id: str
    quarter: str = Field(examples=["2026Q4"])
    version: int
    confirmed_by: str
    confirmed_at: datetime
    remark: str | None


class Confirmations(BaseModel):
    quarter: str
    items: list[Confirmation]
    outstanding: list[str] = Field(description="Items whose department has not yet said that the card holds.")


@router.post("/policy-checks")
def check_card(request: Request, _caller: AnyCaller, asked: CardAsked) -> CardChecked:
    """Every fault of a card, and what the assistant would say by it. Nothing is kept."""
    house = house_of(request)
    card, faults = read_card_text(CARD_NAME, asked.text)
    match = answer_question(house.cards, card, asked.question) if card and asked.question.strip() else None
    return CardChecked(
        policy_id=card.id if card else None,
        faults=[CardFault.model_validate(fault, from_attributes=True) for fault in faults],
        says=_says(house, card),
        taken_for=TakenFor(question=match.question, answer=match.answer) if match else None,
    )


@router.get("/policy-submissions/{submission_id}/review")
def review_submission(request: Request, _caller: AnyCaller, submission_id: Id) -> SubmissionReview:
    """What a submission changes: its lines, and what the assistant would say."""
    house = house_of(request)
    with house.sessions.read() as session:
        row = session.get(PolicySubmission, submission_id)
        if row is None:
            raise NoSuchThing(f"there is no submission {submission_id}")
        card, faults = read_card_text(CARD_NAME, row.text)
        current = house.cards.get(row.policy_id)
        before = text_of(session, house.settings.policies, row.policy_id, current.version) if current else None
        lines = [LineChanged(sign=one.sign, text=one.text) for one in changed_lines(before or "", row.text)]
    found = [CardFault.model_validate(fault, from_attributes=True) for fault in faults]
    return SubmissionReview(lines=lines, faults=found, says=_says(house, card))


@router.get("/policies/{policy_id}/source")
def read_card_source(request: Request, _caller: AnyCaller, policy_id: PolicyId) -> CardSource:
    """The text of the newest version, one that starts in the future too."""
    house = house_of(request)
    newest = house.book.catalogue().newest(policy_id) if current_sight().sees_policy(policy_id) else None
    with house.sessions.read() as session:
        text = text_of(session, house.settings.policies, policy_id, newest.version) if newest else None
    if newest is None or text is None:
        raise NoSuchThing(f"there is no text of {policy_id}")
    return CardSource(policy_id=policy_id, version=newest.version, text=text)


@router.get("/policy-confirmations")
def list_confirmations(
    request: Request,
    _caller: AnyCaller,
    quarter: Annotated[str | None, Query(pattern=r"^20[0-9]{2}Q[1-4]$", description="Left out: this one.")] = None,
) -> Confirmations:
    """Which items were confirmed in a quarter, and which were not."""
    house = house_of(request)
    wanted = quarter or quarter_of(_today(house))
    with house.sessions.read() as session:
        done = current_sight().only_seen(confirmed_in(session, wanted))
        items = [Confirmation.model_validate(row, from_attributes=True) for _, row in sorted(done.items())]
    outstanding = sorted(set(seen_cards(house)) - set(done))
    return Confirmations(quarter=wanted, items=items, outstanding=outstanding)


@router.post("/policies/{policy_id}/confirmations", dependencies=[ONCE])
def confirm_card(request: Request, caller: AnyCaller, policy_id: PolicyId, asked: Remark) -> Confirmation:
    """The department stands by its card this quarter. A second time in it replaces the first."""
    house = house_of(request)
    card = seen_cards(house).get(policy_id)
    if card is None:
        raise NoSuchThing(f"there is no policy {policy_id}")
    today = _today(house)
    with house.sessions.write() as session:
        confirm(session, card, remark=asked.remark, by=caller.actor, now=house.clock.now(), today=today)
        session.flush()
        row = confirmed_in(session, quarter_of(today))[policy_id]
        return Confirmation.model_validate(row, from_attributes=True)


def _says(house: House, card: PolicyCard | None) -> list[SaidOfTopic]:
    said: list[Said] = what_is_said(house.cards.get(card.id), card, _today(house)) if card else []
    return [SaidOfTopic(topic=one.topic, now=one.now, then=one.then) for one in said]


def _today(house: House) -> date:
    return house.clock.now().astimezone(house.settings.zone).date()
