"""A new or changed item: a department submits its file, a second person approves or refuses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry, Event
from models.policy import PolicySubmission
from models.vocabulary import EventKind, SubmissionState
from outreach_api.catalogue.refused import SubmissionRefused
from outreach_api.privacy.sight import current_sight
from scheduler.policies.card import PolicyCard
from scheduler.policies.catalogue import Catalogue
from scheduler.policies.check import Fault, read_card_text

_ACTIONS: Mapping[SubmissionState, str] = MappingProxyType(
    {
        SubmissionState.SUBMITTED: "policy.submit",
        SubmissionState.APPROVED: "policy.approve",
        SubmissionState.REFUSED: "policy.refuse",
    }
)


class CardFaults(SubmissionRefused):
    """The file has faults, each with line, field and remedy."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def submit(session: Session, name: str, text: str, catalogue: Catalogue, *, by: str, now: datetime) -> PolicySubmission:
    """Keep a card file as it was sent, for a second person to decide.

    Raises:
        CardFaults: the file has faults.
        SubmissionRefused: it cannot follow what is there already.
    """
    card, faults = read_card_text(name, text)
    if card is None or faults:
        raise CardFaults(faults)
    if not current_sight().sees_policy(card.id):
        raise SubmissionRefused(f"{card.id} is none of your department's items")
    _check_it_follows(card, catalogue)
    waiting = session.scalar(
        select(PolicySubmission.id).where(
            PolicySubmission.policy_id == card.id,
            PolicySubmission.version == card.version,
            PolicySubmission.state == SubmissionState.SUBMITTED,
        )
    )
    if waiting is not None:
        raise SubmissionRefused(f"submission {waiting} of {card.id} version {card.version} waits for approval already")
    submission = PolicySubmission(
        policy_id=card.id,
        version=card.version,
        effective_from=card.effective_from,
        text=text,
        state=SubmissionState.SUBMITTED,
        submitted_by=_person(by),
        submitted_at=now,
    )
    session.add(submission)
    session.flush()
    _record(session, submission, by, now)
    return submission


def approve(session: Session, submission_id: int, catalogue: Catalogue, *, by: str, now: datetime) -> PolicySubmission:
    """Let a submission count from its effective date.

    Raises:
        SubmissionRefused: there is none to decide, the same person submitted it, or it no longer follows what is there.
    """
    submission = _to_decide(session, submission_id)
    if _person(by) == submission.submitted_by:
        raise SubmissionRefused(f"{submission.submitted_by} submitted it; a second person approves")
    card, faults = read_card_text(submission.policy_id, submission.text)
    if card is None:
        raise CardFaults(faults)
    _check_it_follows(card, catalogue)
    _decide(session, submission, SubmissionState.APPROVED, by, now)
    return submission


def refuse(session: Session, submission_id: int, *, by: str, because: str, now: datetime) -> PolicySubmission:
    """Set a submission aside. Whoever sent it may take it back so.

    Raises:
        SubmissionRefused: there is none to decide.
    """
    submission = _to_decide(session, submission_id)
    submission.because = because
    _decide(session, submission, SubmissionState.REFUSED, by, now)
    return submission


def submissions(session: Session) -> Sequence[PolicySubmission]:
    """All of them, the newest first."""
    return session.scalars(select(PolicySubmission).order_by(PolicySubmission.id.desc())).all()


def _check_it_follows(card: PolicyCard, catalogue: Catalogue) -> None:
    newest = catalogue.newest(card.id)
    if newest is None:
        return
    if card.version <= newest.version:
        raise SubmissionRefused(
            f"{card.id} has version {newest.version} already; submit this as version {newest.version + 1}"
        )
    if card.effective_from is None:
        raise SubmissionRefused(f"effective_from is missing; say from which day it replaces version {newest.version}")
    if newest.effective_from is not None and card.effective_from <= newest.effective_from:
        raise SubmissionRefused(
            f"it starts on {card.effective_from}, not after version {newest.version} ({newest.effective_from}); "
            "let a later version start on a later day"
        )


def _to_decide(session: Session, submission_id: int) -> PolicySubmission:
    submission = session.get(PolicySubmission, submission_id, with_for_update=True)
    if submission is None:
        raise SubmissionRefused(f"there is no submission {submission_id}; `./outreach policies submitted` lists them")
    if submission.state is not SubmissionState.SUBMITTED:
        raise SubmissionRefused(f"submission {submission_id} was decided by {submission.decided_by} already")
    return submission


def _decide(session: Session, submission: PolicySubmission, state: SubmissionState, by: str, now: datetime) -> None:
    submission.state = state
    submission.decided_by = _person(by)
    submission.decided_at = now
    _record(session, submission, by, now)


def _record(session: Session, submission: PolicySubmission, by: str, now: datetime) -> None:
    facts = {
        "submission": submission.id,
        "policy": submission.policy_id,
        "version": submission.version,
        "state": submission.state.value,
    }
    session.add(Event(at=now, kind=EventKind.POLICY_CHANGED, facts=facts))
    session.add(
        AuditEntry(
            at=now,
            actor=_person(by),
            action=_ACTIONS[submission.state],
            subject=f"policy_submission:{submission.id}",
            facts=facts,
        )
    )


def _person(by: str) -> str:
    """A name as it is compared: 张三 and `Wang ` in any case and width of blanks are one person each."""
    name = " ".join(by.split()).casefold()
    if not name:
        raise SubmissionRefused("say who you are: --by NAME")
    return name[:64]
