"""No form in which figures leave gives a small cell away, alone or held against the others.

Two districts are alike but for a cell of one person in the one and of four in the other, spread over every noun that is
counted. Whatever leaves must be the same for both: then no cell, no sum, no share and no difference between two forms,
dates or breakdowns says which of them it is. The same forms, read by who sees the people, do tell them apart.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.appeal import Appeal
from models.contact import Campaign, RefusedContact
from models.match import Application, MatchChange, Snapshot
from models.report import CampaignForecast, ExportRequest
from models.report_views import ALL_VIEWS, BI_VIEWS, renew_views
from models.session import Sessions
from models.stall import StallDay, StallInvitation, StallResult
from models.survey import Survey, SurveyAnswer, SurveyInvitation
from models.vocabulary import (
    AppealCategory,
    ApplicationChannel,
    ApplicationStatus,
    CampaignState,
    CaseKind,
    CaseReason,
    ContactState,
    HookTopic,
    InvitationState,
    MatchState,
    Reach,
    Refusal,
    Role,
    StallOutcome,
    StopReason,
)
from outreach_api.cli import COMMANDS
from outreach_api.measures import registry_of
from outreach_api.privacy.leaving import FORMS, Care
from outreach_api.privacy.small_cells import SMALLEST_SHOWN, all_in_tens
from outreach_api.reports.build import build_report
from outreach_api.reports.export import Form as FileForm
from outreach_api.reports.print import _content
from outreach_api.reports.report import Kind
from outreach_api.reports.spreadsheet import write_xlsx
from outreach_api.reports.words import Words
from outreach_api.settings import ROOT, Settings
from outreach_api.spool import Spool
from outreach_api.web.access import CASE_READERS, DISTRICT_FIGURES, ROUTE_ROLES
from outreach_api.web.api.rights import DISTRICT_FIGURES as API_DISTRICT_FIGURES
from outreach_api.web.api.rights import RIGHTS, ActsFor
from outreach_api.web.app import create_app
from outreach_api.web.tokens import Scope
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import (
    NOON,
    a_case,
    a_contact,
    a_conversation,
    a_database,
    a_match,
    a_resident,
    a_staff_member,
    an_api_token,
)
from tests.web.conftest import PASSWORD_HASH, TOTP_SECRET, FakeHouse, TestClient, sign_in

ZONE = ZoneInfo("Asia/Shanghai")
TOLD, NEW = "elderly-allowance", "elderly-health-check"
MANY, FEW, MORE = 20, 1, 4
STREETS = ("东门街道", "桂园街道")
# Numbers of an answer that count no residents: what something is called, was set to, or how long it took.
NO_COUNTS = {
    "id", "version", "limit", "lat", "lon", "depth", "episode", "confidence", "calls_a_minute", "most_cases",
    "visits_per_day", "line", "score", "daily_cap", "priority", "after_days", "days", "seeds", "attempts", "status",
    "minutes", "assumed", "answered_late_by_seconds", "merged_into", "taken_over_by", "by", "next", "campaigns",
}  # fmt: skip


# The forms that there are


def counts_in(schema: dict[str, Any], parts: dict[str, Any], seen: tuple[str, ...] = ()) -> Iterator[tuple[str, bool]]:
    """The counts that an answer may hold: what each is called, and whether it may be withheld."""
    named = schema.get("$ref", "").rpartition("/")[2]
    if named and named not in seen:
        yield from counts_in(parts[named], parts, (*seen, named))
    if schema.get("type") in ("integer", "number"):
        yield "", False
    either = schema.get("anyOf", [])
    may_be_none = any(one.get("type") == "null" for one in either)
    within = [*either, *(schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict))]
    for one in within:
        for name, withheld in counts_in(one, parts, seen):
            yield name, withheld or may_be_none
    for name, one in schema.get("properties", {}).items():
        found = [(inner or name, withheld) for inner, withheld in counts_in(one, parts, seen)]
        yield from ((last, withheld) for last, withheld in found if last not in NO_COUNTS and not last.endswith("_id"))


def operations() -> dict[str, dict[str, bool]]:
    """Operation → its counts, and whether each may be withheld."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    found = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            answers = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
            schemas = [kind.get("schema", {}) for answer in answers for kind in answer.get("content", {}).values()]
            parts = document["components"]["schemas"]
            counts = dict(count for schema in schemas for count in counts_in(schema, parts) if count[0])
            if counts:
                found[operation["operationId"]] = counts
    return found


def sees_each(operation: str) -> bool:
    """Whether only those may call it who may open every person that it counts."""
    right = RIGHTS[operation]
    is_narrow = right.roles <= CASE_READERS and right.acts_for is ActsFor.A_PERSON
    return is_narrow and operation not in API_DISTRICT_FIGURES


