"""What lists there are behind figures, from matches to survey answers, and which figure counts what.

The conditions are those of the figures (`counting.py`), said over rows in place of sums; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.report_views import SAID_YES
from outreach_api.reports.counting import CLOSE_CALL, NO_CLAIM, NO_REASON, UNATTRIBUTED
from outreach_api.reports.uplift import AT_RISK

WHO = ("name", "phone", "street", "community")
OF_MATCH = "m.match_id IN (SELECT match_id FROM report_match WHERE policy_id = $policy)"
OF_RESIDENT = "m.resident_id IN (SELECT resident_id FROM report_match WHERE policy_id = $policy)"
OF_CONTACT = (
    "EXISTS (SELECT 1 FROM contact_match k JOIN report_match n ON n.match_id = k.match_id "
    "WHERE k.contact_id = m.contact_id AND n.policy_id = $policy)"
)


@dataclass(frozen=True)
class ListKind:
    """`source` gives a row with every column but name and phone; `of_policy` and `groups` are what narrows it."""

    columns: tuple[str, ...]
    source: str
    of_policy: str
    groups: Mapping[str, str] = field(default_factory=dict)
    """Name of a filter → the cell it is compared with."""
    spans: bool = True
    """Whether it holds what happened in the report's span (by the column `at`)."""


class Of(StrEnum):
    MATCHES = "matches"
    TOLD = "told"
    VISITS = "visits"
    CASES = "cases"
    CONTACTS = "contacts"
    MESSAGES = "messages"
    CONVERSATIONS = "conversations"
    STOPS = "stops"
    INVITATIONS = "invitations"
    ANSWERS = "answers"


def _day(cell: str, name: str) -> str:
    return f"strftime({cell}, '%Y-%m-%d') AS {name}"


_PLACE = "COALESCE(r.street, '') AS street, COALESCE(r.community, '') AS community"

