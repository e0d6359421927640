"""Builders: the least that makes a valid row, everything else by keyword."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from models.case import Case, Team
from models.column_types import key_ring, use_key_ring
from models.contact import Contact, ContactMatch
from models.conversation import Conversation, Message
from models.credit_code import check_character
from models.crypto import KeyRing
from models.enterprise import Enterprise
from models.match import Match, MatchLedger, Snapshot
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from models.staff import ApiToken, Staff
from models.undertaking import Undertaking
from models.vocabulary import (
    Audience,
    Author,
    CaseKind,
    CaseReason,
    Channel,
    ContactPurpose,
    ContactState,
    DeltaKind,
    Direction,
    MatchState,
    Role,
    UndertakingKind,
    UndertakingState,
)
from outreach_api.cases.open_case import open_case
from tests.engines import databases

NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)
"""Tuesday 1 September 2026, noon in Shenzhen."""
_serial = count(1)


def a_key_ring() -> KeyRing:
    return KeyRing("k1", {"k1": bytes(range(32))}, bytes(range(32, 64)))


def a_database(url: str = "sqlite://") -> Sessions:
    """An empty database with all tables, whose encrypted columns open with `a_key_ring`.

    Where the test runs on PostgreSQL, the address of a SQLite file is only its name.
    """
    use_key_ring(a_key_ring())
    return databases.sessions(url)


def a_phone(session: Session, number: str | None = None, **values: Any) -> Phone:
    # A range of its own: the numbers that tests write out themselves begin with 137 to 139.
    number = number or f"+86147{next(_serial):08d}"
    phone = Phone(number=number, number_index=key_ring().blind_index(number, kind="phone"), **values)
    session.add(phone)
    session.flush()
    return phone


def a_resident(session: Session, *, name: str = "陈秀兰", phone: Phone | str | None = None, **values: Any) -> Resident:
    """A resident of 75 with one phone."""
    ring = key_ring()
    serial = next(_serial)
    id_number = values.pop("id_number", f"4403031951{serial:08d}")
    values = {
        "birth_date": date(1951, 3, 5),
        "sex": "female",
        "street": "东门街道",
        "community": "湖贝社区",
        "address": f"湖贝路{serial}号3栋502",
        "created_at": NOON,
    } | values
    resident = Resident(
        person_key=ring.blind_index(f"{id_number}-{serial}", kind="person"),
        name=name,
        name_index=ring.blind_index(name, kind="name"),
        id_number=id_number,
        id_number_index=ring.blind_index(id_number, kind="id_number"),
        **values,
    )
    reached_at = phone if isinstance(phone, Phone) else a_phone(session, phone)
    resident.phones.append(ResidentPhone(phone_id=reached_at.id, source="grid"))
    session.add(resident)
    session.flush()
    return resident


def a_firm(session: Session, *, name: str = "深圳市桥东科技有限公司", clerk: str = "何敏", **values: Any) -> Resident:
    """A firm whose clerk has a phone."""
    first_17 = f"91440303MA5{next(_serial):06d}"
    code = first_17 + check_character(first_17)
    firm = a_resident(
        session, name=name, audience=Audience.ENTERPRISE, birth_date=None, sex=None, id_number=code, **values
    )
    firm.id_number = None
    session.add(Enterprise(resident_id=firm.id, credit_code=code, clerk=clerk, size="微型", industry="软件"))
    session.flush()
    return firm


def a_match(session: Session, resident: Resident | None = None, **values: Any) -> Match:
    resident = resident or a_resident(session)
    values = {
        "policy_id": "elderly-allowance",
        "policy_version": "1",
        "state": MatchState.IN_OUTREACH,
        "opened_at": NOON,
        "state_changed_at": NOON,
    } | values
    match = Match(resident_id=resident.id, **values)
    session.add(match)
    session.flush()
    return match


def a_ledger_entry(session: Session, match: Match, trace: dict[str, Any], **values: Any) -> MatchLedger:
    digest = hashlib.sha256(str(next(_serial)).encode()).hexdigest()
    snapshot = Snapshot(digest=digest, as_of=NOON.date(), counts={}, created_at=NOON)
    session.add(snapshot)
    session.flush()
    values = {"at": NOON, "delta": DeltaKind.NEWLY_ELIGIBLE, "opened": True, "rule_version": "1", "row": {}} | values
    entry = MatchLedger(match_id=match.id, snapshot_id=snapshot.id, trace=trace, **values)
    session.add(entry)
    session.flush()
    return entry


def a_case(session: Session, match: Match | None = None, **values: Any) -> Case:
    """A home visit that was asked for, of a match's resident."""
    values = {"kind": CaseKind.HOME_VISIT, "reason": CaseReason.REQUESTED, "now": NOON, **values}
    if match is not None:
        values = {"resident_id": match.resident_id, "match_id": match.id, "policy_id": match.policy_id, **values}
    return open_case(session, **values)


