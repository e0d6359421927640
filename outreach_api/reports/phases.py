"""The six steps a reader follows; the twenty match states fold into them, each into exactly one."""

from __future__ import annotations

from enum import StrEnum

from models.vocabulary import MatchState


class Phase(StrEnum):
    """In order."""

    WAITING = "waiting"
    REACHING = "reaching"
    WILLING = "willing"
    QUEUED = "queued"
    DONE = "done"
    CLOSED = "closed"


M = MatchState
PHASE_OF: dict[MatchState, Phase] = {
    M.NEW: Phase.WAITING,
    M.IN_OUTREACH: Phase.REACHING,
    M.AWAITING_PHONE: Phase.REACHING,
    M.INTERESTED: Phase.WILLING,
    M.CALLBACK: Phase.WILLING,
    M.AWAITING_RESULT: Phase.WILLING,
    M.IN_QUEUE: Phase.QUEUED,
    M.APPLIED_BY_REPLY: Phase.DONE,
    M.APPLIED_ONLINE: Phase.DONE,
    M.APPLIED_AT_HALL: Phase.DONE,
    M.APPLIED_BY_VISIT: Phase.DONE,
    M.ATTENDED: Phase.DONE,
    M.ALREADY_ENROLLED: Phase.CLOSED,
    M.DECLINED: Phase.CLOSED,
    M.OPTED_OUT: Phase.CLOSED,
    M.DECEASED: Phase.CLOSED,
    M.MOVED: Phase.CLOSED,
    M.UNREACHABLE: Phase.CLOSED,
    M.RECALLED: Phase.CLOSED,
    M.EXPIRED: Phase.CLOSED,
}