KINDS: dict[Of, ListKind] = {
    Of.MATCHES: ListKind(
        columns=(
            "match_id", "policy", *WHO, "age_band", "sex", "state", "contacts", "channel", "opened_on", "closed_on",
            "applied_on",
        ),
        source=f"""SELECT q.* EXCLUDE (applied_on), q.policy_id AS policy, {_day("q.opened_at", "opened_on")},
            {_day("q.closed_at", "closed_on")}, {_day("q.applied_on", "applied_on")}, f.reason, q.opened_at AS at
            FROM report_match q LEFT JOIN (SELECT match_id, arg_max(h.reason, h.at) AS reason FROM report_refusal h
              GROUP BY 1) f ON f.match_id = q.match_id""",
        of_policy="m.policy_id = $policy",
        groups={
            "street": "m.street", "community": "m.community", "age_band": "m.age_band", "sex": "m.sex",
            "state": "m.state", "dialect": "m.dialect",
            "channel": "CASE WHEN m.contacts = 0 THEN 'not_told' ELSE m.channel END",
            "application_channel":
                f"CASE WHEN m.application_channel = '' THEN '{UNATTRIBUTED}' ELSE m.application_channel END",
            "reason": f"COALESCE(m.reason, '{NO_REASON}')",
        },
        spans=False,
    ),
    Of.TOLD: ListKind(
        columns=("contact_id", "match_id", "policy", *WHO, "channel", "contact_state", "sent_on"),
        source=f"""SELECT q.contact_id, q.match_id, n.resident_id, n.policy_id AS policy, n.opened_at, {_PLACE},
            q.channel,
            q.state AS contact_state, {_day("q.told_at", "sent_on")}, q.told_at AS at
            FROM report_told q JOIN report_match n ON n.match_id = q.match_id
            LEFT JOIN resident r ON r.id = n.resident_id""",
        of_policy="m.policy = $policy",
        spans=False,
    ),
    Of.VISITS: ListKind(
        columns=("case_id", "policy", *WHO, "visit_outcome", "visited_on"),
        source=f"""SELECT q.case_id, c.match_id, c.resident_id, COALESCE(c.policy_id, '') AS policy, {_PLACE},
            q.outcome AS visit_outcome, {_day("q.visit_on", "visited_on")}, c.opened_at AS at
            FROM visit q JOIN report_case c ON c.case_id = q.case_id LEFT JOIN resident r ON r.id = c.resident_id""",
        of_policy=OF_MATCH,
    ),
    Of.CASES: ListKind(
        columns=("case_id", "policy", *WHO, "kind", "case_state", "opened_on", "due_on", "settled_on"),
        source=f"""SELECT q.*, COALESCE(q.policy_id, '') AS policy, {_PLACE}, q.state AS case_state,
            {_day("q.opened_at", "opened_on")}, {_day("q.due_at", "due_on")}, {_day("q.resolved_at", "settled_on")},
            q.opened_at AS at FROM report_case q LEFT JOIN resident r ON r.id = q.resident_id""",
        of_policy=OF_MATCH,
        groups={"kind": "m.kind"},
    ),
    Of.CONTACTS: ListKind(
        columns=("contact_id", *WHO, "channel", "purpose", "contact_state", "cause", "carrier", "sent_on"),
        source=f"""SELECT q.*, {_PLACE}, q.state AS contact_state, COALESCE(q.provider, '') AS carrier,
            {_day("q.sent_at", "sent_on")}, COALESCE(q.sent_at, q.due_at) AS at
            FROM report_contact q LEFT JOIN resident r ON r.id = q.resident_id
            WHERE q.purpose IN ('offer', 'reminder', 'survey', 'visit_notice')""",
        of_policy=OF_CONTACT,
        groups={
            "channel": "m.channel", "carrier": "m.carrier", "contact_state": "m.contact_state",
            "cause": "COALESCE(m.cause, '')",
        },
    ),
    Of.MESSAGES: ListKind(
        columns=("conversation_id", *WHO, "intent", "rival", "said_on"),
        source=f"""SELECT q.conversation_id, v.resident_id, {_PLACE}, q.at, q.intent, q.rival, q.lead, q.was_lost,
            {_day("q.at", "said_on")}
            FROM message q JOIN conversation v ON v.id = q.conversation_id
            LEFT JOIN resident r ON r.id = v.resident_id WHERE q.direction = 'in'""",
        of_policy=OF_RESIDENT,
        groups={"intent": "m.intent", "rival": "m.rival"},
    ),
    Of.CONVERSATIONS: ListKind(
        columns=("conversation_id", *WHO, "outcome", "said_on"),
        source=f"""SELECT q.id AS conversation_id, q.resident_id, {_PLACE}, q.outcome, h.at, {_day("h.at", "said_on")}
            FROM conversation q LEFT JOIN resident r ON r.id = q.resident_id
            JOIN (SELECT p.conversation_id, MAX(p.at) AS at FROM message p
              WHERE p.direction = 'in' AND ($since IS NULL OR p.at >= $since) AND ($until IS NULL OR p.at < $until)
              GROUP BY 1) h ON h.conversation_id = q.id""",
        of_policy=OF_RESIDENT,
    ),
    Of.STOPS: ListKind(
        columns=("resident_id", *WHO, "stop_reason", "placed_on", "released_on"),
        source=f"""SELECT q.resident_id, {_PLACE}, q.reason AS stop_reason, q.placed_at AS at,
            {_day("q.placed_at", "placed_on")}, {_day("q.released_at", "released_on")}
            FROM contact_stop q LEFT JOIN resident r ON r.id = q.resident_id""",
        of_policy=OF_RESIDENT,
    ),
    Of.INVITATIONS: ListKind(
        columns=("invitation_id", "policy", *WHO, "stratum", "channel", "invitation_state", "invited_on"),
        source=f"""SELECT q.id AS invitation_id, q.match_id, q.resident_id, q.policy_id AS policy, {_PLACE}, q.stratum,
            q.channel, q.state AS invitation_state, {_day("q.invited_at", "invited_on")}, q.invited_at AS at
            FROM survey_invitation q LEFT JOIN resident r ON r.id = q.resident_id""",
        of_policy=OF_MATCH,
        groups={"stratum": "m.stratum"},
        spans=False,
    ),
    Of.ANSWERS: ListKind(
        columns=("invitation_id", "policy", *WHO, "question", "answer", "answered_on"),
        source=f"""SELECT q.invitation_id, i.match_id, i.resident_id, i.policy_id AS policy, {_PLACE}, q.question,
            q.value AS answer, q.at, {_day("q.at", "answered_on")}
            FROM survey_answer q JOIN survey_invitation i ON i.id = q.invitation_id
            LEFT JOIN resident r ON r.id = i.resident_id WHERE q.superseded_at IS NULL""",
        of_policy=OF_MATCH,
        groups={"question": "m.question"},
        spans=False,
    ),
}  # fmt: skip