def pages(app: Any) -> Iterator[str]:
    for found in iter_route_contexts(app.routes):
        route, path = found.original_route, found.path or ""
        if isinstance(route, APIRoute) and not path.startswith(("/api/", "/webhooks/", "/voice/")):
            roles = ROUTE_ROLES.get(str(found.name))
            is_narrow = roles is not None and roles <= CASE_READERS and found.name not in DISTRICT_FIGURES
            if "GET" in (found.methods or ()) and not is_narrow:
                yield str(found.name)


def forms_there(app: Any, house: FakeHouse) -> set[str]:
    metrics = registry_of(house.sessions, house.clock, Spool.of(house.settings, house.ring)).collect()
    return (
        {f"api:{name}" for name in operations() if not sees_each(name)}
        | {f"console:{name}" for name in pages(app)}
        | {f"bi:{name}" for name in ALL_VIEWS}
        | {f"told:{topic}" for topic in HookTopic}
        | {f"export:{form}" for form in FileForm}
        | {f"report:{form}" for form in ("json", "xlsx", "pdf")}
        | {f"measured:{metric.name}" for metric in metrics}
        | {f"command:{name}" for name in COMMANDS}
    )


# Two districts


@dataclass
class District:
    """One of the two, with a browser and a caller that see no people, and the same that do."""

    house: FakeHouse
    client: TestClient
    folder: Path

    @property
    def sessions(self) -> Sessions:
        return self.house.sessions

    def call(self, path: str, *, as_: str) -> str:
        answer = self.client.get(f"/api/v1{path}", headers={"authorization": f"Bearer {as_}"})
        assert answer.status_code == 200, (path, answer.text)
        return str(answer.text)

    def page(self, path: str, *, as_: str) -> str:
        self.client.cookies.set("staff_session", self.sessions_of[as_])
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return re.sub(r'(csrf" value=|nonce=|X-CSRF-Token": )"[^"]+"', "", answer.text)

    def sign_in(self) -> None:
        self.sessions_of: dict[str, str] = {}
        for name, role, sight in (("outsider", Role.ANALYST, {}), ("insider", Role.SUPERVISOR, {}), ("reach", *PART)):
            with self.sessions.write() as session:
                secret = TOTP_SECRET if role is Role.ADMINISTRATOR else None
                values = {"password_hash": PASSWORD_HASH, "totp_secret": secret} | sight
                staff = a_staff_member(session, role, **values)
                an_api_token(session, name, *Scope, staff_id=staff.id)
            assert sign_in(self.client, staff) == 303
            self.sessions_of[name] = self.client.cookies["staff_session"]
            self.client.cookies.clear()

    def report(self, kind: Kind, *, in_full: bool) -> Any:
        policy = TOLD if kind is Kind.CAMPAIGN else None
        return build_report(self.sessions, kind, zone=ZONE, policy_id=policy, shows_small_cells=in_full)


PART = (Role.SUPERVISOR, {"reach": Reach.STREETS, "streets": [STREETS[0]]})


def fill(session: Session, few: int) -> None:
    """Twenty people of one street, and a few of another to whom all else happened."""
    session.add(Campaign(policy_id=TOLD, name="秋季", state=CampaignState.RUNNING, starts_on=NOON.date(), daily_cap=5))
    stall = StallDay(
        on=NOON.date(), hours="9点", place="社区", street=STREETS[0], created_by="staff:1", created_at=NOON
    )
    survey = Survey(name="回访", questionnaire="after-service", version=1, sample={}, starts_on=NOON.date())
    session.add_all([stall, survey])
    session.flush()
    for number in range(MANY + few):
        person(session, number >= MANY, stall, survey)
    expected = {"contacts": [[0, MANY + few, MANY + few]], "done": [[0, few, few]], "cost": [[0, 0.5 * few, few]]}
    kept = {"policy_id": TOLD, "made_at": NOON - timedelta(days=1), "made_by": "staff:1", "days": 1, "seeds": 20}
    assumed = {"text_parts": 1, "yuan_per_part": 0.05}
    session.add(
        CampaignForecast(**kept, starts_on=NOON.date(), matches=MANY + few, assumptions=assumed, expected=expected)
    )
    counts = {TOLD: {"eligible": 100 + few, "newly_matched": MANY + few}}
    session.add(Snapshot(digest="0" * 64, as_of=NOON.date(), counts=counts, created_at=NOON))
    asked = {"purpose": "核对", "form": "csv", "filters": {}, "fields": ["policy"], "promise": "", "rows": few}
    session.add(ExportRequest(requested_at=NOON, requested_by="staff:1", **asked))


