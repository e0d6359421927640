"""What a resident may ask for about what is stored of them: each a case with its deadline, carried out once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.column_types import key_ring
from models.conversation import Consent
from models.event import AuditEntry
from models.resident import Resident
from models.vocabulary import CaseKind, CaseReason
from outreach_api.cases.open_case import open_case
from outreach_api.cases.work_case import FINISHED, find_case, resolve
from outreach_api.privacy.copy_of import ZONE, ResidentCopy, copy_of
from outreach_api.privacy.erase import erase
from outreach_api.privacy.reveal import LONGEST_PURPOSE
from outreach_api.privacy.sight import whole_district
from scheduler.rules.guardians import has_guardian


class RightRefused(ValueError):  # noqa: N818
    """Nothing was done; says why."""


class Right(StrEnum):
    REFUSE_PROFILING = "refuse_profiling"
    COPY = "copy"
    CORRECTION = "correction"
    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"
    """Of every consent they gave."""
    EXPLANATION = "explanation"
    """A person explains what was decided by matching, and looks at it again."""


REASON_OF: Mapping[Right, CaseReason] = {
    Right.REFUSE_PROFILING: CaseReason.REFUSE_PROFILING,
    Right.COPY: CaseReason.COPY,
    Right.CORRECTION: CaseReason.CORRECTION,
    Right.ERASURE: CaseReason.ERASURE,
    Right.WITHDRAWAL: CaseReason.WITHDRAWAL,
    Right.EXPLANATION: CaseReason.EXPLANATION,
}
RIGHT_OF = {reason: right for right, reason in REASON_OF.items()}
CORRECTED = ("name", "address", "street", "community")
"""What a person here can put right; ID number and date of birth are the register's, and come with its next file."""


def ask_for(
    session: Session, resident_id: int, right: Right, *, words: str, by: str, now: datetime, guardian: str = ""
) -> Case:
    """Open the case of a wish. Refusing to be matched and taking consents back hold from this moment on.

    For a child under fourteen `guardian` asks: who they are, in words.

    Raises:
        RightRefused: there is no such resident, their record is erased already, or nobody may ask for this child.
    """
    resident = _found(session, resident_id)
    if has_guardian(resident.birth_date, on=now.astimezone(ZONE).date()) and not guardian.strip():
        raise RightRefused("they are under fourteen: say which guardian asks")
    if right is Right.REFUSE_PROFILING:
        resident.profiling_refused_at = resident.profiling_refused_at or now
    if right is Right.WITHDRAWAL:
        with whole_district():
            _withdraw(session, resident, now)
    said = [f"监护人：{guardian.strip()}"] if guardian.strip() else []
    case = open_case(
        session,
        kind=CaseKind.RIGHTS,
        reason=REASON_OF[right],
        resident_id=resident_id,
        summary="。".join([*said, words.strip()]).strip("。") or None,
        now=now,
        by=by,
    )
    _audit(session, f"rights.ask.{right.value}", case, by=by, now=now)
    return case


def carry_out(
    session: Session, case_id: int, *, by: str, now: datetime, corrections: Mapping[str, str] | None = None
) -> ResidentCopy | None:
    """Do what the case asks for and settle it; the copy for the resident, where that was asked for.

    Raises:
        CaseNotFound: no such case.
        RightRefused: it is no such case, is settled already, or a correction is missing or not a person's to make.
    """
    case = find_case(session, case_id)
    right = right_of(case)
    if right is None or case.resident_id is None:
        raise RightRefused(f"case {case_id} asks for no right")
    if case.state in FINISHED:
        raise RightRefused(f"case {case_id} is settled")
    resident = _found(session, case.resident_id)
    made = None
    # It is all of theirs that is meant, not the part of it that whoever sees to it sees.
    with whole_district():
        match right:
            case Right.REFUSE_PROFILING:
                resident.profiling_refused_at = resident.profiling_refused_at or now
            case Right.COPY:
                made = copy_of(session, resident, now=now)
            case Right.CORRECTION:
                _correct(resident, corrections or {})
            case Right.WITHDRAWAL:
                _withdraw(session, resident, now)
            case Right.ERASURE | Right.EXPLANATION:
                pass
    _audit(session, f"rights.{right.value}", case, by=by, now=now, fields=sorted(corrections or {}))
    resolve(session, case, by=by, now=now)
    session.flush()
    if right is Right.ERASURE:
        # Last of all: the case that asked for it loses its words as well.
        with whole_district():
            erase(session, resident.id, by=by, purpose=f"case:{case_id}", now=now)
    return made


def right_of(case: Case) -> Right | None:
    """What a case asks for; None: it is no such case."""
    return RIGHT_OF.get(case.reason) if case.kind is CaseKind.RIGHTS else None


def wishes(session: Session, resident_id: int) -> list[Case]:
    """Their cases of this kind, newest first."""
    query = select(Case).where(Case.kind == CaseKind.RIGHTS, Case.resident_id == resident_id)
    return list(session.scalars(query.order_by(Case.id.desc())))


def open_wishes(session: Session, resident_id: int) -> list[Case]:
    """Those that are not settled, what is promised soonest first."""
    waiting = [case for case in wishes(session, resident_id) if case.state not in FINISHED]
    return sorted(waiting, key=lambda case: (case.due_at, case.id))


def _found(session: Session, resident_id: int) -> Resident:
    resident = session.get(Resident, resident_id)
    if resident is None:
        raise RightRefused(f"there is no resident {resident_id}")
    if resident.erased_at is not None:
        raise RightRefused("their record was erased already")
    if resident.merged_into_id is not None:
        raise RightRefused(f"resident {resident.merged_into_id} stands for them")
    return resident


def _withdraw(session: Session, resident: Resident, now: datetime) -> None:
    """At once here; the case stands for telling the authority that has the application."""
    given = (Consent.resident_id == resident.id, Consent.withdrawn_at.is_(None))
    for consent in session.scalars(select(Consent).where(*given)):
        consent.withdrawn_at = now


def _correct(resident: Resident, corrections: Mapping[str, str]) -> None:
    strange = sorted(set(corrections) - set(CORRECTED))
    if strange or not corrections:
        raise RightRefused(f"say what is to be corrected: {', '.join(CORRECTED)}")
    if not corrections.get("name", "-").strip():
        raise RightRefused("a resident has a name")
    for name, value in corrections.items():
        setattr(resident, name, value.strip() or None)
    if "name" in corrections:
        resident.name_index = key_ring().blind_index(resident.name, kind="name")


def _audit(
    session: Session, action: str, case: Case, *, by: str, now: datetime, fields: list[str] | None = None
) -> None:
    session.flush()
    subject, facts = f"resident:{case.resident_id}", {"fields": fields} if fields else {}
    purpose = f"case:{case.id}"[:LONGEST_PURPOSE]
    session.add(AuditEntry(at=now, actor=by, action=action, subject=subject, purpose=purpose, facts=facts))
