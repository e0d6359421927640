"""Views for reports and for BI tools: one definition, read by SQLite, PostgreSQL and DuckDB alike.

Those for reports hold a row a match or a contact, without names or numbers; they stay in the house. Those for BI tools
hold counts that may leave it.

They are made anew at start-up whenever this file or the tables changed, and are not part of the migrations: a view
would keep SQLite from rebuilding the tables under it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, inspect, text

from models.vocabulary import MatchState


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


M = MatchState
DONE = (M.APPLIED_BY_REPLY, M.APPLIED_ONLINE, M.APPLIED_AT_HALL, M.APPLIED_BY_VISIT, M.ATTENDED)
SAID_YES = (M.INTERESTED, M.CALLBACK, M.AWAITING_RESULT, *DONE)
# The carrier took it; `unknown` is not among them: it may never have left.
WENT_OUT = ("accepted", "delivered", "undelivered", "answered", "no_answer", "busy", "voicemail")
ARRIVED = ("delivered", "answered")
LADDER = ("offer", "reminder")

# A notice in the WeChat account is planned as a text, and read where one chats.
_CHANNEL = "CASE WHEN {c}.provider IN ('wechat', 'wechat_notice') THEN 'chat' ELSE {c}.channel END"

_AGE = """CAST(substr(CAST({at} AS VARCHAR(40)), 1, 4) AS INTEGER)
  - CAST(substr(CAST({born} AS VARCHAR(40)), 1, 4) AS INTEGER)
  - CASE WHEN substr(CAST({at} AS VARCHAR(40)), 6, 5) < substr(CAST({born} AS VARCHAR(40)), 6, 5) THEN 1 ELSE 0 END"""

VIEWS: dict[str, str] = {
    # Every contact with one row, and whether it went out and arrived.
    "report_contact": f"""
SELECT c.id AS contact_id, c.resident_id, c.campaign_id, {_CHANNEL.format(c="c")} AS channel, c.purpose,
  c.ladder_step, c.state, c.cause, c.refusal, c.provider, c.due_at, c.sent_at,
  CASE WHEN c.state IN ({_listed(WENT_OUT)}) THEN 1 ELSE 0 END AS went_out,
  CASE WHEN c.state IN ({_listed(ARRIVED)}) THEN 1 ELSE 0 END AS arrived
FROM contact c""",
    # One row for each offer or reminder that spoke of a match and went out.
    "report_told": f"""
SELECT cm.match_id, c.id AS contact_id, {_CHANNEL.format(c="c")} AS channel, c.state,
  COALESCE(c.sent_at, c.due_at) AS told_at,
  CASE WHEN c.state IN ({_listed(ARRIVED)}) THEN 1 ELSE 0 END AS arrived
FROM contact_match cm JOIN contact c ON c.id = cm.contact_id
WHERE c.purpose IN ({_listed(LADDER)}) AND c.state IN ({_listed(WENT_OUT)})""",
    # The first application for a match that was not refused, with the channel its own feed names.
    "report_application": """
SELECT a.resident_id, a.policy_id, a.occurred_on AS applied_on, a.channel AS application_channel
FROM application a
JOIN (SELECT MIN(id) AS id FROM application WHERE status <> 'rejected' AND resident_id IS NOT NULL
  GROUP BY resident_id, policy_id) f ON f.id = a.id""",
    # One row a match: who (in groups, never by name), what was tried, what came of it.
    "report_match": f"""
