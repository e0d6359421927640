"""Every route × role × how far somebody sees, generated from the application: what is another street's is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from sqlalchemy import func, select

from models.event import AuditEntry
from models.report_views import renew_views
from models.staff import Staff
from models.vocabulary import Reach, Role
from outreach_api.settings import Settings
from outreach_api.web.access import DISTRICT_FIGURES, ROUTE_ROLES, SAFE_METHODS, WHOLE_SIGHT_NEEDED
from outreach_api.web.api import rights
from outreach_api.web.app import create_app
from outreach_api.web.tokens import Scope
from tests.builders import a_database, a_staff_member, an_api_token
from tests.web.conftest import PASSWORD_HASH, TOTP_SECRET, FakeHouse, TestClient, form_token, sign_in
from tests.web.test_access import FORM
from tests.web.two_streets import (
    GIVES_AWAY,
    THEIR_ID,
    THEIR_NAME,
    THEIR_PHONE,
    Theirs,
    limits,
    two_streets,
)

PART = re.compile(r"\{(\w+)(?::\w+)?\}")
OF_NOBODY = frozenset(
    {
        "staff_id", "campaign_id", "request_id", "export_id", "stall_id", "hook_id", "target_id", "delivery_id",
        "webhook_id", "version", "name", "code", "step", "what", "decision", "kind", "feed", "survey_id", "team_id",
        "station_id", "application_id", "session_id", "undertaking_id", "token_id",
    }
)  # fmt: skip
"""Parts of addresses that name no resident, case, talk or item: a new part is put here, or it is a noun."""
OPEN_ITEMS = frozenset({"policy_id", "submission_id", "faq_id", "answer_id"})
"""Everybody's but where somebody sees one department's."""
NOWHERE = 999_999_999
KNOWN_BY = ("known_by", "words", "name", "card", "phone", "id_number")
"""Fields of a search."""
NUMBERS = r"77\d{4}|87\d{4}|999999999|elderly-health-check|no-such-item|[0-9a-f]{64}"
LIMITED = tuple(reach for reach in Reach if reach is not Reach.DISTRICT)
TRIED = [
    *((reach, False) for reach in LIMITED),
    *(pytest.param(reach, True, marks=pytest.mark.exhaustive) for reach in LIMITED),
]
"""By default each route is tried by one of the roles that may use it, in turn."""
READ_BY_POST = frozenset({"list_behind_a_figure", "desk_find", "read_visit_day"})
STEPS = {"step": "accept", "what": "quarantine", "decision": "approved"}


@dataclass(frozen=True)
class Way:
    name: str
    method: str
    path: str
    route: APIRoute

    @property
    def parts(self) -> list[str]:
        return PART.findall(self.path)

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def roles(self) -> frozenset[Role]:
        return rights.RIGHTS[self.name].roles if self.is_api else ROUTE_ROLES[self.name]

    @property
    def is_supervisors(self) -> bool:
        return Role.SUPERVISOR in self.roles

    @property
    def needs_whole_sight(self) -> bool:
        return self.name in (rights.WHOLE_SIGHT_NEEDED if self.is_api else WHOLE_SIGHT_NEEDED)

    @property
    def only_looks(self) -> bool:
        reads = self.searches or self.name in READ_BY_POST
        return self.method in SAFE_METHODS or (reads and not set(self.parts) - OF_NOBODY)

    @property
    def searches(self) -> bool:
        fields = {field.alias for field in self.route.dependant.body_params}
        model = self.route.body_field.field_info.annotation if self.is_api and self.route.body_field else None
        return bool(set(KNOWN_BY) & (fields | set(getattr(model, "model_fields", {}))))

    def of(self, numbers: dict[str, int | str]) -> str:
        """The address with these numbers in it; what is no noun gets something plausible."""
        return PART.sub(lambda part: str(numbers.get(part[1], STEPS.get(part[1], 1))), self.path)

    def names_one_of_theirs(self, reach: Reach) -> bool:
        if self.name in rights.DISTRICT_FIGURES | DISTRICT_FIGURES:
            return False
        nouns = set(self.parts) - OF_NOBODY
        return bool(nouns if reach is Reach.DEPARTMENT else nouns - OPEN_ITEMS)


@dataclass
class District:
    client: TestClient
    found: Theirs

    def ways(self) -> Iterator[Way]:
        for one in iter_route_contexts(self.client.app.routes):  # type: ignore[attr-defined]
            route = one.original_route
            known = str(one.name) in ROUTE_ROLES or str(one.name) in rights.RIGHTS
            if isinstance(route, APIRoute) and known and one.name not in {"live", "sign_out"}:
                for method in sorted(one.methods or ()):
                    yield Way(str(one.name), method, str(one.path), route)

    def ask(self, way: Way, role: Role, reach: Reach, numbers: dict[str, int | str], said: str = "") -> Any:
        path = way.of(numbers)
        if way.is_api:
            body = None if way.method in SAFE_METHODS else a_body(way.route, said)
            headers = {"authorization": f"Bearer {role.value}-{reach.value}"}
            return self.client.request(way.method, path, json=body, headers=headers)
        if way.method in SAFE_METHODS:
            return self.client.get(path)
        form = {field.alias: said for field in way.route.dependant.body_params if said and field.alias in KNOWN_BY}
        return self.client.post(path, data=FORM | form | {"csrf": self.csrf})

    def tried(self, reach: Reach, every_role: bool) -> Iterator[tuple[Role, list[Way]]]:
        """Each role that may use a route, or one of them; signed in with that reach."""
        by_role: dict[Role, list[Way]] = {role: [] for role in Role}
        for turn, way in enumerate(self.ways()):
            may = sorted(way.roles)
            for role in may if every_role else may[turn % len(may) :][:1]:
                by_role[role].append(way)
        for role, ways in by_role.items():
            if ways:
                self.sign_in(role, reach)
                yield role, ways

    def sign_in(self, role: Role, reach: Reach) -> None:
        self.client.cookies.clear()
        with self.house.sessions.write() as session:
            staff = session.scalars(select(Staff).where(Staff.username == f"{role.value}-{reach.value}")).one()
            # The clock stands still: the same code is good again.
            staff.totp_step = None
        assert sign_in(self.client, staff) == 303
        self.csrf = form_token(self.client.get("/").text)

    @property
    def house(self) -> FakeHouse:
        house: FakeHouse = self.client.app.state.house  # type: ignore[attr-defined]
        return house


def a_body(route: APIRoute, said: str) -> Any:
    """The least that the route takes; texts say `said`."""
    model = route.body_field.field_info.annotation if route.body_field is not None else None
    return a_value(model, said) if isinstance(model, type) and issubclass(model, BaseModel) else None


def a_value(kind: Any, said: str = "") -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        needed = {key: one for key, one in kind.model_fields.items() if one.is_required()}
        asked = [key for key in KNOWN_BY if said and key in kind.model_fields][:1]
        return {key: a_value(one.annotation) for key, one in needed.items()} | dict.fromkeys(asked, said)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    if args := get_args(kind):
        return a_value(args[0])
    return {int: 1, bool: True, str: "核对一下电话"}.get(kind, "2026-03-05")


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    home = tmp_path_factory.mktemp("streets")
    sessions = a_database(f"sqlite:///{home}/streets.db")
    house = FakeHouse(sessions, Settings(_env_file=None, home=home, public_url="http://testserver"))
    with sessions.engine.begin() as connection:
        renew_views(connection)
    with sessions.write() as session:
        found = two_streets(session)
        given = limits(found) | {Reach.DISTRICT: {"team_id": found.our_team}}
        for role in Role:
            for reach, values in given.items():
                values = {"team_id": found.our_team} | values
                name = f"{role.value}-{reach.value}"
                secret = TOTP_SECRET if role is Role.ADMINISTRATOR else None
                staff = a_staff_member(
                    session, role, username=name, password_hash=PASSWORD_HASH, totp_secret=secret, **values
                )
                an_api_token(session, name, *Scope, staff_id=staff.id)
    with TestClient(create_app(house, wall_clock=house.clock), follow_redirects=False) as client:
        yield District(client, found)
    sessions.engine.dispose()


def test_every_part_of_an_address_is_a_noun_we_have_or_nobodys(district: District) -> None:
    parts = {part for way in district.ways() for part in way.parts}
    assert {"case_id", "resident_id", "conversation_id", "mandate_id", "policy_id"} <= parts
    assert parts - OF_NOBODY <= set(district.found.numbers), "say what a new part of an address names"


def test_who_sees_the_whole_district_sees_theirs_too(district: District) -> None:
    district.sign_in(Role.SUPERVISOR, Reach.DISTRICT)
    for path in ("/cases", "/conversations", "/reports/list"):
        assert "璟" in district.client.get(path).text, path
    assert district.client.get(f"/residents/{district.found.numbers['resident_id']}").status_code == 200


@pytest.mark.parametrize("reach", LIMITED)
def test_what_is_theirs_is_there(district: District, reach: Reach) -> None:
    district.sign_in(Role.SUPERVISOR, reach)
    ours = district.found.ours
    assert f"/cases/{ours['case_id']}" in district.client.get("/cases").text
    assert district.client.get(f"/residents/{ours['resident_id']}").status_code == 200
    assert district.client.get(f"/conversations/{ours['conversation_id']}").status_code == 200


@pytest.mark.parametrize(("reach", "every_role"), TRIED)
def test_what_is_anothers_is_not_there(district: District, reach: Reach, every_role: bool) -> None:
    refused: set[str] = set()
    theirs, nobodys = (
        district.found.numbers,
        dict.fromkeys(district.found.numbers, NOWHERE) | {"policy_id": "no-such-item"},
    )
    for role, ways in district.tried(reach, every_role):
        for way in ways:
            if not way.names_one_of_theirs(reach):
                continue
            answer, of_nothing = (district.ask(way, role, reach, one) for one in (theirs, nobodys))
            if way.needs_whole_sight:
                assert answer.status_code == 403, (way, role)
                continue
            # A form that is not in order goes back to its page, whoever it is about.
            assert answer.status_code in {303, 404, 409, 422}, (way, role, answer.status_code, answer.text[:300])
            assert answer.status_code == of_nothing.status_code, (way, role)
            assert said(answer) == said(of_nothing), (way, role)
            refused |= {way.name} if answer.status_code == 404 else set()
    assert {"case", "work_case", "reveal", "conversation", "resident", "reveal_resident", "read_case"} <= refused
    assert {"read_resident", "reveal_detail", "revoke_mandate_at_once", "read_conversation"} <= refused


def said(answer: Any) -> str:
    """Without the number that was asked for, and without the page's own key."""
    return re.sub(NUMBERS, "", answer.headers.get("location", "") + answer.text)


