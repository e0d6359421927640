from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.routing import APIRoute

from models.vocabulary import Role
from outreach_api.web.access import ROUTE_ROLES, may
from tests.builders import a_case, a_conversation, a_match
from tests.web.conftest import FakeHouse, TestClient, form_token

SignedIn = Callable[[Role], TestClient]
OPEN_TO_ALL = {
    "verify",
    "today",
    "data_notice",
    "sign_in_form",
    "sign_in",
    "display",
    "healthz",
    "readyz",
    "metrics",
    "visits_worker",
    "chat_real_name",
    "chat_real_name_back",
    "staff_oidc",
    "staff_oidc_back",
    "report",  # A call's status, by the gateway's own token.
} | {f"chat{part}" for part in ("", "_state", "_identity", "_leave", "_write", "_stream")}
ADDRESSES = {
    "overview": ("GET", "/"),
    "overview_figures": ("GET", "/overview/figures"),
    "cases": ("GET", "/cases"),
    "case": ("GET", "/cases/1"),
    "case_board": ("GET", "/cases/board"),
    "case_board_columns": ("GET", "/cases/board/columns"),
    "assign_cases": ("POST", "/cases/assign"),
    "conversation": ("GET", "/conversations/1"),
    "conversations": ("GET", "/conversations"),
    "conversation_rows": ("GET", "/conversations/rows"),
    "conversation_lines": ("GET", "/conversations/1/lines"),
    "search_conversations": ("POST", "/conversations/search"),
    "mark_conversation": ("POST", "/conversations/1/mark"),
    "settle_mark": ("POST", "/conversations/1/marks/1/settle"),
    "campaigns": ("GET", "/campaigns"),
    "campaign": ("GET", "/campaigns/1"),
    "campaign_figures": ("GET", "/campaigns/1/figures"),
    "campaign_audience": ("GET", "/campaigns/1/audience"),
    "campaign_forecast": ("GET", "/campaigns/1/forecast"),
    "forecast_campaign": ("POST", "/campaigns/1/forecast"),
    "new_campaign": ("GET", "/campaigns/new"),
    "preview_campaign": ("GET", "/campaigns/preview"),
    "create_campaign": ("POST", "/campaigns"),
    "new_notice": ("GET", "/campaigns/notices/new"),
    "create_notice": ("POST", "/campaigns/notices"),
    "edit_campaign": ("GET", "/campaigns/1/edit"),
    "change_campaign": ("POST", "/campaigns/1/edit"),
    "step_campaign": ("POST", "/campaigns/1/start"),
    "residents": ("GET", "/residents"),
    "search_residents": ("POST", "/residents/search"),
    "resident": ("GET", "/residents/1"),
    "reveal_resident": ("POST", "/residents/1/reveal"),
    "keep_resident": ("POST", "/residents/1/keep/quarantine"),
    "look_at_merge": ("GET", "/residents/1/merge?other=99"),
    "merge_resident": ("POST", "/residents/1/merge"),
    "resident_rights": ("GET", "/residents/1/rights"),
    "ask_right": ("POST", "/residents/1/rights"),
    "carry_out_right": ("POST", "/residents/1/rights/1"),
    "policies": ("GET", "/policies"),
    "policy": ("GET", "/policies/elderly-allowance"),
    "new_policy": ("GET", "/policies/new"),
    "check_policy": ("POST", "/policies/check"),
    "submit_policy": ("POST", "/policies/submit"),
    "policy_submission": ("GET", "/policies/submissions/1"),
    "decide_submission": ("POST", "/policies/submissions/1/approved"),
    "confirm_policy": ("POST", "/policies/elderly-allowance/confirm"),
    "pause_policy": ("POST", "/policies/elderly-allowance/pause"),
    "needs": ("GET", "/policies/needs"),
    "staff": ("GET", "/staff"),
    "add_staff": ("POST", "/staff"),
    "change_staff": ("POST", "/staff/99"),
    "set_reach": ("POST", "/staff/99/reach"),
    "step_staff": ("POST", "/staff/99/disable"),
    "api_tokens": ("GET", "/tokens"),
    "add_api_token": ("POST", "/tokens"),
    "revoke_api_token": ("POST", "/tokens/1/revoke"),
    "teams": ("GET", "/teams"),
    "keep_team": ("POST", "/teams"),
    "add_station": ("POST", "/stations"),
    "settings": ("GET", "/settings"),
    "change_setting": ("POST", "/settings/contact_hours"),
    "pause": ("POST", "/pause"),
    "resume": ("POST", "/resume"),
    "work_case": ("POST", "/cases/1/work/accept"),
    "next_case": ("POST", "/cases/next"),
    "presence": ("POST", "/presence"),
    "send_team": ("POST", "/cases/1/team"),
    "give_case": ("POST", "/cases/1/holder"),
    "appeals": ("GET", "/appeals"),
    "appeals_screen": ("GET", "/appeals/screen"),
    "take_appeal": ("POST", "/appeals/new"),
    "describe_appeal": ("POST", "/cases/1/appeal"),
    "care": ("GET", "/care"),
    "stalls": ("GET", "/stalls"),
    "plan_stall": ("POST", "/stalls/new"),
    "cancel_stall": ("POST", "/stalls/1/cancel"),
    "care_follow_up": ("POST", "/care/1"),
    "care_hand_over": ("POST", "/care/hand-over"),
    "desk": ("GET", "/desk"),
    "desk_find": ("POST", "/desk/find"),
    "desk_done": ("POST", "/desk/done"),
    "visits_day": ("GET", "/visits/day"),
    "visits_list": ("GET", "/visits/list"),
    "visits_sync": ("POST", "/visits/sync"),
    "merge_case": ("POST", "/cases/1/merge"),
    "reveal": ("POST", "/cases/1/reveal"),
    "reports": ("GET", "/reports"),
    "report_list": ("GET", "/reports/list"),
    "surveys": ("GET", "/surveys"),
    "survey_form": ("GET", "/cases/1/survey"),
    "record_survey": ("POST", "/cases/1/survey"),
    "undertakings": ("GET", "/undertakings"),
    "ask_undertaking": ("POST", "/undertakings"),
    "decide_undertaking": ("POST", "/undertakings/99/approve"),
    "exports": ("GET", "/reports/exports"),
    "export": ("POST", "/reports/export"),
    "approve_export": ("POST", "/reports/exports/1/approve"),
    "export_file": ("GET", "/reports/exports/1/file"),
    "audit": ("GET", "/audit"),
    "labour_minutes": ("GET", "/reports/minutes"),
    "set_labour_minutes": ("POST", "/reports/minutes"),
    "answer_question": ("POST", "/cases/1/answer"),
    "take_over": ("POST", "/conversations/1/take-over"),
    "give_back": ("POST", "/conversations/1/hand-back"),
    "write": ("POST", "/conversations/1/write"),
    "grant_mandate": ("POST", "/conversations/1/mandates"),
    "revoke_mandate": ("POST", "/conversations/1/mandates/1/revoke"),
    "faqs": ("GET", "/faqs"),
    "review_faq": ("POST", "/faqs/1"),
    "account": ("GET", "/account"),
    "change_own_password": ("POST", "/account/password"),
    "second_factor": ("GET", "/sign-in/second-factor"),
    "give_second_factor": ("POST", "/sign-in/second-factor"),
    "renew_own_factor": ("POST", "/account/second-factor"),
    "end_own_session": ("POST", "/account/sessions/99999/end"),
    "end_other_sessions": ("POST", "/account/sessions/others/end"),
    "sign_out": ("POST", "/sign-out"),
}
FORM = {
    "because": "检查",
    "answer": "全年都能办。",
    "words": "您好",
    "use": "true",
    "version": "1",
    "detail": "phone",
    "purpose": "核对电话",
    "team": "1",
    "staff": "1",
    "into": "2",
    "resident": "1",
    "other": "99",
    "match": "999",
    "why": "顺路",
    "text": "路灯不亮",
    "right": "copy",
}


