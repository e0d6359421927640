"""What a person may change about a resident, each with its reason and on the record."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.conversation import Consent, ContactStop
from models.event import AuditEntry
from models.resident import Phone, Resident, ResidentPhone
from models.vocabulary import CaseKind, CaseReason, PhoneState
from outreach_api.cases.open_case import open_case
from scheduler.planning.stops import release_stop

SHORTEST_REASON = 2


class Keeping(StrEnum):
    """The changes there are."""

    QUARANTINE = "quarantine"
    RELEASE_PHONE = "release_phone"
    RELEASE_STOP = "release_stop"
    WITHDRAW_CONSENT = "withdraw_consent"
    REFUSE_PROFILING = "refuse_profiling"
    ALLOW_PROFILING = "allow_profiling"


class KeepingRefused(ValueError):  # noqa: N818
    """Nothing was changed; says why."""


def keep(
    session: Session, resident_id: int, what: Keeping, thing_id: int, *, because: str, by: str, now: datetime
) -> None:
    """Make one change; `thing_id` is the phone, stop or consent it is about.

    Raises:
        KeepingRefused: no reason is given, or the thing is not this resident's.
    """
    because = " ".join(because.split())
    if len(because) < SHORTEST_REASON:
        raise KeepingRefused("say why")
    resident = session.get(Resident, resident_id)
    if resident is None:
        raise KeepingRefused(f"there is no resident {resident_id}")
    if resident.erased_at is not None:
        raise KeepingRefused("their record was erased at their wish")
    match what:
        case Keeping.QUARANTINE:
            _phone(session, resident, thing_id).state = PhoneState.QUARANTINED
        case Keeping.RELEASE_PHONE:
            phone = _phone(session, resident, thing_id)
            phone.state, phone.carrier_failures = PhoneState.USABLE, 0
        case Keeping.RELEASE_STOP:
            release_stop(session, _stop(session, resident, thing_id), by=by, why=because[:200], now=now)
        case Keeping.WITHDRAW_CONSENT:
            _withdraw(session, resident, thing_id, now)
        case Keeping.REFUSE_PROFILING:
            resident.profiling_refused_at = resident.profiling_refused_at or now
        case Keeping.ALLOW_PROFILING:
            resident.profiling_refused_at = None
    facts = {"about": thing_id} if thing_id else {}
    subject = f"resident:{resident_id}"
    action = f"resident.{what.value}"
    session.add(AuditEntry(at=now, actor=by, action=action, subject=subject, purpose=because[:200], facts=facts))


def _phone(session: Session, resident: Resident, phone_id: int) -> Phone:
    link = session.scalar(
        select(ResidentPhone).where(ResidentPhone.resident_id == resident.id, ResidentPhone.phone_id == phone_id)
    )
    if link is None:
        raise KeepingRefused(f"resident {resident.id} has no phone {phone_id}")
    return link.phone


def _stop(session: Session, resident: Resident, stop_id: int) -> ContactStop:
    stop = session.get(ContactStop, stop_id)
    phones = {link.phone_id for link in resident.phones}
    if stop is None or stop.released_at or (stop.resident_id != resident.id and stop.phone_id not in phones):
        raise KeepingRefused(f"no stop {stop_id} stands for resident {resident.id}")
    return stop


def _withdraw(session: Session, resident: Resident, consent_id: int, now: datetime) -> None:
    """The department has the application already: a person sees to it that it is taken back there."""
    consent = session.get(Consent, consent_id)
    if consent is None or consent.resident_id != resident.id or consent.withdrawn_at is not None:
        raise KeepingRefused(f"no consent {consent_id} of resident {resident.id} is in force")
    consent.withdrawn_at = now
    open_case(
        session,
        kind=CaseKind.HUMAN,
        reason=CaseReason.REQUESTED,
        resident_id=resident.id,
        match_id=consent.match_id,
        policy_id=consent.policy_id,
        now=now,
    )
