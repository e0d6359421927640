"""Carrying a decision out: one function an effect, all in the transaction that also keeps the transcript."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.call import Call
from models.conversation import Consent, ContactStop, Conversation, Inbound, Message
from models.match import Match
from models.resident import Mandate, Phone, Preference
from models.transitions import MATCH_TRANSITIONS
from models.vocabulary import CaseKind, PhoneState, StopReason, Urgency
from outreach_api.care.report import is_worry, note_worry
from outreach_api.cases.appeals import About, describe
from outreach_api.cases.appointments import wish_for
from outreach_api.cases.ask_settled import answer_settled
from outreach_api.cases.open_case import open_case
from outreach_api.cases.routing import Wish
from outreach_api.cases.unasked_visits import cancel_unasked_visits
from outreach_api.conversations import proof
from outreach_api.conversations.decision import (
    AnswerSettled,
    CancelVisit,
    Effect,
    GiveConsent,
    GrantMandate,
    Identify,
    IssueProof,
    KeepPreference,
    MoveMatch,
    OpenCase,
    PlaceStop,
    QuarantinePhone,
    ReleaseOptOut,
    RevokeMandate,
    SetCallback,
    WithdrawConsent,
)
from outreach_api.conversations.granting import Grant, grant, revoke
from outreach_api.surveys.effects import (
    KeepAnswer,
    MoveInvitation,
    RefuseSurveys,
    keep_answer,
    move_invitation,
    refuse_surveys,
)
from scheduler.matching.moves import move_match
from scheduler.planning.stops import StopScope, place_stop, release_stop


@dataclass(frozen=True)
class Ground:
    """What an effect rests on: the message, the conversation, the phone."""

    conversation: Conversation
    message: Message
    phone: Phone
    now: datetime

    @property
    def because(self) -> str:
        return f"inbound:{self.message.inbound_id}"


def apply_effects(session: Session, effects: tuple[Effect, ...], ground: Ground) -> None:
    """Carry out the effects in their order."""
    for effect in effects:
        _APPLY[type(effect)](session, effect, ground)


def _move(session: Session, effect: MoveMatch, ground: Ground) -> None:
    """A move that the state machine no longer allows is left out: what happened meanwhile counts."""
    match = session.get_one(Match, effect.match_id)
    if effect.to in MATCH_TRANSITIONS[match.state]:
        move_match(session, match, effect.to, because=ground.because, now=ground.now)


def _give_consent(session: Session, effect: GiveConsent, ground: Ground) -> None:
    consent = Consent(
        resident_id=effect.match.resident_id,
        match_id=effect.match.match_id,
        policy_id=effect.match.policy_id,
        policy_version=effect.match.policy_version,
        message_id=ground.message.id,
        text=effect.text,
        mandate_id=effect.mandate_id,
        given_at=ground.now,
    )
    session.add(consent)


def _withdraw_consent(session: Session, effect: WithdrawConsent, ground: Ground) -> None:
    session.execute(
        update(Consent)
        .where(Consent.match_id == effect.match_id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=ground.now)
    )


def _place_stop(session: Session, effect: PlaceStop, ground: Ground) -> None:
    scope = StopScope(ground.conversation.resident_id, ground.phone.id)
    place_stop(session, effect.reason, scope, placed_by=effect.placed_by, message_id=ground.message.id, now=ground.now)


def _release_opt_out(session: Session, _effect: ReleaseOptOut, ground: Ground) -> None:
    """Every opt-out of this phone, and of this resident."""
    standing = session.scalars(
        select(ContactStop).where(ContactStop.reason == StopReason.OPT_OUT, ContactStop.released_at.is_(None))
    )
    resident_id = ground.conversation.resident_id
    why = f"the resident wrote it, message {ground.message.id}"
    for stop in standing:
        of_resident = resident_id is not None and stop.resident_id == resident_id
        if of_resident or stop.phone_id == ground.phone.id:
            release_stop(session, stop, by="resident", why=why, now=ground.now)


def _quarantine(_session: Session, _effect: QuarantinePhone, ground: Ground) -> None:
    ground.phone.state = PhoneState.QUARANTINED


def _open_case(session: Session, effect: OpenCase, ground: Ground) -> None:
    case = open_case(
        session,
        kind=effect.kind,
        reason=effect.reason,
        now=ground.now,
        resident_id=ground.conversation.resident_id,
        match_id=effect.match.match_id if effect.match else None,
        policy_id=effect.match.policy_id if effect.match else None,
        conversation_id=ground.conversation.id,
        message_id=ground.message.id,
        summary=effect.summary,
        urgency=effect.urgency,
    )
    if case.kind is CaseKind.APPEAL:
        describe(session, case, About())
    if effect.summary and is_worry(effect.summary):
        case.urgency = Urgency.HIGH
        who = ground.conversation.resident_id
        note_worry(session, effect.summary, reported_by=who, message_id=ground.message.id, now=ground.now)
    if effect.wanted is not None:
        wish_for(session, case, Wish(effect.wanted.from_, effect.wanted.to), by="resident", now=ground.now)


def _cancel_visit(session: Session, effect: CancelVisit, ground: Ground) -> None:
    cancel_unasked_visits(session, [effect.match_id], by="resident", now=ground.now)


def _answer_settled(session: Session, effect: AnswerSettled, ground: Ground) -> None:
    answer_settled(session, effect.case_id, settled=effect.settled, words=effect.words, now=ground.now)


def _set_callback(session: Session, effect: SetCallback, _ground: Ground) -> None:
    session.get_one(Match, effect.match_id).callback_at = effect.at


def _keep_preference(session: Session, effect: KeepPreference, ground: Ground) -> None:
    resident_id = ground.conversation.resident_id
    if resident_id is None:
        return
    kept = session.scalar(
        select(Preference).where(Preference.resident_id == resident_id, Preference.name == effect.name)
    )
    if kept is None:
        session.add(Preference(resident_id=resident_id, name=effect.name, value=dict(effect.value), since=ground.now))


def _identify(session: Session, effect: Identify, ground: Ground) -> None:
    ground.conversation.resident_id = effect.resident_id
    inbound = session.get(Inbound, ground.message.inbound_id) if ground.message.inbound_id else None
    if inbound is not None and inbound.call_id is not None:
        session.get_one(Call, inbound.call_id).resident_id = effect.resident_id


def _grant_mandate(session: Session, effect: GrantMandate, ground: Ground) -> None:
    grant(
        session,
        Grant(effect.match.resident_id, effect.match.policy_id, ground.phone.id, effect.relation),
        proof=f"own_word:message:{ground.message.id}",
        now=ground.now,
    )


def _revoke_mandate(session: Session, effect: RevokeMandate, ground: Ground) -> None:
    because = f"{effect.because}:message:{ground.message.id}"
    revoke(session, session.get_one(Mandate, effect.mandate_id), because=because, now=ground.now)


def _issue_proof(session: Session, effect: IssueProof, ground: Ground) -> None:
    proof.issue(session, effect.code, conversation_id=ground.conversation.id, now=ground.now)


_APPLY: Mapping[type[Any], Callable[[Session, Any, Ground], None]] = MappingProxyType(
    {
        MoveMatch: _move,
        GiveConsent: _give_consent,
        WithdrawConsent: _withdraw_consent,
        PlaceStop: _place_stop,
        ReleaseOptOut: _release_opt_out,
        QuarantinePhone: _quarantine,
        OpenCase: _open_case,
        AnswerSettled: _answer_settled,
        CancelVisit: _cancel_visit,
        SetCallback: _set_callback,
        KeepPreference: _keep_preference,
        Identify: _identify,
        GrantMandate: _grant_mandate,
        RevokeMandate: _revoke_mandate,
        KeepAnswer: keep_answer,
        MoveInvitation: move_invitation,
        RefuseSurveys: refuse_surveys,
        IssueProof: _issue_proof,
    }
)
