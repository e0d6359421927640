"""The care list of streets and communities: masked, handed over in full on the record, followed up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from models.vocabulary import CareFound, CareReason
from outreach_api.care.care_list import OnTheList, Wanted, care_entries, find_entry, follow_up, hand_over, shown_to
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id, Purpose
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1/care", tags=["care list"], route_class=OnceRoute)
LONGEST_NOTE = 400
Where = Annotated[str | None, Query(max_length=64, pattern=NO_NUL)]
Place = Annotated[str | None, Field(max_length=64, pattern=NO_NUL)]


class CareItem(BaseModel):
    id: int
    reason: CareReason
    name: str = Field(description="Masked; empty of a report about somebody nobody knows yet.")
    street: str
    community: str
    address: str = Field(description="Down to the community.")
    words: str | None = Field(description="What was reported; masked.")
    opened_at: datetime
    handed_at: datetime | None
    found: CareFound | None
    note: str | None = Field(description="Masked.")


class HandOver(Body):
    """A street or a community: nobody looks after the whole district."""

    street: Place = None
    community: Place = None
    purpose: Purpose


class FoundThere(Body):
    found: CareFound
    note: str = Field("", max_length=LONGEST_NOTE, pattern=NO_NUL)


@router.get("")
def list_care(
    request: Request,
    caller: AnyCaller,
    street: Where = None,
    community: Where = None,
    all: bool = False,  # noqa: A002, FBT001, FBT002 - a filter of the address
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[CareItem]:
    """One item for each reason for which somebody is on it, in the order they came; `all`: those answered too.

    Sensitive reasons are shown to supervisors and auditors alone.
    """
    wanted = Wanted(street, community, shown_to(caller.role), open_only=not all)
    mark = read_cursor(after, int)
    with house_of(request).sessions.read() as session:
        found = care_entries(session, wanted, after=mark[0] if mark else 0, most=limit + 1)
        shown, more = cut(found, limit)
        items = [_item(one) for one in shown]
    return Page(items=items, next=cursor(items[-1].id) if more else None)


@router.post(
    "/hand-over",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "The list in full."}},
)
def hand_over_care(request: Request, caller: AnyCaller, asked: HandOver) -> Response:
    """What is open in a street or community, in full, as a file. Who took it and what for is on the record."""
    house = house_of(request)
    wanted = Wanted(asked.street, asked.community, shown_to(caller.role))
    with house.sessions.write() as session:
        text = hand_over(session, wanted, purpose=asked.purpose, by=caller.actor, now=house.clock.now())
    headers = {"content-disposition": 'attachment; filename="care-list.csv"', "cache-control": "no-store"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/{entry_id}/found", dependencies=[ONCE])
def follow_care_up(request: Request, caller: AnyCaller, entry_id: Id, asked: FoundThere) -> CareItem:
    """What was found when somebody looked; a person's other open entries are answered by it too."""
    house = house_of(request)
    with house.sessions.write() as session:
        now = house.clock.now()
        follow_up(session, entry_id, asked.found, note=asked.note.strip() or None, by=caller.actor, now=now)
        return _item(find_entry(session, entry_id))


def _item(one: OnTheList) -> CareItem:
    return CareItem(
        id=one.entry_ids[0],
        reason=one.reasons[0],
        name=one.name,
        street=one.street,
        community=one.community,
        address=one.address,
        words=one.words,
        opened_at=one.opened_at,
        handed_at=one.handed_at,
        found=one.found,
        note=one.note,
    )