@pytest.mark.parametrize(("reach", "every_role"), TRIED)
def test_no_list_and_no_search_holds_anything_of_anothers(district: District, reach: Reach, every_role: bool) -> None:
    looked: set[str] = set()
    nouns = set(district.found.numbers) - (set() if reach is Reach.DEPARTMENT else OPEN_ITEMS) - {"policy_id"}
    marks = GIVES_AWAY | {str(district.found.numbers[noun]) for noun in nouns}
    for role, ways in district.tried(reach, every_role):
        for way in ways:
            if way.needs_whole_sight or not way.only_looks:
                continue
            for words in [THEIR_NAME, THEIR_ID] if way.searches else [""]:
                answer = district.ask(way, role, reach, district.found.ours, words)
                assert answer.status_code < 500, (way, role, answer.text[:300])
                shown = answer.text.replace(words, "") if words else answer.text
                assert not [mark for mark in marks if mark in shown], (way, role, shown[:2000])
                looked |= {way.name} if answer.status_code == 200 else set()
    assert {"cases", "case_board", "conversations", "search_residents", "report_list", "resident", "case"} <= looked
    assert {"list_queue", "list_cases", "find_residents", "list_behind_a_figure"} <= looked


def test_nobody_is_shown_in_full_without_an_entry_in_the_record(district: District) -> None:
    """Whatever route it is: a name, phone or ID number in an answer goes with an audit entry."""
    secrets = (THEIR_NAME, THEIR_PHONE.removeprefix("+86"), THEIR_ID)
    shown: set[str] = set()
    for role in sorted(Role, key=lambda one: one is not Role.SUPERVISOR):
        ways = [way for way in district.ways() if role in way.roles and (role is Role.SUPERVISOR) is way.is_supervisors]
        if not ways:
            continue
        district.sign_in(role, Reach.DISTRICT)
        for way in ways:
            before = entries(district)
            answer = district.ask(way, role, Reach.DISTRICT, district.found.numbers)
            if any(secret in answer.text for secret in secrets):
                assert entries(district) > before, (way, role)
                shown.add(way.name)
    assert {"reveal", "reveal_resident", "reveal_detail", "list_cases"} <= shown


def entries(district: District) -> int:
    """Of the record, but for those that say only that the API was called."""
    with district.house.sessions.read() as session:
        told = select(func.count(AuditEntry.id)).where(AuditEntry.action != "api.call")
        return session.scalar(told) or 0