def person(session: Session, is_few: bool, stall: StallDay, survey: Survey) -> None:
    street = STREETS[is_few]
    resident = a_resident(session, street=street, community=f"{street}社区", sex="male" if is_few else "female")
    a_match(session, resident, policy_id=NEW, state=MatchState.NEW)
    state = MatchState.APPLIED_AT_HALL if is_few else MatchState.IN_OUTREACH
    closed = NOON if is_few else None
    match = a_match(session, resident, policy_id=TOLD, state=state, closed_at=closed)
    contact = a_contact(
        session, match, campaign_id=1, sent_at=NOON, state=ContactState.ANSWERED if is_few else ContactState.DELIVERED
    )
    a_conversation(session, resident)
    a_case(session, match, kind=CaseKind.COMPLAINT if is_few else CaseKind.HUMAN)
    appeal = a_case(
        session, kind=CaseKind.APPEAL, reason=CaseReason.REPORTED, resident_id=resident.id, summary="楼下噪音"
    )
    category = AppealCategory.LIFT if is_few else AppealCategory.NOISE
    session.add(Appeal(case_id=appeal.id, category=category, department="城管", street=street))
    session.add(StallInvitation(stall_id=stall.id, resident_id=resident.id, contact_id=contact.id))
    invited = InvitationState.REFUSED if is_few else InvitationState.FINISHED
    invitation = SurveyInvitation(
        survey_id=survey.id, resident_id=resident.id, match_id=match.id, policy_id=TOLD, stratum=f"{street} {TOLD}",
        state=invited, framed_at=NOON, invited_at=NOON,
    )  # fmt: skip
    session.add(invitation)
    session.flush()
    reason = Refusal.DAILY_CAP if is_few else Refusal.QUIET_HOURS
    held = RefusedContact(match_id=match.id, resident_id=resident.id, reason=reason, on=NOON.date(), at=NOON)
    session.add(held)
    score = "1" if is_few else "5"
    session.add(SurveyAnswer(invitation_id=invitation.id, question="satisfaction", value=score, at=NOON))
    if is_few:
        session.add(
            StallResult(stall_id=stall.id, match_id=match.id, outcome=StallOutcome.APPLIED, at=NOON, by="staff:1")
        )
        session.add(MatchChange(match_id=match.id, at=NOON, old=MatchState.NEW, new=MatchState.INTERESTED, because="x"))
        session.add(
            Application(
                external_ref=str(match.id), status=ApplicationStatus.SUBMITTED, resident_id=resident.id, policy_id=TOLD,
                channel=ApplicationChannel.HALL, occurred_on=NOON.date(), received_at=NOON,
            )
        )  # fmt: skip
        scope = StopScope(resident.id, None)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)


@contextlib.contextmanager
def a_district(folder: Path, few: int) -> Iterator[District]:
    folder.mkdir()
    sessions = a_database(f"sqlite:///{folder}/a.db")
    house = FakeHouse(sessions, Settings(_env_file=None, home=folder, public_url="http://testserver"))
    with sessions.write() as session:
        renew_views(session.connection())
        fill(session, few)
        an_api_token(session, "system", *Scope)
    with TestClient(create_app(house, wall_clock=house.clock), follow_redirects=False) as client:
        district = District(house, client, folder)
        district.sign_in()
        yield district
    sessions.engine.dispose()


@pytest.fixture(scope="module")
def districts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[District, District]]:
    folder = tmp_path_factory.mktemp("leaving")
    with a_district(folder / "few", FEW) as one, a_district(folder / "more", MORE) as other:
        yield one, other


# What leaves


def reports(in_full: bool) -> Callable[[District], list[Any]]:
    return lambda district: [district.report(kind, in_full=in_full) for kind in Kind]


def as_json(made: list[Any]) -> str:
    return json.dumps([one.as_json() for one in made])


def as_workbook(made: list[Any], folder: Path) -> str:
    said = []
    for one in made:
        write_xlsx(one, folder / "r.xlsx", zh=True)
        book = load_workbook(folder / "r.xlsx")
        said.append([list(row) for sheet in book for row in sheet.iter_rows(values_only=True)])
    return json.dumps(said, default=str)


def as_print(made: list[Any]) -> str:
    return json.dumps([_content(one, Words(one, zh=True), ZONE) for one in made])


def bi(name: str) -> Callable[[District, str], str]:
    def look(district: District, as_: str) -> str:
        with district.sessions.read() as session:
            source = BI_VIEWS[name].partition("FROM (")[2].rpartition(") g")[0]
            query = source if as_ == "insider" else f"SELECT * FROM {name}"  # noqa: S608 - a name of ours
            return str(sorted(map(str, session.execute(text(query)).all())))

    return look


def api(path: str) -> Callable[[District, str], str]:
    return lambda district, as_: district.call(path, as_=as_)


def page(path: str) -> Callable[[District, str], str]:
    return lambda district, as_: district.page(path, as_=as_)


