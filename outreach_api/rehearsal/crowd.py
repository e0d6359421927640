"""A crowd of residents nobody matched yet, for drills and measurements of speed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import insert, select

from models.column_types import key_ring
from models.contact import Contact, ContactMatch
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from models.vocabulary import Channel, ContactPurpose, ContactState, MatchState, PhoneState, ResidentStatus

AT_A_TIME = 5000
# 199 is a range of real numbers; a number in it is only ever given to the sandbox.
FIRST_NUMBER = 19_900_000_000


def add_crowd(sessions: Sessions, count: int, *, street: str, now: datetime) -> range:
    """Add so many residents of a street with a phone each; resident and phone have the same id, out of the result."""
    with sessions.read() as session:
        last = session.scalar(select(Resident.id).order_by(Resident.id.desc()).limit(1)) or 0
    for first, size in _pieces(count):
        ids = range(last + first + 1, last + first + size + 1)
        with sessions.write() as session:
            session.execute(insert(Resident), [_resident(resident_id, street, now) for resident_id in ids])
            session.execute(insert(Phone), [_phone(phone_id) for phone_id in ids])
            links = [{"resident_id": number, "phone_id": number, "rank": 0, "source": "drill"} for number in ids]
            session.execute(insert(ResidentPhone), links)
    return range(last + 1, last + count + 1)


def match_crowd(sessions: Sessions, policy_id: str, campaign_id: int, count: int, *, now: datetime) -> None:
    """Match the first residents of the crowd to a policy and queue an offer for each, due now."""
    for first, size in _pieces(count):
        ids = range(first + 1, first + size + 1)
        with sessions.write() as session:
            session.execute(insert(Match), [_match(number, number, policy_id, now) for number in ids])
            session.execute(insert(Contact), [_offer(number, number, campaign_id, now) for number in ids])
            links = [{"contact_id": number, "match_id": number, "number": 1} for number in ids]
            session.execute(insert(ContactMatch), links)


def queue_single(sessions: Sessions, resident_id: int, policy_id: str, campaign_id: int, *, now: datetime) -> int:
    """One offer of another campaign to one of the crowd, due now; its id."""
    with sessions.write() as session:
        match = Match(**_match(None, resident_id, policy_id, now))
        contact = Contact(**_offer(None, resident_id, campaign_id, now))
        session.add_all((match, contact))
        session.flush()
        session.add(ContactMatch(contact_id=contact.id, match_id=match.id))
        return contact.id


def number_of(phone_id: int) -> str:
    return f"+86{FIRST_NUMBER + phone_id}"


def _pieces(count: int) -> Iterator[tuple[int, int]]:
    return ((first, min(AT_A_TIME, count - first)) for first in range(0, count, AT_A_TIME))


def _resident(resident_id: int, street: str, now: datetime) -> dict[str, object]:
    name = f"演练{resident_id}"
    return {
        "id": resident_id,
        "person_key": f"drill-{resident_id}",
        "name": name,
        "name_index": f"drill-{resident_id}",
        "street": street,
        "status": ResidentStatus.PRESENT,
        "focus_groups": [],
        "created_at": now,
    }


def _phone(phone_id: int) -> dict[str, object]:
    number = number_of(phone_id)
    index = key_ring().blind_index(number, kind="phone")
    return {"id": phone_id, "number": number, "number_index": index, "state": PhoneState.USABLE, "carrier_failures": 0}


def _match(match_id: int | None, resident_id: int, policy_id: str, now: datetime) -> dict[str, object]:
    named = {} if match_id is None else {"id": match_id}
    return {
        **named,
        "resident_id": resident_id,
        "policy_id": policy_id,
        "policy_version": "1",
        "state": MatchState.IN_OUTREACH,
        "opened_at": now,
        "state_changed_at": now,
        "version": 1,
    }


def _offer(contact_id: int | None, resident_id: int, campaign_id: int, now: datetime) -> dict[str, object]:
    named = {} if contact_id is None else {"id": contact_id}
    return {
        **named,
        "resident_id": resident_id,
        "phone_id": resident_id,
        "campaign_id": campaign_id,
        "channel": Channel.SMS,
        "purpose": ContactPurpose.OFFER,
        "state": ContactState.PLANNED,
        "template_key": "drill",
        "variables": {},
        "text": f"演练短信，给{resident_id}。",
        "created_at": now,
        "due_at": now,
    }
