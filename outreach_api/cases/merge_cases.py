"""Two open cases about one thing become one: its promise is the earlier of both, its history says what was joined."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from models.case import Case
from models.vocabulary import Urgency
from outreach_api.cases.open_case import OPEN_CASE_STATES, record_change
from outreach_api.cases.work_case import CaseTaken, cancel, find_case


class MergeRefused(ValueError):  # noqa: N818
    """These two are not one case; says why."""


def merge(session: Session, duplicate_id: int, into_id: int, *, seen_version: int, by: str, now: datetime) -> Case:
    """Close the duplicate and let the other case stand for both. Reopening the duplicate takes it apart again.

    Raises:
        CaseNotFound: one of them is not there.
        CaseTaken: the duplicate changed since `seen_version`.
        MergeRefused: same case, another kind or person, or one of them is finished.
    """
    if duplicate_id == into_id:
        raise MergeRefused("a case cannot be merged into itself")
    # In the order of their numbers: two who merge the same pair in both directions wait for each other otherwise.
    found = {case_id: find_case(session, case_id) for case_id in sorted((duplicate_id, into_id))}
    duplicate, into = found[duplicate_id], found[into_id]
    if duplicate.version != seen_version:
        raise CaseTaken(f"case {duplicate_id} changed since it was shown")
    _check_alike(duplicate, into)
    cancel(session, duplicate, by=by, now=now)
    duplicate.merged_into_id = into.id
    _add_up(into, duplicate)
    record_change(session, duplicate, "merged", by=by, now=now, detail={"into": into.id})
    record_change(session, into, "took_in", by=by, now=now, detail={"case": duplicate.id}, note=duplicate.summary)
    return into


def _check_alike(duplicate: Case, into: Case) -> None:
    for case in (duplicate, into):
        if case.state not in OPEN_CASE_STATES:
            raise MergeRefused(f"case {case.id} is {case.state.value}")
    if duplicate.kind is not into.kind:
        raise MergeRefused("cases of different kinds stay apart")
    if duplicate.resident_id != into.resident_id and None not in (duplicate.resident_id, into.resident_id):
        raise MergeRefused("cases of different people stay apart")


def _add_up(into: Case, duplicate: Case) -> None:
    if into.kept_at is None:
        into.due_at = min(into.due_at, duplicate.due_at)
    if duplicate.urgency is Urgency.HIGH:
        into.urgency = Urgency.HIGH
    into.marks = list(dict.fromkeys([*into.marks, *duplicate.marks]))
    into.resident_id = into.resident_id or duplicate.resident_id
    into.match_id = into.match_id or duplicate.match_id
    into.policy_id = into.policy_id or duplicate.policy_id
    into.conversation_id = into.conversation_id or duplicate.conversation_id
    into.message_id = into.message_id or duplicate.message_id
