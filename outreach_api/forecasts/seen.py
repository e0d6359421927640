"""What was seen here so far, in the place of an assumption where it is enough to go by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.orm import Session

from models.column_types import UtcInstant
from models.event import Setting
from outreach_api.forecasts.assumptions import SETTING, Assumptions, Shares, assumed, read_assumptions

ENOUGH = 200
"""Cases from which on what was seen replaces an assumption."""
# Who was told so long ago has had the whole ladder of contacts, and time to go.
SETTLED_AFTER = timedelta(days=30)

_PHONES = """
SELECT CASE WHEN state = 'undelivered' THEN 'yes' ELSE 'no' END, COUNT(*) FROM report_contact
WHERE went_out = 1 AND channel = 'sms' AND purpose = 'offer' GROUP BY 1"""
_PEOPLE = """
SELECT CASE
    WHEN k.match_id IS NOT NULL THEN 'wants_visit'
    WHEN m.state = 'applied_online' THEN 'goes_online'
    WHEN m.state = 'applied_at_hall' OR (m.state = 'attended' AND m.application_channel = 'hall') THEN 'goes_to_hall'
    WHEN m.state IN ('opted_out', 'deceased', 'moved') AND m.answered = 1 THEN 'stops'
    WHEN m.state IN ('declined', 'already_enrolled') AND m.answered = 1 THEN 'declines'
    WHEN m.interested = 1 AND m.answered = 1 THEN 'says_yes'
    ELSE 'silent' END, COUNT(*)
FROM report_match m
LEFT JOIN (SELECT DISTINCT match_id FROM report_case
    WHERE kind = 'home_visit' AND reason IN ('requested', 'cannot_use_phone')) k ON k.match_id = m.match_id
WHERE m.arrived = 1 AND m.first_told_at < :before GROUP BY 1"""
_DOOR = """
SELECT CASE WHEN outcome IN ('applied', 'attended') THEN 'done' WHEN outcome = 'not_home' THEN 'not_home'
    ELSE 'other' END, COUNT(*) FROM visit GROUP BY 1"""
_PACE = """SELECT MAX(n) FROM (SELECT visit_on, COUNT(DISTINCT case_id) AS n FROM visit GROUP BY visit_on) d"""


def assumptions_now(session: Session, *, now: datetime) -> Assumptions:
    """The assumptions as staff set them, replaced by what was seen wherever that is at least `ENOUGH` cases."""
    stored = session.scalar(select(Setting.value).where(Setting.name == SETTING))
    given = read_assumptions(stored) if stored is not None else assumed()
    people = text(_PEOPLE).bindparams(bindparam("before", now - SETTLED_AFTER, UtcInstant()))
    found = {
        "undelivered": _shares(session, text(_PHONES), given.undelivered),
        "people": _shares(session, people, given.people),
        "at_the_door": _shares(session, text(_DOOR), given.at_the_door),
    }
    if found["at_the_door"].seen:
        # The busiest day so far is what the teams can do; on others there was less to do.
        found_pace = session.execute(text(_PACE)).scalar()
        return given.model_copy(update={**found, "visits_per_workday": float(found_pace or 0)})
    return given.model_copy(update=found)


def _shares(session: Session, query: TextClause, given: Shares) -> Shares:
    counted: Mapping[str, int] = {str(name): int(n) for name, n in session.execute(query)}
    whole = sum(counted.values())
    if whole < ENOUGH:
        return given
    return Shares(worth=whole, shares={name: counted.get(name, 0) / whole for name in given.shares}, seen=True)
