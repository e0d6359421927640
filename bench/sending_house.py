"""The house of `bench delivery`, in a process of its own: accepts contacts, sends them, takes and applies receipts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from bench.child import used
from bench.street import START
from models.column_types import key_ring
from models.contact import Campaign, Contact, ContactMatch
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.vocabulary import CampaignState, Channel, ContactPurpose, ContactState, MatchState
from outreach_api.bootstrap import RECEIPTS_WAIT_SECONDS, House, open_house
from outreach_api.clock import VirtualClock
from outreach_api.loops import work_until
from outreach_api.rehearsal.server import ServerThread
from outreach_api.settings import Settings
from outreach_api.web.app import create_app

NOON = datetime.fromisoformat(f"{START}T12:00:00+08:00")
ACCEPTED_AT_A_TIME = 500
"""As many as the planner writes in one transaction."""
LOOK_EVERY_SECONDS = 0.25
COUNT_SECONDS = 10.0
"""So often it is counted though the newest has not arrived: to see whether anything moves."""
IDLE_SECONDS = 0.02
PATIENCE_SECONDS = 60.0
"""Ends a run that stands still; a fault of ours."""
POLICY = "elderly-allowance"
WORDS = "【服务找人】陈阿姨您好，您可能可以领高龄津贴，每月300元。回复1想办，2不需要，T不再联系。"


def send_all(environment: Mapping[str, str], messages: int) -> dict[str, Any]:
    """Send so many texts to as many residents. Residents, phones and matches are there beforehand."""
    os.environ.update(environment)
    settings = Settings(_env_file=None)
    with open_house(settings, clock=VirtualClock(NOON), receipts_wait=RECEIPTS_WAIT_SECONDS) as house:
        with house.sessions.write() as session:
            people = settle_people(session, messages)
        cpu_before = used()["cpu_s"]
        with ServerThread(create_app(house), host="127.0.0.1", port=settings.port):
            began = time.perf_counter()
            stop = threading.Event()
            worker = threading.Thread(target=work_until, args=(stop, house.work_off, _Briefly()), name="worker")
            worker.start()
            try:
                accept_contacts(house, people)
                delivered = _wait_until_delivered(house, messages)
            finally:
                stop.set()
                worker.join()
        seconds = time.perf_counter() - began
        return {"seconds": seconds, "delivered": delivered, "cpu_s": used()["cpu_s"] - cpu_before}


def settle_people(session: Session, how_many: int) -> list[dict[str, int]]:
    """Residents with a phone and an open match each, and the campaign; ids of resident, phone, match and campaign."""
    ring = key_ring()
    campaign = Campaign(
        policy_id=POLICY, name="bench", state=CampaignState.RUNNING, daily_cap=how_many, starts_on=NOON.date()
    )
    session.add(campaign)
    session.flush()
    numbers = [f"+86139{serial:08d}" for serial in range(how_many)]
    lines = [{"number": number, "number_index": ring.blind_index(number, kind="phone")} for number in numbers]
    phones = _insert(session, Phone, lines)
    serials = count()
    residents = _insert(session, Resident, [_resident(next(serials)) for _ in phones])
    owned = zip(residents, phones, strict=True)
    session.execute(
        insert(ResidentPhone), [{"resident_id": r, "phone_id": p, "rank": 0, "source": "bench"} for r, p in owned]
    )
    opened = {"policy_id": POLICY, "policy_version": "1", "state": MatchState.IN_OUTREACH, "opened_at": NOON}
    rows = [{"resident_id": resident, "state_changed_at": NOON, "episode": 1, **opened} for resident in residents]
    matches = _insert(session, Match, rows)
    return [
        {"resident_id": r, "phone_id": p, "match_id": m, "campaign_id": campaign.id}
        for r, p, m in zip(residents, phones, matches, strict=True)
    ]


def _resident(serial: int) -> dict[str, Any]:
    return {
        "person_key": f"{serial:032x}",
        "name": "陈秀兰",
        "name_index": key_ring().blind_index("陈秀兰", kind="name"),
        "birth_date": NOON.date() - timedelta(days=27_000),
        "sex": "female",
        "focus_groups": [],
        "created_at": NOON,
    }


def _insert(session: Session, table: Any, rows: list[dict[str, Any]]) -> list[int]:
    return list(session.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), rows))


def accept_contacts(house: House, people: list[dict[str, int]]) -> None:
    """Write and commit the contacts, as the planner does."""
    now = house.clock.now()
    for first in range(0, len(people), ACCEPTED_AT_A_TIME):
        batch = people[first : first + ACCEPTED_AT_A_TIME]
        with house.sessions.write() as session:
            contacts = _insert(session, Contact, [_contact(person, now) for person in batch])
            pairs = zip(contacts, batch, strict=True)
            session.execute(
                insert(ContactMatch), [{"contact_id": c, "match_id": p["match_id"], "number": 1} for c, p in pairs]
            )


def _contact(person: Mapping[str, int], now: datetime) -> dict[str, Any]:
    return {
        "resident_id": person["resident_id"],
        "phone_id": person["phone_id"],
        "campaign_id": person["campaign_id"],
        "channel": Channel.SMS,
        "purpose": ContactPurpose.OFFER,
        "template_key": "offer",
        "variables": {},
        "text": WORDS,
        "created_at": now,
        "due_at": now,
        "expires_at": now + timedelta(days=3),
    }


class _Briefly:
    """Waits no longer than a worker that is woken would."""

    def wait(self, _: float) -> bool:
        time.sleep(IDLE_SECONDS)
        return True


def _wait_until_delivered(house: House, messages: int) -> int:
    """How many are delivered at the end. Looked at lightly meanwhile: what a look costs, sending would seem to cost."""
    newest = select(Contact.state).order_by(Contact.id.desc()).limit(1)
    counted = select(func.count()).select_from(Contact).where(Contact.state == ContactState.DELIVERED)
    delivered, moved_at = 0, time.monotonic()
    while delivered < messages and time.monotonic() - moved_at < PATIENCE_SECONDS:
        time.sleep(LOOK_EVERY_SECONDS)
        with house.sessions.read() as session:
            if session.scalar(newest) is not ContactState.DELIVERED and time.monotonic() - moved_at < COUNT_SECONDS:
                continue
            now_delivered = session.scalar(counted) or 0
        if now_delivered != delivered:
            delivered, moved_at = now_delivered, time.monotonic()
    return delivered
