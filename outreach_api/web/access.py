"""Who may open which page: one table, and the checks that every console route passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import Depends, Request

from models.vocabulary import Role
from outreach_api.privacy.sight import WHOLE, Sight, look_as
from outreach_api.web.auth import SignedIn, Visit, resume, same_secret
from outreach_api.web.cookies import cookie_name
from outreach_api.web.house import house_of
from outreach_api.web.second_factor import needs_factor

SESSION_COOKIE = "staff_session"
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)

R = Role
EVERYBODY = frozenset(Role)
CASE_READERS = frozenset({R.AGENT, R.TEAM_MEMBER, R.SUPERVISOR, R.AUDITOR})
CASE_WORKERS = frozenset({R.AGENT, R.TEAM_MEMBER, R.SUPERVISOR})
TRANSCRIPT_READERS = frozenset({R.AGENT, R.SUPERVISOR, R.AUDITOR})
REPORT_READERS = frozenset({R.SUPERVISOR, R.ANALYST, R.AUDITOR, R.POLICY_EDITOR, R.ADMINISTRATOR})
LIST_READERS = frozenset({R.SUPERVISOR, R.AUDITOR})
EXPORTERS = frozenset({R.SUPERVISOR})
CONVERSATION_WORKERS = frozenset({R.AGENT, R.SUPERVISOR})
FAQ_REVIEWERS = frozenset({R.POLICY_EDITOR, R.SUPERVISOR})
CASE_ROUTERS = frozenset({R.SUPERVISOR})
DESK_WORKERS = frozenset({R.AGENT, R.SUPERVISOR})
VISITORS = frozenset({R.TEAM_MEMBER})
CAMPAIGN_READERS = REPORT_READERS
CAMPAIGN_MAKERS = frozenset({R.SUPERVISOR, R.POLICY_EDITOR})
CAMPAIGN_STEERERS = frozenset({R.SUPERVISOR, R.ADMINISTRATOR})
AUDITORS = frozenset({R.AUDITOR})
MINUTE_KEEPERS = frozenset({R.SUPERVISOR, R.ADMINISTRATOR})
RESIDENT_READERS = frozenset({R.AGENT, R.SUPERVISOR, R.AUDITOR})
REVEALERS = frozenset({R.AGENT, R.SUPERVISOR})
RESIDENT_KEEPERS = frozenset({R.SUPERVISOR})
POLICY_READERS = EVERYBODY
POLICY_EDITORS = frozenset({R.POLICY_EDITOR, R.SUPERVISOR})
STAFF_READERS = frozenset({R.SUPERVISOR, R.AUDITOR, R.ADMINISTRATOR})
STAFF_KEEPERS = frozenset({R.ADMINISTRATOR})
TOKEN_READERS = frozenset({R.ADMINISTRATOR, R.AUDITOR})
TEAM_KEEPERS = frozenset({R.SUPERVISOR, R.ADMINISTRATOR})
PAUSERS = frozenset({R.SUPERVISOR, R.ADMINISTRATOR})
UNDERTAKING_READERS = PAUSERS | {R.AUDITOR}

ROUTE_ROLES: dict[str, frozenset[Role]] = {
    "overview": EVERYBODY,
    "overview_figures": EVERYBODY,
    "live": EVERYBODY,
    "sign_out": EVERYBODY,
    "second_factor": EVERYBODY,
    "give_second_factor": EVERYBODY,
    "account": EVERYBODY,
    "change_own_password": EVERYBODY,
    "renew_own_factor": EVERYBODY,
    "end_own_session": EVERYBODY,
    "end_other_sessions": EVERYBODY,
    "pause": PAUSERS,
    "resume": PAUSERS,
    "campaigns": CAMPAIGN_READERS,
    "campaign": CAMPAIGN_READERS,
    "campaign_figures": CAMPAIGN_READERS,
    "campaign_audience": CAMPAIGN_READERS,
    "campaign_forecast": CAMPAIGN_READERS,
    "new_campaign": CAMPAIGN_MAKERS,
    "preview_campaign": CAMPAIGN_READERS,
    "create_campaign": CAMPAIGN_MAKERS,
    "new_notice": CAMPAIGN_MAKERS,
    "create_notice": CAMPAIGN_MAKERS,
    "edit_campaign": CAMPAIGN_MAKERS,
    "change_campaign": CAMPAIGN_MAKERS,
    "forecast_campaign": CAMPAIGN_MAKERS,
    "step_campaign": CAMPAIGN_STEERERS,
    "residents": RESIDENT_READERS,
    "search_residents": RESIDENT_READERS,
    "resident": RESIDENT_READERS,
    "reveal_resident": REVEALERS,
    "keep_resident": RESIDENT_KEEPERS,
    "look_at_merge": RESIDENT_KEEPERS,
    "merge_resident": RESIDENT_KEEPERS,
    "resident_rights": RESIDENT_READERS,
    "ask_right": REVEALERS,
    "carry_out_right": RESIDENT_KEEPERS,
    "policies": POLICY_READERS,
    "policy": POLICY_READERS,
    "new_policy": POLICY_EDITORS,
    "check_policy": POLICY_EDITORS,
    "submit_policy": POLICY_EDITORS,
    "policy_submission": REPORT_READERS,
    "decide_submission": POLICY_EDITORS,
    "confirm_policy": POLICY_EDITORS,
    "pause_policy": PAUSERS,
    "needs": REPORT_READERS,
    "staff": STAFF_READERS,
    "add_staff": STAFF_KEEPERS,
    "change_staff": STAFF_KEEPERS,
    "set_reach": STAFF_KEEPERS,
    "step_staff": STAFF_KEEPERS,
    "api_tokens": TOKEN_READERS,
    "add_api_token": STAFF_KEEPERS,
    "revoke_api_token": STAFF_KEEPERS,
    "teams": STAFF_READERS,
    "keep_team": TEAM_KEEPERS,
    "add_station": TEAM_KEEPERS,
    "settings": STAFF_READERS,
    "change_setting": TEAM_KEEPERS,
    "cases": CASE_READERS,
    "case": CASE_READERS,
    "case_board": CASE_READERS,
    "case_board_columns": CASE_READERS,
    "assign_cases": CASE_ROUTERS,
    "work_case": CASE_WORKERS,
    "next_case": CASE_WORKERS,
    "presence": frozenset({R.AGENT}),
    "send_team": CASE_ROUTERS,
    "give_case": CASE_ROUTERS,
    "merge_case": CASE_ROUTERS,
    "appeals": CASE_READERS | REPORT_READERS,
    "appeals_screen": CASE_READERS | REPORT_READERS,
    "take_appeal": DESK_WORKERS,
    "describe_appeal": DESK_WORKERS,
    "stalls": DESK_WORKERS | {R.AUDITOR},
    "plan_stall": CASE_ROUTERS,
    "cancel_stall": CASE_ROUTERS,
    "care": DESK_WORKERS | {R.AUDITOR},
    "care_follow_up": DESK_WORKERS,
    "care_hand_over": CASE_ROUTERS,
    "desk": DESK_WORKERS,
    "desk_find": DESK_WORKERS,
    "desk_done": DESK_WORKERS,
    "visits_day": VISITORS,
    "visits_list": VISITORS,
    "visits_sync": VISITORS,
    "reveal": CASE_WORKERS,
    "conversation": TRANSCRIPT_READERS,
    "conversations": TRANSCRIPT_READERS,
    "conversation_rows": TRANSCRIPT_READERS,
    "conversation_lines": TRANSCRIPT_READERS,
    "search_conversations": TRANSCRIPT_READERS,
    "mark_conversation": CONVERSATION_WORKERS,
    "settle_mark": CONVERSATION_WORKERS,
    "reports": REPORT_READERS,
    "report_list": LIST_READERS,
    "export": EXPORTERS,
    "surveys": LIST_READERS,
    "survey_form": CASE_WORKERS,
    "record_survey": CASE_WORKERS,
    "exports": LIST_READERS,
    "undertakings": UNDERTAKING_READERS,
    "ask_undertaking": PAUSERS,
    "decide_undertaking": PAUSERS,
    "approve_export": EXPORTERS,
    "export_file": EXPORTERS,
    "audit": AUDITORS,
    "labour_minutes": REPORT_READERS,
    "set_labour_minutes": MINUTE_KEEPERS,
    "take_over": CONVERSATION_WORKERS,
    "give_back": CONVERSATION_WORKERS,
    "write": CONVERSATION_WORKERS,
    "grant_mandate": CONVERSATION_WORKERS,
    "revoke_mandate": CONVERSATION_WORKERS,
    "answer_question": CASE_WORKERS,
    "faqs": FAQ_REVIEWERS,
    "review_faq": FAQ_REVIEWERS,
}
# Fetched by the page itself, not by a person.
BACKGROUND = frozenset(
    {"overview_figures", "live", "conversation_rows", "conversation_lines", "campaign_figures", "case_board_columns"}
)
# What opens with one factor, where a role needs two.
HALF_WAY_IN = frozenset({"second_factor", "give_second_factor", "sign_out"})
# They count the whole district for whoever reads them, and show nobody.
DISTRICT_FIGURES = frozenset(
    {
        "overview", "overview_figures", "campaigns", "campaign", "campaign_figures", "campaign_audience",
        "campaign_forecast", "preview_campaign", "reports", "surveys", "labour_minutes",
    }
)  # fmt: skip
# They act on the whole district, or on how far somebody sees; a record is read, copied and erased as a whole, or not.
WHOLE_SIGHT_NEEDED = frozenset(
    {
        "pause", "resume", "pause_policy", "new_campaign", "create_campaign", "edit_campaign", "change_campaign",
        "forecast_campaign", "step_campaign", "change_setting", "set_labour_minutes", "add_staff", "change_staff",
        "set_reach", "step_staff", "keep_team", "add_station", "approve_export", "decide_undertaking", "audit",
        "api_tokens", "add_api_token",
        "revoke_api_token",
        "carry_out_right",
    }
)  # fmt: skip


class NotSignedIn(Exception):  # noqa: N818
    def __init__(self, came_for: str) -> None:
        super().__init__("not signed in")
        self.came_for = came_for


class SecondFactorMissing(Exception):  # noqa: N818
    """They showed one factor, and their role needs two."""

    def __init__(self, came_for: str) -> None:
        super().__init__("one factor is not enough")
        self.came_for = came_for


class NotAllowed(Exception):  # noqa: N818
    """This role may not do that."""


class ForgedRequest(Exception):  # noqa: N818
    """The form was not made by our page for this session."""


def may(role: Role, route_name: str) -> bool:
    """Whether a role may use a route; one that is missing in the table is open to nobody."""
    return role in ROUTE_ROLES.get(route_name, frozenset())


def can(viewer: SignedIn, route_name: str) -> bool:
    """Whether somebody may use a route: by their role, and by how far they see."""
    return may(viewer.role, route_name) and (viewer.sight.is_whole or route_name not in WHOLE_SIGHT_NEEDED)


def sees_people(role: Role | None, sight: Sight) -> bool:
    """Whether somebody may look at every person that a figure of the district counts; a system may not."""
    return role is not None and may(role, "cases") and sight.is_whole


def signed_in(request: Request) -> SignedIn:
    """Who is at the browser, if they may be here.

    From here on every query of the request sees no further than they do.

    Raises:
        NotSignedIn: nobody is, any more.
        SecondFactorMissing: their role needs two factors, and they have shown one.
        NotAllowed: their role may not, or they do not see far enough.
    """
    house = house_of(request)
    name = request.scope["route"].name
    token = request.cookies.get(cookie_name(request, SESSION_COOKIE), "")
    now = request.app.state.wall_clock.now()
    visit = Visit.BY_PAGE if name in BACKGROUND else Visit.BY_PERSON
    found = token and resume(house.sessions, token, house.settings, now=now, visit=visit)
    if not found:
        raise NotSignedIn(_address(request))
    if not found.sight.is_whole:
        found = replace(found, sight=found.sight.knowing(house.cards))
    request.state.signed_in = found
    # Asked at each request: who is given another role shows what that one takes.
    if not found.two_factors and name not in HALF_WAY_IN and needs_factor(house.settings, found.role):
        raise SecondFactorMissing(_address(request))
    if not can(found, name):
        log.warning("page_refused", staff=found.staff_id, route=name)
        raise NotAllowed(name)
    look_as(WHOLE if name in DISTRICT_FIGURES else found.sight)
    return found


Viewer = Annotated[SignedIn, Depends(signed_in)]


async def genuine(request: Request, viewer: Viewer) -> None:
    """Check on everything that changes something that our own page sent it.

    Raises:
        ForgedRequest: the session's token is missing or wrong.
    """
    if request.method in SAFE_METHODS:
        return
    sent = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD)
    if not isinstance(sent, str) or not same_secret(sent, viewer.csrf):
        raise ForgedRequest


def local_path(path: str | None) -> str:
    """`path` if it leads to a page of ours, else the start page: a link must not lead out of the house."""
    wanted = path or "/"
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_ours else "/"


def _address(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(f"{request.url.path}{query}" if request.method in SAFE_METHODS else "/", safe="/")
