"""Giving a mandate and taking it back, on the resident's own word or after a person's check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.event import AuditEntry
from models.match import Match
from models.resident import Mandate, Phone
from outreach_api.residents.find import phone_number
from scheduler.planning.mandates import mandates_in_force

MANDATE_LASTS = timedelta(days=180)
RELATIONS = ("女儿", "儿子", "儿媳", "女婿", "老伴", "孙辈", "兄弟姐妹", "侄辈", "照护人", "家属")
"""As the assistant hears them (我是她女儿)."""


class GrantRefused(ValueError):  # noqa: N818
    """There can be no such mandate; says why."""


@dataclass(frozen=True)
class Checked:
    """What a person has checked: that the resident wants it, for whom and in what."""

    policy_id: str
    phone: str
    relation: str
    name: str = ""


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


def grant_checked(session: Session, resident_id: int, checked: Checked, *, staff_id: int, now: datetime) -> Mandate:
    """Give a mandate after a person's check, on the record.

    Raises:
        NoPhoneNumber: the phone is none.
        GrantRefused: the relation is none, or the resident is not matched to the policy.
    """
    matched = select(Match.id).where(Match.resident_id == resident_id, Match.policy_id == checked.policy_id)
    if checked.relation not in RELATIONS or session.scalar(matched) is None:
        raise GrantRefused(f"the resident is not matched to {checked.policy_id}, or nobody is related so")
    number = phone_number(checked.phone)
    asked = Grant(resident_id, checked.policy_id, phone_of(session, number).id, checked.relation, checked.name.strip())
    mandate = grant(session, asked, proof=f"checked:staff:{staff_id}", now=now)
    _record(session, "mandate.grant", mandate, staff_id, now)
    return mandate


def revoke_by_staff(session: Session, mandate: Mandate, *, staff_id: int, now: datetime) -> None:
    """Take it back at once, on the record."""
    revoke(session, mandate, because=f"staff:{staff_id}", now=now)
    _record(session, "mandate.revoke", mandate, staff_id, now)


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


def _record(session: Session, action: str, mandate: Mandate, staff_id: int, now: datetime) -> None:
    facts = {"resident": mandate.resident_id, "policy": mandate.policy_id}
    subject = f"mandate:{mandate.id}"
    session.add(AuditEntry(at=now, actor=f"staff:{staff_id}", action=action, subject=subject, facts=facts))