# A figure → the list behind it and the condition that counts it: the list is as long as the figure says.
COUNTED: dict[str, tuple[Of, str]] = {
    "newly_matched": (Of.MATCHES, "TRUE"),
    "told": (Of.MATCHES, "m.contacts > 0"),
    "not_told": (Of.MATCHES, "m.contacts = 0"),
    "arrived": (Of.MATCHES, "m.arrived = 1"),
    "answered": (Of.MATCHES, "m.answered = 1"),
    "interested": (Of.MATCHES, "m.interested = 1"),
    "done": (Of.MATCHES, "m.done = 1"),
    "attended": (Of.MATCHES, "m.state = 'attended'"),
    "open": (Of.MATCHES, "m.closed_at IS NULL"),
    "sent": (Of.CONTACTS, "m.went_out = 1"),
    "delivered": (Of.CONTACTS, "m.arrived = 1"),
    "inbound": (Of.MESSAGES, "TRUE"),
    "opt_outs": (Of.STOPS, "m.stop_reason = 'opt_out'"),
    "cases_opened": (Of.CASES, "TRUE"),
    "cases_settled": (Of.CASES, "m.settled = 1"),
    "unanswered_questions": (Of.CASES, "m.kind = 'policy_question'"),
    "surveyed": (Of.ANSWERS, "m.question = 'satisfaction'"),
}
# Shares and averages lead to what stands above their line, people to their matches.
BEHIND: dict[str, tuple[Of, str]] = COUNTED | {
    "persons": COUNTED["newly_matched"],
    "eligible": COUNTED["newly_matched"],
    "uptake_before": COUNTED["newly_matched"],
    "uptake_now": (Of.MATCHES, "(m.done = 1 OR m.state = 'already_enrolled')"),
    "told_rate": COUNTED["told"],
    "arrived_rate": COUNTED["arrived"],
    "answer_rate": COUNTED["answered"],
    "interest_rate": COUNTED["interested"],
    "done_rate": COUNTED["done"],
    "person_times": (Of.TOLD, "TRUE"),
    "persons_told": COUNTED["told"],
    "contacts_per_done": COUNTED["done"],
    "days_to_application": (Of.MATCHES, "m.done = 1 AND CAST(m.applied_on AS DATE) >= CAST(m.first_told_at AS DATE)"),
    "minutes_per_done": (Of.CASES, "m.taken = 1"),
    "labour_ratio": (Of.CASES, "m.taken = 1"),
    "manual_minutes_per_done": COUNTED["newly_matched"],
    "fallback_rate": (Of.MESSAGES, "m.was_lost"),
    "handover_rate": (Of.CONVERSATIONS, "m.outcome = 'escalated'"),
    "cases_on_time": (Of.CASES, "m.on_time = 1"),
    "satisfied_rate": (Of.ANSWERS, "m.question = 'satisfaction' AND m.answer IN ('4', '5')"),
}
# What cells of tables count. `$since` and `$until` are the span that the cell is about, `$step` the step of a campaign
# in phases, `$made` when a forecast was made: of what was matched later it said nothing.
_DONE_AT = "COALESCE(m.closed_at, m.state_changed_at)"
_THEN = "{at} >= $since AND {at} < $until"
_WILLING = ", ".join(f"'{state}'" for state in SAID_YES)
_KNOWN = "m.opened_at <= CAST($made AS TIMESTAMP)"
_KNOWN_CASE = f"m.match_id IN (SELECT n.match_id FROM report_match n WHERE {_KNOWN.replace('m.', 'n.')})"
_LATE = "m.kind = 'home_visit' AND m.due_at < $until AND (m.resolved_at IS NULL OR m.resolved_at > m.due_at)"
_STEP = f"EXISTS (SELECT 1 FROM ({AT_RISK}) a WHERE a.match_id = m.match_id AND a.number = CAST($step AS BIGINT)"
IN_TABLES: dict[str, tuple[Of, str]] = {
    "missing": (Of.MATCHES, f"m.done = 0 AND m.state NOT IN ({NO_CLAIM})"),
    "contacts": (Of.CONTACTS, "TRUE"),
    "cases_taken": (Of.CASES, "m.taken = 1"),
    "cases_on_time": (Of.CASES, "m.on_time = 1"),
    "cases_reopened": (Of.CASES, "m.reopened = 1"),
    "confused": (Of.MESSAGES, f"m.lead < {CLOSE_CALL}"),
    "framed": (Of.INVITATIONS, "TRUE"),
    "drawn": (Of.INVITATIONS, "m.invitation_state <> 'not_drawn'"),
    "invited": (Of.INVITATIONS, "m.invited_on IS NOT NULL"),
    "responded": (Of.INVITATIONS, "m.invitation_state IN ('partial', 'finished')"),
    "answers": (Of.ANSWERS, "TRUE"),
    "visits": (Of.VISITS, "TRUE"),
    "told_then": (Of.MATCHES, _THEN.format(at="m.first_told_at")),
    "done_by_then": (Of.MATCHES, f"m.done = 1 AND {_THEN.format(at=_DONE_AT)}"),
    "matched_then": (Of.MATCHES, _THEN.format(at="m.opened_at")),
    "closed_done_then": (Of.MATCHES, f"m.done = 1 AND {_THEN.format(at='m.closed_at')}"),
    "willing_then": (
        Of.MATCHES,
        f"""m.match_id IN (SELECT h.match_id FROM match_change h WHERE h.new IN ({_WILLING})
            AND {_THEN.format(at="h.at")})""",
    ),
    "step_treated": (Of.MATCHES, f"{_STEP} AND a.own = a.number)"),
    "step_treated_done": (Of.MATCHES, f"{_STEP} AND a.own = a.number AND a.done = 1)"),
    "step_waiting": (Of.MATCHES, f"{_STEP} AND a.own > a.number)"),
    "step_waiting_done": (Of.MATCHES, f"{_STEP} AND a.own > a.number AND a.done = 1)"),
    "fact_contacts": (Of.TOLD, f"{_KNOWN} AND {_THEN.format(at='m.at')}"),
    "fact_texts": (
        Of.CONTACTS,
        """m.went_out = 1 AND m.channel = 'sms' AND m.purpose IN ('offer', 'reminder') AND m.sent_at IS NOT NULL
            AND m.campaign_id IN (SELECT k.id FROM campaign k WHERE k.policy_id = $policy)""",
    ),
    "fact_answered": (
        Of.MATCHES,
        f"""{_KNOWN} AND EXISTS (SELECT 1 FROM conversation v JOIN message s ON s.conversation_id = v.id
            WHERE v.resident_id = m.resident_id AND s.direction = 'in' AND s.at >= greatest(m.first_told_at, $since)
              AND s.at < $until AND (m.closed_at IS NULL OR s.at <= m.closed_at))""",
    ),
    "fact_done": (Of.MATCHES, f"{_KNOWN} AND m.done = 1 AND {_THEN.format(at=_DONE_AT)}"),
    "fact_home_visits": (Of.CASES, f"{_KNOWN_CASE} AND m.kind = 'home_visit'"),
    "fact_late": (Of.CASES, f"{_KNOWN_CASE} AND {_LATE}"),
    "fact_desk_cases": (Of.CASES, f"{_KNOWN_CASE} AND m.kind NOT IN ('home_visit', 'complaint')"),
    "fact_complaints": (Of.CASES, f"{_KNOWN_CASE} AND m.kind = 'complaint'"),
    "fact_calls": (
        Of.CONTACTS,
        """m.went_out = 1 AND m.channel = 'voice' AND m.purpose IN ('offer', 'reminder') AND m.sent_at IS NOT NULL
            AND m.campaign_id IN (SELECT k.id FROM campaign k WHERE k.policy_id = $policy)""",
    ),
    "fact_surveys": (
        Of.INVITATIONS,
        f"""{_THEN.format(at="m.at")} AND m.match_id IN (SELECT n.match_id FROM report_match n
            WHERE n.closed_at > CAST($made AS TIMESTAMP) AND {_KNOWN.replace("m.", "n.")})""",
    ),
}
LISTS: dict[str, tuple[Of, str]] = BEHIND | IN_TABLES
NAMED = ("step", "made")
"""What a condition asks for by name beside the span and the policy."""
GROUPS = (*dict.fromkeys(name for kind in KINDS.values() for name in kind.groups), "answer", *NAMED)