SELECT m.id AS match_id, m.resident_id, m.policy_id, m.policy_version, m.episode, m.state, m.opened_at, m.closed_at,
  m.state_changed_at, COALESCE(r.street, '') AS street, COALESCE(r.community, '') AS community,
  COALESCE(r.sex, '') AS sex,
  CASE WHEN r.birth_date IS NULL THEN ''
    WHEN {{age}} < 18 THEN '0-17' WHEN {{age}} < 60 THEN '18-59' WHEN {{age}} < 70 THEN '60-69'
    WHEN {{age}} < 80 THEN '70-79' WHEN {{age}} < 90 THEN '80-89' ELSE '90+' END AS age_band,
  CASE WHEN d.resident_id IS NULL THEN '' ELSE 'cantonese' END AS dialect,
  COALESCE(t.contacts, 0) AS contacts, COALESCE(t.arrived, 0) AS arrived, t.first_told_at, t.last_told_at,
  CASE WHEN l.id IS NULL THEN '' WHEN p.last_opened_at >= t.last_told_at THEN 'chat' ELSE {{channel}} END AS channel,
  CASE WHEN h.first_heard_at IS NOT NULL AND t.first_told_at IS NOT NULL AND h.last_heard_at >= t.first_told_at
    THEN 1 ELSE 0 END AS answered,
  CASE WHEN y.match_id IS NOT NULL OR m.state IN ({_listed(SAID_YES)}) THEN 1 ELSE 0 END AS interested,
  CASE WHEN m.state IN ({_listed(DONE)}) THEN 1 ELSE 0 END AS done,
  a.applied_on, COALESCE(a.application_channel, '') AS application_channel
FROM "match" m
JOIN resident r ON r.id = m.resident_id
LEFT JOIN (SELECT match_id, COUNT(*) AS contacts, MAX(arrived) AS arrived, MIN(told_at) AS first_told_at,
    MAX(told_at) AS last_told_at, MAX(contact_id) AS last_contact_id FROM report_told GROUP BY match_id) t
  ON t.match_id = m.id
LEFT JOIN contact l ON l.id = t.last_contact_id
LEFT JOIN (SELECT k.resident_id, MAX(v.opened_at) AS last_opened_at
    FROM chat_visit v JOIN chat_link k ON k.id = v.link_id GROUP BY k.resident_id) p
  ON p.resident_id = m.resident_id
LEFT JOIN (SELECT v.resident_id, MIN(s.at) AS first_heard_at, MAX(s.at) AS last_heard_at
    FROM message s JOIN conversation v ON v.id = s.conversation_id
    WHERE s.direction = 'in' AND v.resident_id IS NOT NULL GROUP BY v.resident_id) h
  ON h.resident_id = m.resident_id
LEFT JOIN (SELECT DISTINCT match_id FROM match_change WHERE new IN ({_listed(SAID_YES)})) y ON y.match_id = m.id
LEFT JOIN (SELECT DISTINCT resident_id FROM preference WHERE name = 'cantonese') d ON d.resident_id = m.resident_id
LEFT JOIN report_application a ON a.resident_id = m.resident_id AND a.policy_id = m.policy_id
""".replace("{age}", _AGE.format(at="m.opened_at", born="r.birth_date")).replace("{channel}", _CHANNEL.format(c="l")),
    # One row a case; on time is whose promise, which for most kinds is an answer or a day, was kept in time.
    "report_case": """
SELECT c.id AS case_id, c.kind, c.reason, c.state, c.urgency, c.policy_id, c.match_id, c.resident_id, c.team_id,
  c.opened_at, c.due_at, c.kept_at, c.accepted_at, c.first_feedback_at, c.resolved_at, c.confirmed_at,
  CASE WHEN c.accepted_at IS NOT NULL OR c.resolved_at IS NOT NULL THEN 1 ELSE 0 END AS taken,
  CASE WHEN c.state IN ('resolved', 'confirmed') THEN 1 ELSE 0 END AS settled,
  CASE WHEN c.state IN ('resolved', 'confirmed') AND COALESCE(c.kept_at, c.resolved_at) <= c.due_at
    THEN 1 ELSE 0 END AS on_time,
  CASE WHEN o.case_id IS NULL THEN 0 ELSE 1 END AS reopened
FROM "case" c
LEFT JOIN (SELECT DISTINCT case_id FROM case_change WHERE change = 'reopened') o ON o.case_id = c.id""",
    # Why a match was held back, one row a match, reason and local day.
    "report_refusal": """
