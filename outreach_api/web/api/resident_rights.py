"""What a resident asks for about their data: each wish a case with its deadline; what was decided, explained."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.match import Match
from models.resident import Resident
from models.vocabulary import CaseState, MatchState
from outreach_api.cases.why_eligible import why_eligible
from outreach_api.cases.work_case import find_case
from outreach_api.privacy.copy_of import ResidentCopy
from outreach_api.privacy.notice import ASK_A_PERSON, NOTICES, NoticeWay
from outreach_api.privacy.rights import Right, RightRefused, ask_for, carry_out, right_of, wishes
from outreach_api.privacy.tombstones import keep_tombstones
from outreach_api.web.access import REVEALERS
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.refusals import NoSuchThing
from outreach_api.web.house import House, house_of
from scheduler.rules.evaluate import Verdict
from scheduler.rules.fields import in_words
from scheduler.rules.guardians import has_guardian

router = APIRouter(prefix="/api/v1", tags=["residents"], route_class=OnceRoute)


class Wish(BaseModel):
    case_id: int
    right: Right
    state: CaseState
    asked_at: datetime
    due_at: datetime
    settled_at: datetime | None


class Wishes(BaseModel):
    guarded: bool = Field(description="Under fourteen: their guardian asks.")
    items: list[Wish] = Field(description="Newest first.")


class WishAsked(Body):
    right: Right
    words: str = Field("", max_length=500, pattern=NO_NUL, description="In their words.")
    guardian: str = Field("", max_length=60, pattern=NO_NUL, description="Of a child under fourteen: who asks.")


Corrected = Annotated[str | None, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class Corrections(Body):
    """What is to be put right; for every other right nothing."""

    name: Corrected = None
    address: Corrected = None
    street: Corrected = None
    community: Corrected = None


class CopySection(BaseModel):
    title: str
    lines: list[str]


class CopyInFull(BaseModel):
    """In plain Chinese, unmasked: it is theirs."""

    title: str
    lead: str
    sections: list[CopySection]


class Part(BaseModel):
    depth: int
    label: str
    verdict: Verdict
    field: str | None
    seen: str | None = Field(description="What is on record; null of a group, and where it is withheld.")
    cite: str | None


class Decision(BaseModel):
    match_id: int
    policy_id: str
    state: MatchState
    opened_at: datetime
    parts: list[Part] = Field(description="Of the rule, in the order it was read.")


class Decisions(BaseModel):
    ask_a_person: str = Field(description="To be said with them; `explanation` opens the case.")
    items: list[Decision]


class Notices(BaseModel):
    by_way: dict[NoticeWay, str] = Field(description="What a resident is told of the use of their data.")


@router.get("/data-notices")
def read_data_notices(_caller: AnyCaller) -> Notices:
    """What residents are told of the use of their data, as each channel can say it."""
    return Notices(by_way=dict(NOTICES))


@router.get("/residents/{resident_id}/rights")
def list_wishes(request: Request, _caller: AnyCaller, resident_id: Id) -> Wishes:
    """What they asked for about their data, and until when it is promised."""
    house = house_of(request)
    with house.sessions.read() as session:
        resident = _found(session, resident_id)
        items = [_wish(case) for case in wishes(session, resident_id)]
        return Wishes(guarded=_guarded(resident, house), items=items)


@router.post("/residents/{resident_id}/rights", dependencies=[ONCE])
def ask_for_right(request: Request, caller: AnyCaller, resident_id: Id, asked: WishAsked) -> Wish:
    """Take a wish down as a case. Refusing to be matched and taking consents back hold at once."""
    house = house_of(request)
    with house.sessions.write() as session:
        _found(session, resident_id)
        now = house.clock.now()
        case = ask_for(
            session, resident_id, asked.right, words=asked.words, by=caller.actor, now=now, guardian=asked.guardian
        )
        return _wish(case)


@router.post("/rights/{case_id}", dependencies=[ONCE])
def see_to_wish(request: Request, caller: AnyCaller, case_id: Id, corrections: Corrections) -> Wish:
    """Do what the case asks for and settle it. A copy is taken at `/rights/{case_id}/copy`."""
    house = house_of(request)
    with house.sessions.write() as session:
        case = find_case(session, case_id)
        if right_of(case) is Right.COPY:
            raise RightRefused(f"a copy is taken at /rights/{case_id}/copy")
        given = corrections.model_dump(exclude_none=True)
        carry_out(session, case_id, by=caller.actor, now=house.clock.now(), corrections=given)
        wish = _wish(case)
    keep_tombstones(house.sessions, house.settings.tombstones, now=house.clock.now())
    return wish


@router.post("/rights/{case_id}/copy")
def take_copy(request: Request, caller: AnyCaller, case_id: Id) -> CopyInFull:
    """The copy of all that is stored of them, in full, once; it settles the case and is on the record."""
    house = house_of(request)
    with house.sessions.write() as session:
        if right_of(find_case(session, case_id)) is not Right.COPY:
            raise RightRefused(f"case {case_id} asks for no copy")
        made = carry_out(session, case_id, by=caller.actor, now=house.clock.now())
    assert isinstance(made, ResidentCopy)  # noqa: S101 - of this right there is one
    return CopyInFull.model_validate(made, from_attributes=True)


@router.get("/residents/{resident_id}/decisions")
def explain_decisions(request: Request, caller: AnyCaller, resident_id: Id) -> Decisions:
    """What matching decided about them and on what, from the ledger."""
    house = house_of(request)
    shows_sensitive = caller.role in REVEALERS
    with house.sessions.read() as session:
        _found(session, resident_id)
        matches = session.scalars(select(Match).where(Match.resident_id == resident_id).order_by(Match.id))
        items = [_decision(match, shows_sensitive=shows_sensitive) for match in matches]
    return Decisions(ask_a_person=ASK_A_PERSON, items=items)


def _decision(match: Match, *, shows_sensitive: bool) -> Decision:
    parts = [
        Part(
            depth=line.depth,
            label=line.label.zh,
            verdict=line.verdict,
            field=line.field.zh if line.field else None,
            seen=in_words(line.field, line.seen) if line.field and not line.withheld else None,
            cite=line.cite,
        )
        for line in why_eligible(match, shows_sensitive=shows_sensitive)
    ]
    return Decision(
        match_id=match.id, policy_id=match.policy_id, state=match.state, opened_at=match.opened_at, parts=parts
    )


def _wish(case: Case) -> Wish:
    right = right_of(case)
    assert right is not None  # noqa: S101 - cases of this kind have one
    return Wish(
        case_id=case.id,
        right=right,
        state=case.state,
        asked_at=case.opened_at,
        due_at=case.due_at,
        settled_at=case.resolved_at,
    )


def _guarded(resident: Resident, house: House) -> bool:
    return has_guardian(resident.birth_date, on=house.clock.now().astimezone(house.settings.zone).date())


def _found(session: Session, resident_id: int) -> Resident:
    row = session.get(Resident, resident_id)
    if row is None:
        raise NoSuchThing(f"there is no resident {resident_id}")
    return row
