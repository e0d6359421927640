"""What each route of the API asks for: a scope of the token, and the roles of whom it acts for. One table.

Roles are those of the console's own routes, so that a token never reaches further than whom it acts for. A token that
acts for nobody may read by its scope alone, and do what visiting teams and feeds do; everything else a person answers
for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.vocabulary import Role
from outreach_api.web.access import EVERYBODY, ROUTE_ROLES
from outreach_api.web.tokens import Scope

R = Role


class ActsFor(StrEnum):
    """For whom a token must act."""

    ANYBODY = "anybody"
    A_PERSON = "a_person"


@dataclass(frozen=True)
class Right:
    scope: Scope
    roles: frozenset[Role]
    acts_for: ActsFor


def _read(scope: Scope, roles: frozenset[Role]) -> Right:
    return Right(scope, roles, ActsFor.ANYBODY)


def _write(scope: Scope, roles: frozenset[Role]) -> Right:
    return Right(scope, roles, ActsFor.A_PERSON)


HOOK_READERS = frozenset({R.ADMINISTRATOR, R.AUDITOR})
HOOK_KEEPERS = frozenset({R.ADMINISTRATOR})
VISITING_TEAMS = frozenset({R.TEAM_MEMBER, R.SUPERVISOR})
SURVEY_KEEPERS = frozenset({R.SUPERVISOR})
FEED_SENDERS = frozenset({R.ADMINISTRATOR})

RIGHTS: dict[str, Right] = {
    "list_cases": _read(Scope.CASES, VISITING_TEAMS),
    "accept_case": _read(Scope.CASES, VISITING_TEAMS),
    "take_visit": _read(Scope.CASES, VISITING_TEAMS),
    "take_survey": _read(Scope.CASES, VISITING_TEAMS),
    "take_feed": _read(Scope.FEEDS, FEED_SENDERS),
    "list_queue": _read(Scope.QUEUE_READ, ROUTE_ROLES["cases"]),
    "read_case": _read(Scope.QUEUE_READ, ROUTE_ROLES["case"]),
    "take_next_case": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["next_case"]),
    "set_presence": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["presence"]),
    "take_case_step": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["work_case"]),
    "assign_case": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["give_case"]),
    "route_case": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["send_team"]),
    "merge_cases": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["merge_case"]),
    "answer_case_question": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["answer_question"]),
    "list_conversations": _read(Scope.CONVERSATIONS_READ, ROUTE_ROLES["conversation"]),
    "read_conversation": _read(Scope.CONVERSATIONS_READ, ROUTE_ROLES["conversation"]),
    "take_over_conversation": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["take_over"]),
    "reply_to_conversation": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["write"]),
    "hand_back_conversation": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["give_back"]),
    "list_campaigns": _read(Scope.CAMPAIGNS_READ, ROUTE_ROLES["campaigns"]),
    "read_campaign": _read(Scope.CAMPAIGNS_READ, ROUTE_ROLES["campaign"]),
    "preview_audience": _read(Scope.CAMPAIGNS_READ, ROUTE_ROLES["campaign_audience"]),
    "draw_up_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["create_campaign"]),
    "change_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["change_campaign"]),
    "approve_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["step_campaign"]),
    "start_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["step_campaign"]),
    "pause_one_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["step_campaign"]),
    "resume_one_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["step_campaign"]),
    "stop_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["step_campaign"]),
    "forecast_campaign": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["forecast_campaign"]),
    "list_policies": _read(Scope.POLICIES_READ, ROUTE_ROLES["policies"]),
    "read_policy": _read(Scope.POLICIES_READ, ROUTE_ROLES["policy"]),
    "read_policy_version": _read(Scope.POLICIES_READ, ROUTE_ROLES["policy"]),
    "pause_one_policy": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["pause_policy"]),
    "resume_one_policy": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["pause_policy"]),
    "list_submissions": _read(Scope.POLICIES_READ, ROUTE_ROLES["policy_submission"]),
    "read_submission": _read(Scope.POLICIES_READ, ROUTE_ROLES["policy_submission"]),
    "submit_card": _write(Scope.POLICIES_WRITE, ROUTE_ROLES["submit_policy"]),
    "approve_submission": _write(Scope.POLICIES_WRITE, ROUTE_ROLES["decide_submission"]),
    "refuse_submission": _write(Scope.POLICIES_WRITE, ROUTE_ROLES["decide_submission"]),
    "list_proposed_answers": _read(Scope.POLICIES_READ, ROUTE_ROLES["faqs"]),
    "decide_proposed_answer": _write(Scope.POLICIES_WRITE, ROUTE_ROLES["review_faq"]),
    "find_residents": _write(Scope.RESIDENTS_READ, ROUTE_ROLES["search_residents"]),
    "read_resident": _read(Scope.RESIDENTS_READ, ROUTE_ROLES["resident"]),
    "read_why": _read(Scope.RESIDENTS_READ, ROUTE_ROLES["resident"]),
    "reveal_detail": _write(Scope.RESIDENTS_REVEAL, ROUTE_ROLES["reveal_resident"]),
    "give_mandate": _write(Scope.RESIDENTS_WRITE, ROUTE_ROLES["grant_mandate"]),
    "revoke_mandate_at_once": _write(Scope.RESIDENTS_WRITE, ROUTE_ROLES["revoke_mandate"]),
    "list_stations": _read(Scope.PLACES_READ, ROUTE_ROLES["teams"]),
    "list_teams": _read(Scope.PLACES_READ, ROUTE_ROLES["teams"]),
    "list_staff": _read(Scope.STAFF_READ, ROUTE_ROLES["staff"]),
    "read_report": _read(Scope.REPORTS_READ, ROUTE_ROLES["reports"]),
    "list_behind_a_figure": _write(Scope.REPORTS_READ, ROUTE_ROLES["report_list"]),
    "list_exports": _read(Scope.REPORTS_READ, ROUTE_ROLES["exports"]),
    "ask_for_file": _write(Scope.REPORTS_EXPORT, ROUTE_ROLES["export"]),
    "approve_file": _write(Scope.REPORTS_EXPORT, ROUTE_ROLES["approve_export"]),
    "take_file": _write(Scope.REPORTS_EXPORT, ROUTE_ROLES["export_file"]),
    "list_undertakings": _read(Scope.REPORTS_READ, ROUTE_ROLES["undertakings"]),
    "apply_with_promise": _write(Scope.REPORTS_EXPORT, ROUTE_ROLES["ask_undertaking"]),
    "decide_on_undertaking": _write(Scope.REPORTS_EXPORT, ROUTE_ROLES["decide_undertaking"]),
    "list_surveys": _read(Scope.SURVEYS_READ, ROUTE_ROLES["surveys"]),
    "list_settings": _read(Scope.SETTINGS_READ, ROUTE_ROLES["settings"]),
    "change_setting": _write(Scope.SETTINGS_WRITE, ROUTE_ROLES["change_setting"]),
    "read_pauses": _read(Scope.SETTINGS_READ, EVERYBODY),
    "pause_all": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["pause"]),
    "resume_all": _write(Scope.CAMPAIGNS_WRITE, ROUTE_ROLES["resume"]),
    "list_webhooks": _read(Scope.WEBHOOKS_READ, HOOK_READERS),
    "list_webhook_deliveries": _read(Scope.WEBHOOKS_READ, HOOK_READERS),
    "add_webhook": _write(Scope.WEBHOOKS_WRITE, HOOK_KEEPERS),
    "end_webhook": _write(Scope.WEBHOOKS_WRITE, HOOK_KEEPERS),
    "ping_webhook": _write(Scope.WEBHOOKS_WRITE, HOOK_KEEPERS),
    "send_webhook_again": _write(Scope.WEBHOOKS_WRITE, HOOK_KEEPERS),
    "judge_conversation": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["mark_conversation"]),
    "settle_judgement": _write(Scope.CONVERSATIONS_WRITE, ROUTE_ROLES["settle_mark"]),
    "list_unanswered": _read(Scope.POLICIES_READ, ROUTE_ROLES["needs"]),
    "read_data_notices": _read(Scope.RESIDENTS_READ, ROUTE_ROLES["resident_rights"]),
    "list_wishes": _read(Scope.RESIDENTS_READ, ROUTE_ROLES["resident_rights"]),
    "explain_decisions": _read(Scope.RESIDENTS_READ, ROUTE_ROLES["resident_rights"]),
    "ask_for_right": _write(Scope.RESIDENTS_WRITE, ROUTE_ROLES["ask_right"]),
    "see_to_wish": _write(Scope.RESIDENTS_WRITE, ROUTE_ROLES["carry_out_right"]),
    "take_copy": _write(Scope.RESIDENTS_REVEAL, ROUTE_ROLES["carry_out_right"]),
    "keep_record": _write(Scope.RESIDENTS_WRITE, ROUTE_ROLES["keep_resident"]),
    "look_at_merging": _write(Scope.RESIDENTS_WRITE, ROUTE_ROLES["look_at_merge"]),
    "merge_records": _write(Scope.RESIDENTS_WRITE, ROUTE_ROLES["merge_resident"]),
    "add_account": _write(Scope.STAFF_WRITE, ROUTE_ROLES["add_staff"]),
    "change_account": _write(Scope.STAFF_WRITE, ROUTE_ROLES["change_staff"]),
    "set_account_reach": _write(Scope.STAFF_WRITE, ROUTE_ROLES["set_reach"]),
    "step_account": _write(Scope.STAFF_WRITE, ROUTE_ROLES["step_staff"]),
    "keep_visiting_team": _write(Scope.PLACES_WRITE, ROUTE_ROLES["keep_team"]),
    "open_station": _write(Scope.PLACES_WRITE, ROUTE_ROLES["add_station"]),
    "list_audit_entries": _read(Scope.AUDIT_READ, ROUTE_ROLES["audit"]),
    "list_appeals": _read(Scope.QUEUE_READ, ROUTE_ROLES["cases"]),
    "read_appeal": _read(Scope.QUEUE_READ, ROUTE_ROLES["case"]),
    "read_appeal_figures": _read(Scope.QUEUE_READ, ROUTE_ROLES["appeals"]),
    "bring_appeal": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["take_appeal"]),
    "change_appeal": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["describe_appeal"]),
    "find_at_the_desk": _write(Scope.DESK_READ, ROUTE_ROLES["desk_find"]),
    "close_at_the_desk": _write(Scope.DESK_WRITE, ROUTE_ROLES["desk_done"]),
    "list_stalls": _read(Scope.DESK_READ, ROUTE_ROLES["stalls"]),
    "add_stall": _write(Scope.DESK_WRITE, ROUTE_ROLES["plan_stall"]),
    "call_off_stall": _write(Scope.DESK_WRITE, ROUTE_ROLES["cancel_stall"]),
    "keep_stall_result": _write(Scope.DESK_WRITE, ROUTE_ROLES["desk_done"]),
    "list_care": _read(Scope.CARE_READ, ROUTE_ROLES["care"]),
    "hand_over_care": _write(Scope.CARE_WRITE, ROUTE_ROLES["care_hand_over"]),
    "follow_care_up": _write(Scope.CARE_WRITE, ROUTE_ROLES["care_follow_up"]),
    "check_card": _write(Scope.POLICIES_READ, ROUTE_ROLES["check_policy"]),
    "review_submission": _read(Scope.POLICIES_READ, ROUTE_ROLES["policy_submission"]),
    "read_card_source": _read(Scope.POLICIES_READ, ROUTE_ROLES["new_policy"]),
    "list_confirmations": _read(Scope.POLICIES_READ, ROUTE_ROLES["policies"]),
    "confirm_card": _write(Scope.POLICIES_WRITE, ROUTE_ROLES["confirm_policy"]),
    "assign_many": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["assign_cases"]),
    "read_background": _write(Scope.QUEUE_READ, ROUTE_ROLES["case"]),
    "reveal_in_case": _write(Scope.RESIDENTS_REVEAL, ROUTE_ROLES["reveal"]),
    "read_survey_at_home": _write(Scope.QUEUE_READ, ROUTE_ROLES["survey_form"]),
    "answer_survey_at_home": _write(Scope.QUEUE_WRITE, ROUTE_ROLES["record_survey"]),
    "read_visit_day": _write(Scope.CASES, ROUTE_ROLES["visits_list"]),
    "take_day_records": _write(Scope.CASES, ROUTE_ROLES["visits_sync"]),
    "search_words_said": _write(Scope.CONVERSATIONS_READ, ROUTE_ROLES["search_conversations"]),
    "read_campaign_progress": _read(Scope.CAMPAIGNS_READ, ROUTE_ROLES["campaign_figures"]),
    "list_forecasts": _read(Scope.CAMPAIGNS_READ, ROUTE_ROLES["campaign_forecast"]),
    "read_overview": _read(Scope.REPORTS_READ, ROUTE_ROLES["overview_figures"]),
    "read_labour_minutes": _read(Scope.REPORTS_READ, ROUTE_ROLES["labour_minutes"]),
    "change_labour_minutes": _write(Scope.SETTINGS_WRITE, ROUTE_ROLES["set_labour_minutes"]),
    "list_questionnaires": _read(Scope.SURVEYS_READ, ROUTE_ROLES["surveys"]),
    "begin_one_survey": _write(Scope.SURVEYS_WRITE, SURVEY_KEEPERS),
    "end_one_survey": _write(Scope.SURVEYS_WRITE, SURVEY_KEEPERS),
    "list_tokens": _read(Scope.STAFF_READ, ROUTE_ROLES["api_tokens"]),
    "revoke_one_token": _write(Scope.STAFF_WRITE, ROUTE_ROLES["revoke_api_token"]),
    "list_audit_alerts": _read(Scope.AUDIT_READ, ROUTE_ROLES["audit"]),
}
# They count the whole district for whoever reads them, and show nobody.
DISTRICT_FIGURES = frozenset(
    {
        "list_campaigns", "read_campaign", "read_campaign_progress", "preview_audience", "list_forecasts",
        "read_overview", "read_report", "list_surveys", "list_questionnaires", "read_labour_minutes",
    }
)  # fmt: skip
# They act on the whole district, or on how far somebody sees; a record is read, copied and erased as a whole, or not.
WHOLE_SIGHT_NEEDED = frozenset(
    {
        "draw_up_campaign", "change_campaign", "approve_campaign", "start_campaign", "pause_one_campaign",
        "resume_one_campaign", "stop_campaign", "forecast_campaign", "pause_one_policy", "resume_one_policy",
        "pause_all", "resume_all", "begin_one_survey", "end_one_survey", "change_setting", "change_labour_minutes",
        "add_account", "change_account", "set_account_reach", "step_account", "keep_visiting_team", "open_station",
        "approve_file", "decide_on_undertaking", "list_audit_entries", "list_audit_alerts", "add_webhook",
        "end_webhook", "ping_webhook",
        "send_webhook_again", "take_feed", "list_tokens", "revoke_one_token",
        "see_to_wish", "take_copy",
    }
)  # fmt: skip


def right_to(route_name: str) -> Right | None:
    """What a route asks for; one that is missing in the table is open to nobody."""
    return RIGHTS.get(route_name)
