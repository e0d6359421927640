"""Stops and their aftermath: one acknowledgement, then silence, until the stop is undone (rule 1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.vocabulary import (
    CaseKind,
    CaseReason,
    ContactPurpose,
    ConversationOutcome,
    MatchState,
    Question,
    Stage,
    StopReason,
    Urgency,
)
from outreach_api.conversations.decision import (
    CancelVisit,
    KnownMatch,
    MoveMatch,
    OpenCase,
    PlaceStop,
    QuarantinePhone,
    ReleaseOptOut,
    Standing,
)
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import Exact, denies_a_stop

O = ConversationOutcome  # noqa: E741
STOP_OUTCOMES: Mapping[ConversationOutcome, StopReason] = MappingProxyType(
    {
        O.OPTED_OUT: StopReason.OPT_OUT,
        O.WRONG_PERSON: StopReason.WRONG_NUMBER,
        O.DECEASED: StopReason.DECEASED,
    }
)
STOP_WORDS: Mapping[Exact, ConversationOutcome] = MappingProxyType(
    {Exact.OPT_OUT: O.OPTED_OUT, Exact.WRONG_NUMBER: O.WRONG_PERSON, Exact.DECEASED: O.DECEASED}
)
_ACKNOWLEDGED_BY: Mapping[StopReason, str] = MappingProxyType(
    {StopReason.OPT_OUT: "opted_out", StopReason.WRONG_NUMBER: "wrong_number", StopReason.DECEASED: "condolence"}
)
# A stop is about messages: who waits for a visit they asked for, or for a result, still gets it.
_NOT_CLOSED_BY_OPT_OUT = frozenset({MatchState.IN_QUEUE, MatchState.AWAITING_RESULT})
_IN_HAND = frozenset({MatchState.IN_QUEUE, MatchState.AWAITING_RESULT, MatchState.AWAITING_PHONE})
# A graver stop that follows is the outcome; a lesser one changes nothing about it.
_GRAVITY = {StopReason.WRONG_NUMBER: 0, StopReason.OPT_OUT: 1, StopReason.DECEASED: 2}
_WISHES = frozenset({Exact.AGREE, Exact.OWN_WORD, Exact.WANT, Exact.ALL})
_AFTERWARDS = "停止联系之后来信："
# Said after a stop, these ask for a person; everything else is kept and not answered.
_WORTH_A_PERSON = frozenset({O.INTERESTED, O.ALREADY_ENROLLED, O.MOVED, O.CALLBACK, O.ESCALATED})


def place_stop(draft: Draft, outcome: ConversationOutcome, *, by: str) -> None:
    """Stop at once, close or park what it covers, acknowledge it once. A firm does not die with its clerk."""
    if outcome is O.DECEASED and draft.is_with_firm:
        outcome = O.WRONG_PERSON
    reason = STOP_OUTCOMES[outcome]
    draft.do(PlaceStop(reason, by))
    _CONSEQUENCES[reason](draft)
    draft.lines.clear()
    if draft.context.stop is None:
        draft.say(_ACKNOWLEDGED_BY[reason])
        draft.purpose = ContactPurpose.ACKNOWLEDGEMENT
    draft.set(asked=None, menu=(), misses=0, pending=None, agreed=None, stage=Stage.OPEN, confirmations=0)
    if draft.context.stop is None or _GRAVITY[reason] > _GRAVITY[draft.context.stop]:
        draft.conclude(outcome)


def _own_open_matches(draft: Draft) -> list[KnownMatch]:
    return [match for match in draft.concerned if match.is_open]


def _after_opt_out(draft: Draft) -> None:
    for match in _own_open_matches(draft):
        if match.visit_unasked:
            draft.do(CancelVisit(match.match_id))
        if match.visit_unasked or match.state not in _NOT_CLOSED_BY_OPT_OUT:
            draft.do(MoveMatch(match.match_id, MatchState.OPTED_OUT))


def _after_wrong_number(draft: Draft) -> None:
    reached = (match for match in draft.context.on_phone if match.state not in _IN_HAND)
    draft.do(QuarantinePhone(), *(MoveMatch(match.match_id, MatchState.AWAITING_PHONE) for match in reached))


def _after_death(draft: Draft) -> None:
    draft.do(*(MoveMatch(match.match_id, MatchState.DECEASED) for match in _own_open_matches(draft)))
    summary = draft.heard.text[:300]
    draft.do(OpenCase(CaseKind.IDENTITY, CaseReason.CHECK_DEATH, urgency=Urgency.HIGH, summary=summary))


_CONSEQUENCES = {
    StopReason.OPT_OUT: _after_opt_out,
    StopReason.WRONG_NUMBER: _after_wrong_number,
    StopReason.DECEASED: _after_death,
}


def restore(draft: Draft) -> None:
    """恢复, 误点了退订: the resident's own word undoes the resident's own stop, since it was theirs to give.

    A death or a wrong number is not undone by whoever writes next: a person looks.
    """
    if draft.context.stop is StopReason.OPT_OUT:
        closed = [match for match in draft.context.matches if match.state is MatchState.OPTED_OUT]
        draft.do(ReleaseOptOut(), *(MoveMatch(match.match_id, MatchState.IN_OUTREACH) for match in closed))
        draft.say("restored")
        draft.outcome = O.NO_DECISION
        if closed:
            draft.set(asked=Question.INTEREST, stage=Stage.OFFER)
    elif draft.context.stop:
        draft.do(
            OpenCase(CaseKind.HUMAN, CaseReason.RELEASE_STOP, urgency=Urgency.HIGH, summary=draft.heard.text[:300])
        )
    else:
        draft.say("not_stopped")


def hear_in_silence(draft: Draft) -> None:
    """After a stop nothing is answered. A graver stop is still placed, and what needs a person becomes a case."""
    word = draft.heard.exact.kind if draft.heard.exact else None
    if word is not None and word in STOP_WORDS:
        _add_stop(draft, STOP_WORDS[word], by="exact_word")
    elif word is Exact.HUMAN:
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.REQUESTED, summary=_AFTERWARDS + draft.heard.text[:300]))
    elif word in _WISHES:
        draft.do(_look_again(draft))
    elif draft.heard.turn:
        for directive in draft.heard.turn.directives:
            _hear_directive(draft, directive)
    draft.lines.clear()


def _hear_directive(draft: Draft, directive: Mapping[str, str]) -> None:
    outcome = ConversationOutcome(directive["outcome"]) if directive["do"] == "outcome" else None
    if outcome is not None and outcome in STOP_OUTCOMES and not denies_a_stop(draft.heard.text):
        _add_stop(draft, outcome, by="model")
    elif directive["do"] in ("answer", "ask", "case") or outcome in _WORTH_A_PERSON:
        if directive["do"] != "case":
            draft.do(_look_again(draft))
        elif directive["reason"] != CaseReason.NOT_UNDERSTOOD:
            kind, reason = CaseKind(directive["kind"]), CaseReason(directive["reason"])
            draft.do(OpenCase(kind, reason, summary=_AFTERWARDS + draft.heard.text[:300]))


def _look_again(draft: Draft) -> OpenCase:
    """After a death it belongs to the case that looks into it."""
    summary = _AFTERWARDS + draft.heard.text[:300]
    if draft.context.stop is StopReason.DECEASED:
        return OpenCase(CaseKind.IDENTITY, CaseReason.CHECK_DEATH, urgency=Urgency.HIGH, summary=summary)
    return OpenCase(CaseKind.HUMAN, CaseReason.RELEASE_STOP, summary=summary)


def _add_stop(draft: Draft, outcome: ConversationOutcome, *, by: str) -> None:
    if STOP_OUTCOMES[outcome] is not draft.context.stop and draft.context.standing is not Standing.STRANGER:
        place_stop(draft, outcome, by=by)