PROBES: dict[str, Callable[[District, str], str]] = {
    "api:read_overview": api("/overview"),
    "api:list_campaigns": api("/campaigns"),
    "api:read_campaign": api("/campaigns/1"),
    "api:read_campaign_progress": api("/campaigns/1/progress"),
    "api:preview_audience": api(f"/policies/{NEW}/audience?daily_cap=1"),
    "api:list_forecasts": api(f"/policies/{TOLD}/forecasts"),
    "api:read_report": lambda district, as_: "".join(
        district.call(f"/reports/{kind}?policy={TOLD}", as_=as_) for kind in Kind
    ),
    "api:list_surveys": api("/surveys"),
    "api:list_exports": api("/exports"),
    "api:list_stalls": api("/stalls"),
    "api:read_appeal_figures": api("/appeals/figures?days=3"),
    "console:overview": page("/"),
    "console:campaigns": page("/campaigns"),
    "console:campaign": page("/campaigns/1"),
    "console:campaign_audience": page(f"/campaigns/preview?policy_id={NEW}&daily_cap=1"),
    "console:reports": page(f"/reports?policy={TOLD}"),
    "console:surveys": page("/surveys"),
    "console:appeals": page("/appeals?days=3"),
    "console:appeals_screen": page("/appeals/screen"),
    "report:json": lambda district, as_: as_json(reports(as_ == "insider")(district)),
    "report:xlsx": lambda district, as_: as_workbook(reports(as_ == "insider")(district), district.folder),
    "report:pdf": lambda district, as_: as_print(reports(as_ == "insider")(district)),
    **{f"bi:{name}": bi(name) for name in BI_VIEWS},
}
# Whoever may read them at all and sees no people, where that is not a role of the whole district.
READ_BY = {
    "api:list_surveys": ("system", "reach"),
    "api:list_exports": ("system", "reach"),
    "api:list_stalls": ("system", "reach"),
    "console:surveys": ("reach",),
    # A reach narrows appeals to those that it may open.
    "api:read_appeal_figures": ("outsider",),
    "console:appeals": ("outsider",),
    "console:appeals_screen": ("outsider", "insider"),
}
NOT_SEEN_BY_DUTY = {"console:appeals_screen"}


def difference(one: str, other: str) -> list[str]:
    """The words that the two do not share."""
    before, after = (re.findall(r"[^\s,\[\]{}]+", said) for said in (one, other))
    return [
        line for line in difflib.unified_diff(before, after, n=4, lineterm="") if line[:2] not in ("--", "++", "@@")
    ]


def test_every_form_is_in_the_table_and_nothing_else_is(districts: tuple[District, District]) -> None:
    there = forms_there(districts[0].client.app, districts[0].house)
    assert there == set(FORMS), "say in outreach_api/privacy/leaving.py how it leaves"
    assert all(form.ground for form in FORMS.values())


def test_what_is_in_tens_is_looked_at_here_or_made_by_what_is() -> None:
    own = {name for name, form in FORMS.items() if form.care is Care.IN_TENS and form.like is None}
    assert own == set(PROBES)
    assert {form.like for form in FORMS.values() if form.like} <= own


def test_a_count_of_the_api_may_be_withheld() -> None:
    machine = {"unknown_sends", "to_send", "to_answer", "put_off", "parked"}
    for name, counts in operations().items():
        if FORMS.get(f"api:{name}", FORMS["command:report"]).care is Care.IN_TENS:
            assert {count for count, withheld in counts.items() if not withheld} <= machine, name


@pytest.mark.parametrize("name", PROBES)
def test_who_sees_no_people_cannot_tell_one_from_four(districts: tuple[District, District], name: str) -> None:
    for reader in READ_BY.get(name, ("outsider", "reach")):
        one, other = (PROBES[name](district, reader) for district in districts)
        assert difference(one, other) == [], reader


@pytest.mark.parametrize("name", [name for name in PROBES if name not in NOT_SEEN_BY_DUTY])
def test_who_sees_the_people_can(districts: tuple[District, District], name: str) -> None:
    """Else the test above would look at forms that count nobody."""
    one, other = (PROBES[name](district, "insider") for district in districts)
    assert difference(one, other) != []


def test_tens_say_of_no_difference_how_many_it_is() -> None:
    """Whatever a whole and its part are shown as, at least nine numbers of others are possible."""
    for whole in range(SMALLEST_SHOWN, 60):
        for part in range(SMALLEST_SHOWN, whole + 1):
            shown = all_in_tens({"whole": whole, "part": part})
            rests = {
                w - p
                for w in range(shown["whole"], shown["whole"] + 10)
                for p in range(shown["part"], shown["part"] + 10)
                if w >= p
            }
            assert len(rests) >= SMALLEST_SHOWN - 1
