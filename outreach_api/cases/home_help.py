"""Help at home, for whoever the ladder of contacts did not reach."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.conversation import Conversation
from models.match import Match
from models.vocabulary import CaseKind, CaseReason
from outreach_api.cases.open_case import open_case


def open_home_help(session: Session, match: Match, reason: CaseReason, now: datetime) -> Case:
    """Open a home visit for a match, in the caller's transaction."""
    talk = select(Conversation.id).where(Conversation.resident_id == match.resident_id)
    return open_case(
        session,
        kind=CaseKind.HOME_VISIT,
        reason=reason,
        now=now,
        resident_id=match.resident_id,
        match_id=match.id,
        policy_id=match.policy_id,
        conversation_id=session.scalar(talk.order_by(Conversation.id.desc()).limit(1)),
    )
