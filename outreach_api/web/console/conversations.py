"""Conversations as they go on: the list that moves by itself, and the search in what was said."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, field_validator

from models.vocabulary import ConversationOutcome
from outreach_api.conversations.talk_list import Among, TalkPage, Wanted, find_talks, list_talks
from outreach_api.conversations.words_said import LONGEST_SEARCH
from outreach_api.web.access import Viewer
from outreach_api.web.house import house_of
from outreach_api.web.page import render

router = APIRouter(include_in_schema=False)
RESULTS = "results"


class Filters(BaseModel):
    """What the address asks for. What is searched for is no part of it: it may be about somebody."""

    model_config = ConfigDict(extra="ignore")

    among: Among = Among.ALL
    outcome: ConversationOutcome | None = None
    after: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_default(cls, value: object, info: Any) -> object:
        return cls.model_fields[info.field_name].default if value == "" else value

    def address(self, after: str | None = None, path: str = "/conversations") -> str:
        chosen = self.model_dump(mode="json", exclude_defaults=True, exclude={"after"}) | {"after": after}
        query = urlencode({name: value for name, value in chosen.items() if value is not None})
        return f"{path}?{query}" if query else path


@router.get("/conversations", name="conversations")
def conversations(request: Request, viewer: Viewer, filters: Annotated[Filters, Query()]) -> Response:
    template = "components/talk_list.html" if request.headers.get("hx-target") == RESULTS else "conversations.html"
    return render(request, template, section="conversations", **_listed(request, viewer, filters))


@router.get("/conversations/rows", name="conversation_rows")
def rows(request: Request, viewer: Viewer, filters: Annotated[Filters, Query()]) -> Response:
    """The same list once more, for the page to put in place when something was said."""
    return render(request, "components/talk_list.html", **_listed(request, viewer, filters))


@router.post("/conversations/search", name="search_conversations")
def search(
    request: Request,
    viewer: Viewer,
    words: Annotated[str, Form(max_length=LONGEST_SEARCH)] = "",
    before: Annotated[int | None, Form()] = None,
) -> Response:
    """Sent as a form: what is looked for stands in no address and no log."""
    house = house_of(request)
    with house.sessions.read() as session:
        page = find_talks(session, words, before=before, now=house.clock.now())
    context = _context(Filters(), page) | {"searched": words.strip()}
    template = "components/talk_list.html" if request.headers.get("hx-target") == RESULTS else "conversations.html"
    return render(request, template, section="conversations", **context)


def _listed(request: Request, viewer: Viewer, filters: Filters) -> dict[str, Any]:
    house = house_of(request)
    wanted = Wanted(filters.among, filters.outcome, filters.after)
    with house.sessions.read() as session:
        page = list_talks(session, wanted, viewer.staff_id, now=house.clock.now())
    return _context(filters, page)


def _context(filters: Filters, page: TalkPage) -> dict[str, Any]:
    return {
        "filters": filters,
        "page": page,
        "among": list(Among),
        "outcomes": list(ConversationOutcome),
        "searched": None,
        "longest": LONGEST_SEARCH,
        "live_address": filters.address(filters.after, "/conversations/rows"),
    }