def a_team(session: Session, code: str | None = None) -> Team:
    code = code or f"T{next(_serial):02d}"
    team = Team(code=code, name=f"{code}小分队")
    session.add(team)
    session.flush()
    return team


def a_conversation(session: Session, resident: Resident, *lines: tuple[Author, str], **values: Any) -> Conversation:
    """Talk by text with a resident, one line a minute; without lines, one greeting when they last wrote."""
    values = {"started_at": NOON, "last_at": NOON + timedelta(minutes=len(lines))} | values
    conversation = Conversation(resident_id=resident.id, phone_id=resident.phones[0].phone_id, **values)
    session.add(conversation)
    session.flush()
    spoken = [(NOON + timedelta(minutes=minute), *line) for minute, line in enumerate(lines)]
    for at, author, text in spoken or [(values["last_at"], Author.RESIDENT, "您好")]:
        session.add(
            Message(
                conversation_id=conversation.id,
                at=at,
                direction=Direction.IN if author is Author.RESIDENT else Direction.OUT,
                author=author,
                channel=Channel.SMS,
                text=text,
            )
        )
    session.flush()
    return conversation


def a_contact(session: Session, match: Match, **values: Any) -> Contact:
    values = {
        "channel": Channel.SMS,
        "purpose": ContactPurpose.OFFER,
        "state": ContactState.PLANNED,
        "template_key": "offer",
        "variables": {},
        "text": "您好，您可能可以领高龄津贴。",
        "created_at": NOON,
        "due_at": NOON,
    } | values
    contact = Contact(resident_id=match.resident_id, phone_id=match.resident.phones[0].phone_id, **values)
    session.add(contact)
    session.flush()
    session.add(ContactMatch(contact_id=contact.id, match_id=match.id))
    session.flush()
    return contact


def a_staff_member(session: Session, role: Role = Role.SUPERVISOR, **values: Any) -> Staff:
    serial = next(_serial)
    values = {"username": f"{role.value}{serial}", "display_name": "李主管", "password_hash": "unusable"} | values
    staff = Staff(role=role, **values)
    session.add(staff)
    session.flush()
    return staff


def an_undertaking(session: Session, *fields: str, **values: Any) -> Undertaking:
    """A department's use that a second person agreed to, for ninety days."""
    given = {
        "kind": UndertakingKind.DEPARTMENT_USE,
        "subject": "民政局",
        "purpose": "对接业务系统",
        "rows": 1000,
        "promise": "",
        "asked_by": "staff:1",
        "asked_at": NOON,
        "expires_at": NOON + timedelta(days=90),
        "state": UndertakingState.APPROVED,
    } | values
    row = Undertaking(fields=list(fields), **given)
    session.add(row)
    session.flush()
    return row


def an_api_token(session: Session, token: str, *scopes: str, **values: Any) -> ApiToken:
    values = {"name": f"token{next(_serial)}", "created_at": NOON} | values
    row = ApiToken(token_hash=hashlib.sha256(token.encode()).hexdigest(), scopes=list(scopes), **values)
    session.add(row)
    session.flush()
    return row
