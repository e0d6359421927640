"""The history checker: the carrier's ledger against the transcript and the state tables, after a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.audit_chain import Anchor, verify
from models.contact import Contact, Receipt
from models.conversation import Inbound, Message
from models.session import Sessions
from models.vocabulary import ContactState, Direction, InboundState
from outreach_api.rehearsal.figures import reconcile_with_ledger
from proof.history import unlawful_changes
from sandbox.audit import CHAT, count_breaches
from sandbox.ledger import Ledger

OVERDUE = timedelta(hours=12)
"""What is still waiting so long after it was due has been forgotten."""


@dataclass
class Findings:
    """What was found wrong, each as a sentence."""

    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    after_stop: list[str] = field(default_factory=list)
    unknown_unlisted: list[str] = field(default_factory=list)
    invalid_transitions: list[str] = field(default_factory=list)
    rule_breaches: list[str] = field(default_factory=list)
    """Of the budget and of the quiet hours."""
    audit_breaks: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    def counts(self) -> dict[str, int]:
        return {one.name: len(getattr(self, one.name)) for one in fields(self)}


def check(sessions: Sessions, ledger: Ledger, anchors: Sequence[Anchor], *, now: datetime) -> Findings:
    """Everything in the ledger must be in our tables, once; and our tables may claim nothing that is not in it."""
    found = Findings()
    breaches = count_breaches(ledger)
    found.after_stop += ["a send after a stop"] * breaches.after_stop
    found.rule_breaches += ["a send over the budget"] * breaches.budget
    found.rule_breaches += ["a send in the quiet hours"] * breaches.quiet_hours
    with sessions.read() as session:
        _check_ledger(session, ledger.as_json(), found)
        _check_answers(session, found)
        _check_waiting(session, found, now)
        found.invalid_transitions += unlawful_changes(session.connection())
        faults = verify(session.connection(), anchors).faults
        found.audit_breaks += [f"the audit's entry {fault.number} is {fault.kind.value}" for fault in faults]
    return found


def _check_ledger(session: Session, ledger: dict[str, list[dict[str, Any]]], found: Findings) -> None:
    held = reconcile_with_ledger(session, ledger)
    found.lost += ["an acknowledged text without transcript"] * held.inbound_without_transcript
    transcribed = set(session.scalars(select(Inbound.provider_ref).join(Message, Message.inbound_id == Inbound.id)))
    for entry in ledger["inbound"]:
        # Nobody took it when it came; the carrier has kept it for whoever asks. The chat page keeps it for its writer.
        if not entry["acknowledged"] and entry["sid"] not in transcribed and entry.get("channel") != CHAT:
            found.lost.append("a text that came while nobody was here was never asked for")
    found.lost += ["something said in a call without transcript"] * held.spoken_without_transcript
    found.duplicates += ["two accepted sends of one contact"] * held.duplicates
    states = {row.id: row.state for row in session.execute(select(Contact.id, Contact.state))}
    accepted = Counter(int(one["contact"]) for one in ledger["creates"] if one["accepted"] and one["contact"])
    for contact_id in accepted:
        state = states.get(contact_id)
        if state in (None, ContactState.PLANNED, ContactState.SENDING, ContactState.CANCELLED, ContactState.NOT_SENT):
            found.unknown_unlisted.append(f"contact {contact_id} is with the carrier and {state} here")
        elif state is ContactState.REJECTED:
            found.lost.append(f"contact {contact_id} is with the carrier and rejected here")
    if held.contacts_without_create:
        found.lost += ["a contact taken by no carrier"] * held.contacts_without_create


def _check_answers(session: Session, found: Findings) -> None:
    """Each inbound has its effects once: it is one line of the transcript."""
    twice = (
        select(Message.inbound_id, func.count())
        .where(Message.inbound_id.is_not(None), Message.direction == Direction.IN)
        .group_by(Message.inbound_id)
        .having(func.count() > 1)
    )
    for inbound_id, count in session.execute(twice):
        found.duplicates.append(f"inbound {inbound_id} is {count} times in the transcript")


def _check_waiting(session: Session, found: Findings, now: datetime) -> None:
    sending = Contact.state.in_((ContactState.SENDING, ContactState.UNKNOWN))
    for contact_id in session.scalars(select(Contact.id).where(sending, Contact.claimed_at < now - OVERDUE)):
        found.unknown_unlisted.append(f"contact {contact_id} was begun and never settled")
    unanswered = Inbound.state.in_((InboundState.PENDING, InboundState.PROCESSING))
    for inbound_id in session.scalars(select(Inbound.id).where(unanswered, Inbound.received_at < now - OVERDUE)):
        found.lost.append(f"inbound {inbound_id} was never answered")
    forgotten = select(Receipt.id).where(Receipt.applied_at.is_(None), Receipt.received_at < now - OVERDUE)
    for receipt_id in session.scalars(forgotten):
        found.lost.append(f"receipt {receipt_id} was never applied")
