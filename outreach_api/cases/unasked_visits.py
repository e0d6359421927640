"""Visits that nobody asked for: the ladder of contacts opened them, and an opt-out ends them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.case import Case
from models.vocabulary import CaseKind, CaseReason
from outreach_api.cases.open_case import OPEN_CASE_STATES
from outreach_api.cases.work_case import cancel


def is_unasked() -> ColumnElement[bool]:
    """Whether a case is an open visit that rests on no word of the resident's."""
    return (
        (Case.kind == CaseKind.HOME_VISIT)
        & Case.state.in_(OPEN_CASE_STATES)
        & Case.message_id.is_(None)
        & (Case.reason != CaseReason.REQUESTED)
    )


def unasked_visits(session: Session, match_ids: Collection[int]) -> frozenset[int]:
    """Those of the matches that wait for a visit nobody asked for."""
    found = session.scalars(select(Case.match_id).where(is_unasked(), Case.match_id.in_(match_ids)))
    return frozenset(match_id for match_id in found if match_id is not None)


def cancel_unasked_visits(session: Session, match_ids: Collection[int], *, by: str, now: datetime) -> None:
    for case in session.scalars(select(Case).where(is_unasked(), Case.match_id.in_(match_ids)).with_for_update()):
        cancel(session, case, by=by, now=now)
