"""Every route × every caller, generated from the application; what is expected stands in one table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import func, select

from models.event import AuditEntry
from models.vocabulary import Role
from outreach_api.web.access import SAFE_METHODS
from outreach_api.web.api.rights import RIGHTS, ActsFor, Right, right_to
from outreach_api.web.tokens import Scope
from tests.api.conftest import SYSTEM, Api, forget_failures
from tests.builders import an_api_token

Route = tuple[str, str, str]
"""Name, method, address with every part filled in."""
READ_BY_POST = {"find_residents", "list_behind_a_figure", "search_words_said", "check_card"}
WITHOUT_FORM = re.compile(r"\{[^}]+\}")


def routes(api: Api) -> Iterator[Route]:
    for found in iter_route_contexts(api.client.app.routes):  # type: ignore[attr-defined]
        if isinstance(found.original_route, APIRoute) and (found.path or "").startswith("/api/"):
            for method in found.methods or ():
                path = WITHOUT_FORM.sub("1", str(found.path)).removeprefix("/api/v1")
                yield str(found.name), method, path


def may(caller: Role | str, right: Right) -> bool:
    return caller in right.roles if isinstance(caller, Role) else right.acts_for is ActsFor.ANYBODY


def test_every_route_is_in_the_table_once_and_nothing_else_is(api: Api) -> None:
    names = [name for name, _, _ in routes(api)]
    assert "reply_to_conversation" in names
    assert sorted(names) == sorted(RIGHTS)


@pytest.mark.parametrize("caller", [*Role, SYSTEM])
def test_each_caller_reaches_what_the_table_says_and_nothing_else(api: Api, caller: Role | str) -> None:
    for name, method, path in routes(api):
        answer = api.call(method, path, by=caller)
        assert answer.status_code != 401
        assert (answer.status_code != 403) == may(caller, RIGHTS[name]), (name, caller, answer.text)
        assert answer.status_code < 500, (name, answer.text)


def test_without_a_token_nothing_is_reached(api: Api) -> None:
    for name, method, path in routes(api):
        answer = api.call(method, path, by=None)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), name
        forget_failures(api)


def test_a_scope_opens_its_own_routes_alone(api: Api) -> None:
    with api.sessions.write() as session:
        for scope in Scope:
            an_api_token(session, f"only {scope}", scope)
            an_api_token(session, f"all but {scope}", *(set(Scope) - {scope}))
    for name, method, path in routes(api):
        right = RIGHTS[name]
        if right.acts_for is ActsFor.ANYBODY:
            assert api.call(method, path, by=f"only {right.scope}").status_code != 403, name
        assert api.call(method, path, by=f"all but {right.scope}").status_code == 403, name


def test_a_route_missing_in_the_table_is_open_to_nobody() -> None:
    assert right_to("not_in_the_table") is None


def test_who_audits_changes_nothing_and_who_administers_reads_no_transcript(api: Api) -> None:
    for name, method, _ in routes(api):
        if method not in SAFE_METHODS and name not in READ_BY_POST:
            assert Role.AUDITOR not in RIGHTS[name].roles, name
    assert Role.ADMINISTRATOR not in RIGHTS["read_conversation"].roles


def test_what_changes_something_is_a_persons_but_for_visiting_teams_and_feeds(api: Api) -> None:
    changing = {name for name, method, _ in routes(api) if method not in SAFE_METHODS}
    alone = {name for name in changing if RIGHTS[name].acts_for is ActsFor.ANYBODY}
    assert alone == {"accept_case", "take_visit", "take_survey", "take_feed"}


def test_a_refused_call_leaves_no_entry_as_if_it_had_been_made(api: Api) -> None:
    def entries() -> int:
        with api.sessions.read() as session:
            return session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.action == "api.call")) or 0

    before = entries()
    assert api.post("/queue/1/steps", {"step": "accept", "version": 1}, by=Role.AUDITOR).status_code == 403
    assert entries() == before
