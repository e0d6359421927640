"""Giving a mandate and taking it back, on the resident's own word or after a person's check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.resident import Mandate, Phone
from scheduler.planning.mandates import mandates_in_force

MANDATE_LASTS = timedelta(days=180)


@dataclass(frozen=True)
class Grant:
    """Who may speak for whom, in what, at which phone."""

    resident_id: int
    policy_id: str
    phone_id: int
    relation: str
    name: str = ""


def grant(session: Session, asked: Grant, *, proof: str, now: datetime) -> Mandate:
    """Give the mandate. One that the same person still holds for the same is renewed with the new proof."""
    wanted = (asked.resident_id, asked.policy_id, asked.relation)
    held = mandates_in_force(session, now=now, phone_ids=[asked.phone_id])
    same = next((each for each in held if (each.resident_id, each.policy_id, each.relation) == wanted), None)
    if same:
        mandate = session.get_one(Mandate, same.mandate_id)
        mandate.proof, mandate.expires_at = proof, now + MANDATE_LASTS
        return mandate
    mandate = Mandate(
        resident_id=asked.resident_id,
        policy_id=asked.policy_id,
        phone_id=asked.phone_id,
        holder={"name": asked.name},
        relation=asked.relation,
        proof=proof,
        granted_at=now,
        expires_at=now + MANDATE_LASTS,
    )
    session.add(mandate)
    session.flush()
    return mandate


def revoke(session: Session, mandate: Mandate, *, because: str, now: datetime) -> None:
    """Take it back at once; what was decided by it before stays decided. A second time changes nothing."""
    if mandate.revoked_at is None:
        mandate.revoked_at, mandate.revoked_because = now, because
    session.flush()


def phone_of(session: Session, number: str) -> Phone:
    """The phone of this number (E.164), new if nobody had it."""
    index = key_ring().blind_index(number, kind="phone")
    phone = session.scalar(select(Phone).where(Phone.number_index == index))
    if phone is None:
        phone = Phone(number=number, number_index=index)
        session.add(phone)
        session.flush()
    return phone
