"""What came of a rehearsal: counted from our tables, and held against the carrier's ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.contact import Contact
from models.conversation import Inbound, Message
from models.vocabulary import ContactState
from outreach_api.chat.talk import PROVIDER as CHAT_PAGE

BREACH_KINDS = ("budget", "quiet_hours", "after_stop", "duplicate_send")
# States in which we claim that the carrier took the message.
TAKEN_BY_CARRIER = frozenset(
    {
        ContactState.ACCEPTED,
        ContactState.DELIVERED,
        ContactState.UNDELIVERED,
        ContactState.ANSWERED,
        ContactState.NO_ANSWER,
        ContactState.BUSY,
        ContactState.VOICEMAIL,
    }
)
Ledger = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Reconciliation:
    """Our tables against the carrier's ledger; all of these should be 0."""

    inbound_without_transcript: int
    spoken_without_transcript: int
    """Things that the carrier heard said or pressed in calls, and that no transcript holds."""
    creates_without_contact: int
    contacts_without_create: int
    duplicates: int
    unknown_unresolved: int

    @property
    def lost(self) -> int:
        without_transcript = self.inbound_without_transcript + self.spoken_without_transcript
        return without_transcript + self.creates_without_contact + self.contacts_without_create


def reconcile_with_ledger(session: Session, ledger: Ledger) -> Reconciliation:
    """Compare every accepted create and every acknowledged inbound with what our tables say."""
    accepted = [create for create in ledger["creates"] if create["accepted"]]
    by_contact = Counter(int(create["contact"]) for create in accepted if create["contact"] is not None)
    taken = set(session.scalars(select(Contact.id).where(Contact.state.in_(TAKEN_BY_CARRIER))))
    unknown = session.scalar(select(func.count()).where(Contact.state == ContactState.UNKNOWN)) or 0
    acknowledged = {entry["sid"] for entry in ledger["inbound"] if entry["acknowledged"]}
    transcribed = _transcribed(session)
    return Reconciliation(
        inbound_without_transcript=len(acknowledged - transcribed),
        spoken_without_transcript=_spoken_without_transcript(ledger, transcribed),
        creates_without_contact=len(set(by_contact) - taken) + sum(create["contact"] is None for create in accepted),
        contacts_without_create=len(taken - set(by_contact)),
        duplicates=sum(count - 1 for count in by_contact.values()),
        unknown_unresolved=unknown,
    )


def _transcribed(session: Session) -> set[str]:
    """By the name that the outside gave it; a message of the chat page is named by its browser, within its link."""
    kept = session.execute(
        select(Inbound.provider, Inbound.provider_ref).join(Message, Message.inbound_id == Inbound.id)
    )
    return {ref.partition(":")[2] if provider == CHAT_PAGE else ref for provider, ref in kept}


def _spoken_without_transcript(ledger: Ledger, transcribed: set[str]) -> int:
    """What is said in a call is kept under the call's name and the number of the turn."""
    turns = Counter(ref.rpartition(":")[0] for ref in transcribed)
    return sum(max(0, _answered_turns(call) - turns[call["sid"]]) for call in ledger["calls"])


def _answered_turns(call: dict[str, Any]) -> int:
    """What was said last, when the line went dead, was acknowledged no more than a text whose webhook failed."""
    unanswered: int = call.get("unanswered", 0)
    return len(call["said"]) - unanswered