def routes(client: TestClient) -> Iterator[APIRoute]:
    """Every route, through whatever wraps included routers."""
    found: list[object] = [client.app]
    while found:
        one = found.pop()
        if isinstance(one, APIRoute):
            yield one
        nested = getattr(one, "routes", None) or getattr(getattr(one, "original_router", None), "routes", None)
        found.extend(nested or ())


def console_routes(client: TestClient) -> set[str]:
    by_token = ("/api/", "/webhooks/", "/voice/")
    return {route.name for route in routes(client) if not route.path.startswith(by_token)}


def test_every_page_is_in_the_table_of_roles(client: TestClient) -> None:
    seen = console_routes(client)
    assert "reveal" in seen
    assert seen - OPEN_TO_ALL == set(ROUTE_ROLES)
    assert set(ADDRESSES) | {"live"} == set(ROUTE_ROLES)


def test_a_route_missing_in_the_table_is_open_to_nobody() -> None:
    assert not any(may(role, "not_in_the_table") for role in Role)


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_what_the_table_says_and_nothing_else(
    signed_in: SignedIn, house: FakeHouse, role: Role
) -> None:
    with house.sessions.write() as session:
        match = a_match(session)
        talk = a_conversation(session, match.resident)
        a_case(session, match, conversation_id=talk.id)
    client = signed_in(role)
    token = form_token(client.get("/").text)
    for name, (method, path) in ADDRESSES.items():
        answer = client.request(method, path, data=FORM | {"csrf": token} if method == "POST" else None)
        assert (answer.status_code != 403) == may(role, name), (role, name, answer.status_code)
        assert answer.status_code < 500


@pytest.mark.parametrize("name", [name for name, (method, _) in ADDRESSES.items() if method == "POST"])
@pytest.mark.parametrize("token", ["", "guessed", None])
def test_nothing_changes_without_the_token_of_the_session(signed_in: SignedIn, name: str, token: str | None) -> None:
    client = signed_in(Role.SUPERVISOR)
    answer = client.post(ADDRESSES[name][1], data=FORM | ({} if token is None else {"csrf": token}))
    assert answer.status_code == 403


def test_the_token_of_another_session_is_no_token(signed_in: SignedIn) -> None:
    other = form_token(signed_in(Role.SUPERVISOR).get("/").text)
    client = signed_in(Role.SUPERVISOR)
    assert client.post("/pause", data={"csrf": other, "because": "检查"}).status_code == 403