HEADINGS = {
    "match_id": ("编号", "Match"),
    "case_id": ("工单", "Case"),
    "contact_id": ("触达", "Contact"),
    "conversation_id": ("会话", "Conversation"),
    "invitation_id": ("回访", "Survey"),
    "resident_id": ("居民编号", "Resident"),
    "policy": ("事项", "Policy"),
    "name": ("姓名", "Name"),
    "phone": ("电话", "Phone"),
    "street": ("街道", "Street"),
    "community": ("社区", "Community"),
    "age_band": ("年龄段", "Age band"),
    "sex": ("性别", "Sex"),
    "state": ("结果", "Outcome"),
    "contacts": ("触达次数", "Contacts"),
    "channel": ("渠道", "Channel"),
    "opened_on": ("发现或提出", "Found or opened"),
    "closed_on": ("了结", "Closed on"),
    "applied_on": ("申请", "Applied on"),
    "kind": ("类型", "Kind"),
    "case_state": ("状态", "State"),
    "due_on": ("期限", "Due on"),
    "settled_on": ("办结", "Settled on"),
    "purpose": ("用途", "Purpose"),
    "contact_state": ("状态", "State"),
    "cause": ("失败原因", "Cause"),
    "carrier": ("运营商", "Carrier"),
    "visit_outcome": ("上门结果", "What came of it"),
    "visited_on": ("上门", "Visited on"),
    "sent_on": ("发出", "Sent on"),
    "intent": ("先读作", "First reading"),
    "rival": ("差点读作", "Close second"),
    "said_on": ("来信", "Said on"),
    "outcome": ("会话结果", "Outcome"),
    "stop_reason": ("停止原因", "Stop"),
    "placed_on": ("起", "Since"),
    "released_on": ("解除", "Released"),
    "stratum": ("街道和事项", "Stratum"),
    "invitation_state": ("状态", "State"),
    "invited_on": ("发出", "Invited on"),
    "question": ("问题", "Question"),
    "answer": ("回答", "Answer"),
    "answered_on": ("作答", "Answered on"),
}
NUMBERS = frozenset(
    {"match_id", "case_id", "contact_id", "conversation_id", "invitation_id", "resident_id", "contacts"}
)


def kind_of(figure: str | None) -> ListKind:
    return KINDS[LISTS[figure][0] if figure else Of.MATCHES]


def has_span(figure: str | None) -> bool:
    """Whether the list of a figure holds only what lies in a span of time."""
    return kind_of(figure).spans or (figure is not None and "$since" in LISTS[figure][1])
