"""Whatever the console shows or does, the API does for whoever may: route by route, from the application itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from outreach_api.web.access import ROUTE_ROLES, SAFE_METHODS
from outreach_api.web.api.rights import RIGHTS
from tests.api.conftest import Api

NOT_THE_CONSOLE = ("/api/", "/webhooks/", "/voice/", "/c/")
"""Systems' own doors, and the page that residents write on."""

# A route of the console → the operations of the API that come to the same.
DONE_BY: dict[str, tuple[str, ...]] = {
    "pause": ("pause_all",),
    "resume": ("resume_all",),
    "create_campaign": ("draw_up_campaign",),
    "create_notice": ("draw_up_campaign",),
    "change_campaign": ("change_campaign",),
    "forecast_campaign": ("forecast_campaign",),
    "step_campaign": (
        "approve_campaign", "start_campaign", "pause_one_campaign", "resume_one_campaign", "stop_campaign",
    ),
    "search_residents": ("find_residents",),
    "reveal_resident": ("reveal_detail",),
    "keep_resident": ("keep_record",),
    "merge_resident": ("merge_records",),
    "ask_right": ("ask_for_right",),
    "carry_out_right": ("see_to_wish", "take_copy"),
    "check_policy": ("check_card",),
    "submit_policy": ("submit_card",),
    "decide_submission": ("approve_submission", "refuse_submission"),
    "confirm_policy": ("confirm_card",),
    "pause_policy": ("pause_one_policy", "resume_one_policy"),
    "add_staff": ("add_account",),
    "change_staff": ("change_account",),
    "set_reach": ("set_account_reach",),
    "step_staff": ("step_account",),
    "keep_team": ("keep_visiting_team",),
    "add_station": ("open_station",),
    "revoke_api_token": ("revoke_one_token",),
    "change_setting": ("change_setting",),
    "assign_cases": ("assign_many",),
    "work_case": ("take_case_step",),
    "next_case": ("take_next_case",),
    "presence": ("set_presence",),
    "send_team": ("route_case",),
    "give_case": ("assign_case",),
    "merge_case": ("merge_cases",),
    "answer_question": ("answer_case_question",),
    "reveal": ("reveal_in_case",),
    "record_survey": ("answer_survey_at_home",),
    "take_appeal": ("bring_appeal",),
    "describe_appeal": ("change_appeal",),
    "plan_stall": ("add_stall",),
    "cancel_stall": ("call_off_stall",),
    "care_follow_up": ("follow_care_up",),
    "care_hand_over": ("hand_over_care",),
    "desk_find": ("find_at_the_desk",),
    "desk_done": ("close_at_the_desk", "keep_stall_result"),
    "visits_sync": ("take_day_records",),
    "search_conversations": ("search_words_said",),
    "mark_conversation": ("judge_conversation",),
    "settle_mark": ("settle_judgement",),
    "take_over": ("take_over_conversation",),
    "give_back": ("hand_back_conversation",),
    "write": ("reply_to_conversation",),
    "grant_mandate": ("give_mandate",),
    "revoke_mandate": ("revoke_mandate_at_once",),
    "export": ("ask_for_file",),
    "ask_undertaking": ("apply_with_promise",),
    "decide_undertaking": ("decide_on_undertaking",),
    "approve_export": ("approve_file",),
    "set_labour_minutes": ("change_labour_minutes",),
    "review_faq": ("decide_proposed_answer",),
}  # fmt: skip
SHOWN_BY: dict[str, tuple[str, ...]] = {
    "undertakings": ("list_undertakings",),
    "overview": ("read_overview", "read_pauses"),
    "overview_figures": ("read_overview",),
    "campaigns": ("list_campaigns",),
    "campaign": ("read_campaign",),
    "campaign_figures": ("read_campaign_progress",),
    "campaign_audience": ("preview_audience",),
    "preview_campaign": ("preview_audience",),
    "campaign_forecast": ("list_forecasts",),
    "resident": ("read_resident", "read_why"),
    "look_at_merge": ("look_at_merging",),
    "resident_rights": ("list_wishes", "explain_decisions", "read_data_notices"),
    "policies": ("list_policies", "list_confirmations"),
    "policy": ("read_policy", "read_policy_version"),
    "new_policy": ("read_card_source",),
    "policy_submission": ("read_submission", "review_submission", "list_submissions"),
    "needs": ("list_unanswered",),
    "staff": ("list_staff",),
    "api_tokens": ("list_tokens",),
    "teams": ("list_teams", "list_stations"),
    "settings": ("list_settings",),
    "cases": ("list_queue",),
    "case": ("read_case", "read_background"),
    "case_board": ("list_queue",),
    "case_board_columns": ("list_queue",),
    "appeals": ("read_appeal_figures",),
    "appeals_screen": ("read_appeal_figures",),
    "stalls": ("list_stalls",),
    "care": ("list_care",),
    "visits_list": ("read_visit_day",),
    "conversation": ("read_conversation",),
    "conversation_lines": ("read_conversation",),
    "conversations": ("list_conversations",),
    "conversation_rows": ("list_conversations",),
    "reports": ("read_report",),
    "report_list": ("list_behind_a_figure",),
    "surveys": ("list_surveys", "list_questionnaires"),
    "survey_form": ("read_survey_at_home",),
    "exports": ("list_exports",),
    "export_file": ("take_file",),
    "audit": ("list_audit_entries", "list_audit_alerts"),
    "labour_minutes": ("read_labour_minutes",),
    "faqs": ("list_proposed_answers",),
}
AN_EMPTY_FORM = "an empty form: what may be sent stands in the document"
A_PERSON_AT_A_BROWSER = "how a person comes in and goes out; a system brings its token with each call"
ONLY_AT_THE_CONSOLE: dict[str, str] = {
    "sign_in": A_PERSON_AT_A_BROWSER,
    "sign_out": A_PERSON_AT_A_BROWSER,
    "second_factor": A_PERSON_AT_A_BROWSER,
    "give_second_factor": A_PERSON_AT_A_BROWSER,
    "account": A_PERSON_AT_A_BROWSER,
    "change_own_password": A_PERSON_AT_A_BROWSER,
    "renew_own_factor": A_PERSON_AT_A_BROWSER,
    "end_own_session": A_PERSON_AT_A_BROWSER,
    "end_other_sessions": A_PERSON_AT_A_BROWSER,
    "add_api_token": "a token makes no tokens: what one that leaked had made would outlive its revocation",
    "live": "wakes an open page; systems are told by webhooks, or ask again",
    "new_campaign": AN_EMPTY_FORM,
    "new_notice": AN_EMPTY_FORM,
    "edit_campaign": AN_EMPTY_FORM,
    "residents": AN_EMPTY_FORM,
    "desk": AN_EMPTY_FORM,
    "visits_day": "the page of the phone without anybody in it",
}