SELECT f.id AS refusal_id, f.match_id, f.resident_id, f.reason, f."on", f.at FROM refused_contact f""",
}
_MATCHES = {
    "newly_matched": "COUNT(*)",
    "told": "SUM(CASE WHEN contacts > 0 THEN 1 ELSE 0 END)",
    "arrived": "SUM(arrived)",
    "answered": "SUM(answered)",
    "interested": "SUM(interested)",
    "done": "SUM(done)",
}
_MONTH = "substr(CAST({at} AS VARCHAR(40)), 1, 7)"


def _in_tens(source: str, by: Mapping[str, str], counts: Mapping[str, str]) -> str:
    """Counts of groups as they may leave (`outreach_api/privacy/small_cells.py`): null for one to nine, else tens."""
    groups = ", ".join(f"{expression} AS {name}" for name, expression in by.items())
    counted = ", ".join(f"{expression} AS {name}" for name, expression in counts.items())
    tens = ", ".join(f"CASE WHEN {n} BETWEEN 1 AND 9 THEN NULL ELSE {n} - {n} % 10 END AS {n}" for n in counts)
    grouped = ", ".join(by.values())
    return f"SELECT {', '.join(by)}, {tens} FROM (SELECT {groups}, {counted} FROM {source} GROUP BY {grouped}) g"


BI_VIEWS: dict[str, str] = {
    "bi_place": _in_tens(
        "report_match", {"policy_id": "policy_id", "street": "street", "community": "community"}, _MATCHES
    ),
    "bi_age": _in_tens("report_match", {"policy_id": "policy_id", "age_band": "age_band", "sex": "sex"}, _MATCHES),
    "bi_channel": _in_tens("report_match", {"policy_id": "policy_id", "channel": "channel"}, _MATCHES),
    "bi_month": _in_tens("report_match", {"policy_id": "policy_id", "month": _MONTH.format(at="opened_at")}, _MATCHES),
    "bi_state": _in_tens("report_match", {"policy_id": "policy_id", "state": "state"}, {"matches": "COUNT(*)"}),
    "bi_contact": _in_tens(
        "report_contact",
        {"channel": "channel", "purpose": "purpose", "state": "state", "month": _MONTH.format(at="due_at")},
        {"contacts": "COUNT(*)"},
    ),
    "bi_case": _in_tens(
        "report_case",
        {"kind": "kind", "month": _MONTH.format(at="opened_at")},
        {
            "opened": "COUNT(*)",
            "taken": "SUM(taken)",
            "settled": "SUM(settled)",
            "on_time": "SUM(on_time)",
            "reopened": "SUM(reopened)",
        },
    ),
    "bi_refusal": _in_tens(
        "report_refusal", {"reason": "reason", "month": _MONTH.format(at="at")}, {"refusals": "COUNT(*)"}
    ),
}
ALL_VIEWS = VIEWS | BI_VIEWS
MARK = "report_views"
DIGEST = hashlib.sha256("\n".join(ALL_VIEWS.values()).encode()).hexdigest()[:16]


def create_views(connection: Connection) -> None:
    for name, query in ALL_VIEWS.items():
        connection.execute(text(f"CREATE VIEW {name} AS {query}"))
    connection.execute(text(f"CREATE VIEW {MARK} AS SELECT '{DIGEST}' AS digest"))


def drop_views(connection: Connection) -> None:
    there = set(inspect(connection).get_view_names())
    for name in (MARK, *reversed(ALL_VIEWS)):
        if name in there:
            connection.execute(text(f"DROP VIEW {name}"))


def renew_views(connection: Connection) -> None:
    """Put the views of this version there, unless they are."""
    if not are_current(connection):
        drop_views(connection)
        create_views(connection)


def are_current(connection: Connection) -> bool:
    """Whether the views of this version are there."""
    if MARK not in inspect(connection).get_view_names():
        return False
    return bool(connection.scalar(text(f"SELECT digest FROM {MARK}")) == DIGEST)
