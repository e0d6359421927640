"""Proof codes: what a resident who doubts us, or the 12345 operator they ask, checks at `/verify` or at the hall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.proof import ProofCode

DIGITS = 8
VALID_FOR = timedelta(days=3)


@dataclass(frozen=True)
class Proof:
    issued_at: datetime
    expires_at: datetime
    is_valid: bool


def code_for(inbound_id: int) -> str:
    """The code said in answer to this message: the same at every try, and not to be guessed without our key."""
    index = key_ring().blind_index(f"proof:{inbound_id}", kind="proof_code")
    return f"{int.from_bytes(index.encode()) % 10**DIGITS:0{DIGITS}d}"


def issue(session: Session, code: str, *, conversation_id: int, now: datetime) -> None:
    """Keep the code. Should it be another conversation's already, it stands for both: it names neither."""
    kept = session.scalar(select(ProofCode).where(ProofCode.code == code))
    if kept is None:
        session.add(ProofCode(code=code, conversation_id=conversation_id, issued_at=now, expires_at=now + VALID_FOR))
    else:
        kept.issued_at, kept.expires_at = now, now + VALID_FOR


def code_for_visit(appointment_id: int) -> str:
    """The code of an appointment: in the text to the resident, and shown by whoever comes to the door."""
    index = key_ring().blind_index(f"visit:{appointment_id}", kind="proof_code")
    return f"{int.from_bytes(index.encode()) % 10**DIGITS:0{DIGITS}d}"


def issue_for_visit(session: Session, appointment_id: int, *, until: datetime, now: datetime) -> None:
    """Keep the code of an appointment, which holds until the end of that day."""
    code = code_for_visit(appointment_id)
    kept = session.scalar(select(ProofCode).where(ProofCode.code == code))
    if kept is None:
        session.add(ProofCode(code=code, appointment_id=appointment_id, issued_at=now, expires_at=until))
    else:
        kept.issued_at, kept.expires_at = now, max(kept.expires_at, until)


def check(session: Session, code: str, *, now: datetime) -> Proof | None:
    """What is known of the code; spaces and hyphens in it are passed over."""
    digits = "".join(sign for sign in code if sign.isdigit() and sign.isascii())
    kept = session.scalar(select(ProofCode).where(ProofCode.code == digits)) if len(digits) == DIGITS else None
    return Proof(kept.issued_at, kept.expires_at, now < kept.expires_at) if kept else None


def spaced(code: str) -> str:
    """1234 5678: as it is written and read out."""
    return f"{code[: DIGITS // 2]} {code[DIGITS // 2 :]}"