def console(app: FastAPI) -> Iterator[tuple[str, bool]]:
    """Each route that somebody signed in uses, and everything else that is posted to; whether it changes something."""
    for found in iter_route_contexts(app.routes):
        path, name = str(found.path or ""), str(found.name)
        if isinstance(found.original_route, APIRoute) and not path.startswith(NOT_THE_CONSOLE):
            changes = bool(set(found.methods or ()) - SAFE_METHODS)
            if changes or name in ROUTE_ROLES:
                yield name, changes


def unthought_of(app: FastAPI) -> set[str]:
    routes = dict(console(app))
    return {name for name, changes in routes.items() if name not in (DONE_BY if changes else SHOWN_BY)} - set(
        ONLY_AT_THE_CONSOLE
    )


@pytest.fixture
def app(api: Api) -> FastAPI:
    app: FastAPI = api.client.app  # type: ignore[assignment]
    return app


def test_whatever_the_console_shows_or_does_the_api_does_or_it_is_said_why_not(app: FastAPI) -> None:
    assert unthought_of(app) == set(), "open it in the API too, or say why not"


def test_the_application_shows_its_console_and_the_tables_hold_nothing_else(app: FastAPI) -> None:
    seen = dict(console(app))
    assert (seen["step_campaign"], seen["sign_in"], seen["overview"]) == (True, True, False)
    assert set(ROUTE_ROLES) | {"sign_in"} == set(seen)
    assert set(DONE_BY) | set(SHOWN_BY) | set(ONLY_AT_THE_CONSOLE) == set(seen)


def test_a_route_that_nobody_thought_of_is_noticed() -> None:
    app = FastAPI()
    app.post("/something/new", name="something_new")(lambda: None)
    app.post("/webhooks/new", name="a_carriers")(lambda: None)
    assert unthought_of(app) == {"something_new"}


def test_who_may_at_the_console_may_through_a_token() -> None:
    for name, operations in (DONE_BY | SHOWN_BY).items():
        for operation in operations:
            assert ROUTE_ROLES[name] <= RIGHTS[operation].roles, (name, operation)
