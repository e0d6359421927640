"""The two houses of the bench of protection: one as in service, one that seals, masks and records nothing."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.orm import Session

from models import audit_chain
from models.case import Case
from models.column_types import key_ring, use_key_ring
from models.contact import Contact, ContactMatch
from models.conversation import Conversation, Inbound, Message
from models.crypto import KeyRing
from models.event import AuditEntry
from models.match import Match, MatchLedger, Snapshot
from models.resident import Phone, Resident, ResidentPhone
from models.session import Durability
from models.staff import StaffSession
from models.vocabulary import (
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
)
from outreach_api.bootstrap import House, open_house
from outreach_api.cases.open_case import open_case
from outreach_api.conversations.bot import Turn, TurnState
from outreach_api.conversations.inbox import answer_due
from outreach_api.privacy import masking
from outreach_api.processes import ProcessFault
from outreach_api.settings import Settings
from outreach_api.web.access import SESSION_COOKIE
from outreach_api.web.app import create_app
from outreach_api.web.auth import _csrf as csrf_of
from outreach_api.web.auth import _token_hash as hash_of
from outreach_api.web.staff import add_staff
from scheduler.rules.evaluate import evaluate

POLICY = "elderly-allowance"
NAME = "陈桂芳"
ASKED = "要带什么材料"
LINES = 8
"""Of the talk that a case page shows."""
TRACED = {"age_years": 75, "hukou": "shenzhen"}

# How each is shown where nothing is masked.
PLAIN: dict[str, Callable[..., str]] = {
    "mask_name": lambda name: name or "",
    "shown_name": lambda resident: resident.name,
    "mask_phone": lambda number: number or "",
    "mask_id_number": lambda number: number or "",
    "mask_address": lambda address, **_: address or "",
    "mask_text": lambda text, **_: text,
}


class PlainRing(KeyRing):
    """Writes everything in the clear."""

    def seal(self, plaintext: str, *, context: str) -> str:
        return plaintext

    def seal_many(self, plaintexts: Sequence[str | None], *, context: str) -> list[str | None]:
        return list(plaintexts)

    def open(self, sealed: str, *, context: str) -> str:
        return sealed

    def open_many(self, sealed: Sequence[str], *, context: str) -> list[str]:
        return list(sealed)

    def blind_index(self, value: str, *, kind: str) -> str:
        # A number to find it by, and no secret in it.
        return f"{hash((kind, value)) % 2**64:016x}" * 2


class ReadingBot:
    """Reads every message as the same question: what understanding costs is not the question here."""

    def turn(self, text: str, state: TurnState) -> Turn:
        return Turn(({"do": "answer", "topic": "documents"},), ({"intent": "ask_documents", "confidence": 0.97},))


class Browser:
    """Asks the application in this process, without a network between them."""

    def __init__(self, runner: asyncio.Runner, app: FastAPI, token: str) -> None:
        self._runner = runner
        transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(
            transport=transport, base_url="http://testserver", cookies={SESSION_COOKIE: token}
        )

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> int:
        """The status of the answer."""
        return self._runner.run(self._client.request(method, path, data=form)).status_code


@dataclass
class Side:
    house: House
    ring: KeyRing
    browser: Browser
    token: str
    protected: bool
    numbers: list[str] = field(default_factory=list)
    cases: list[int] = field(default_factory=list)

    def turn(self, number: int) -> None:
        """A message comes in, is kept and is answered; the answer waits to be sent."""
        sender, now = self.numbers[number], self.house.clock.now()
        with self.house.sessions.write() as session:
            session.add(
                Inbound(
                    provider="bench",
                    provider_ref=f"turn-{number}",
                    channel=Channel.SMS,
                    sender=sender,
                    sender_index=key_ring().blind_index(sender, kind="phone"),
                    recipient="10690",
                    text=ASKED,
                    received_at=now,
                    due_at=now,
                )
            )
        answered = answer_due(self.house.sessions, ReadingBot(), self.house.cards, self.house.clock)
        if len(answered.inbound_ids) != 1:
            raise ProcessFault("the message was not answered")

    def page(self, number: int) -> None:
        """Somebody is looked for by their phone, on the record, and their case is opened."""
        form = {"csrf": csrf_of(self.token), "known_by": self.numbers[number]}
        pages = (
            self.browser.ask("POST", "/residents/search", form),
            self.browser.ask("GET", f"/cases/{self.cases[number]}"),
        )
        if any(status != HTTPStatus.OK for status in pages):
            raise ProcessFault(f"the pages answered {pages}")

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """What this side uses is what the process uses."""
        use_key_ring(self.ring)
        if self.protected:
            yield
            return
        masks = list(_masks_in_use())
        for module, name, _ in masks:
            setattr(module, name, PLAIN[name])
        try:
            yield
        finally:
            for module, name, mask in masks:
                setattr(module, name, mask)


@contextmanager
def open_side(home: Path, *, people: int, protected: bool) -> Iterator[Side]:
    settings = Settings(_env_file=None, home=home, public_url="http://testserver")
    with open_house(settings, durability=Durability.PROCESS_LOSS) as house:
        ring = house.ring
        if not protected:
            ring = PlainRing(ring.active, ring.keys, ring.index_key)
            _record_nothing(house)
        use_key_ring(ring)
        token = _sign_in(house)
        with asyncio.Runner() as runner:
            side = Side(house, ring, Browser(runner, create_app(house), token), token, protected)
            with side.in_force():
                for place in range(people):
                    _settle(side, place)
            yield side


def _record_nothing(house: House) -> None:
    """No entry is written, and so no chain goes on."""

    def drop(session: Session, _flushing: Any, _instances: Any) -> None:
        for row in [row for row in session.new if isinstance(row, AuditEntry)]:
            session.expunge(row)

    writing = house.sessions._write
    event.remove(writing, "before_commit", audit_chain._seal)
    event.listen(writing, "before_flush", drop)


def _masks_in_use() -> Iterable[tuple[ModuleType, str, Callable[..., str]]]:
    """Wherever a mask was imported to."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("outreach_api.") and module is not masking:
            for name in PLAIN:
                mask = vars(module).get(name)
                if mask is getattr(masking, name):
                    yield module, name, mask


def _sign_in(house: House) -> str:
    token, now = secrets.token_urlsafe(32), house.clock.now()
    with house.sessions.write() as session:
        add_staff(session, "bench", "何晓敏", Role.SUPERVISOR)
        session.flush()
        opened = {"created_at": now, "last_seen_at": now, "two_factors": True}
        session.add(StaffSession(token_hash=hash_of(token), staff_id=1, **opened))
        session.add(Snapshot(digest="0" * 64, as_of=now.date(), counts={}, created_at=now))
    return token


def _settle(side: Side, place: int) -> None:
    """A resident who was written to, talked, and has a case."""
    house, ring, now = side.house, key_ring(), side.house.clock.now()
    number, card = f"+86199{place:08d}", f"44030319430512{place:04d}"
    trace = evaluate(house.cards[POLICY].rule, TRACED).model_dump(mode="json")
    with house.sessions.write() as session:
        phone = Phone(number=number, number_index=ring.blind_index(number, kind="phone"))
        resident = Resident(
            person_key=f"bench-{place}", name=NAME, name_index=ring.blind_index(NAME, kind="name"), id_number=card,
            id_number_index=ring.blind_index(card, kind="id_number"), birth_date=date(1943, 5, 12), sex="female",
            street="黄贝街道", community="文华社区", address=f"深南东路{place}号", created_at=now,
        )  # fmt: skip
        session.add_all((phone, resident))
        session.flush()
        match = Match(
            resident_id=resident.id, policy_id=POLICY, policy_version=str(house.cards[POLICY].version),
            state=MatchState.IN_OUTREACH, opened_at=now, state_changed_at=now,
        )  # fmt: skip
        talk = Conversation(resident_id=resident.id, phone_id=phone.id, started_at=now, last_at=now)
        contact = Contact(
            resident_id=resident.id, phone_id=phone.id, channel=Channel.SMS, purpose=ContactPurpose.OFFER,
            state=ContactState.DELIVERED, template_key="offer.by_reply", variables={"policy": "高龄津贴"},
            text="您好，您可能可以享受高龄津贴，还没办。", created_at=now, due_at=now,
            sent_at=now - timedelta(minutes=5),
        )  # fmt: skip
        session.add_all((ResidentPhone(resident=resident, phone=phone, source="bench"), match, talk, contact))
        session.flush()
        session.add(ContactMatch(contact_id=contact.id, match_id=match.id))
        session.add(
            MatchLedger(
                match_id=match.id, at=now, delta=DeltaKind.NEWLY_ELIGIBLE, opened=True, snapshot_id=1,
                rule_version="1", row=TRACED, trace=trace,
            )
        )  # fmt: skip
        for line in range(LINES):
            is_theirs = line % 2 == 0
            session.add(
                Message(
                    conversation_id=talk.id, at=now, channel=Channel.SMS, text=f"我是{NAME}，{ASKED}",
                    direction=Direction.IN if is_theirs else Direction.OUT,
                    author=Author.RESIDENT if is_theirs else Author.ASSISTANT,
                )
            )  # fmt: skip
        case: Case = open_case(
            session, kind=CaseKind.HUMAN, reason=CaseReason.REQUESTED, resident_id=resident.id, match_id=match.id,
            conversation_id=talk.id, policy_id=POLICY, summary=f"{NAME}想问要带什么", now=now, by="bench",
        )  # fmt: skip
        session.flush()
        side.numbers.append(number)
        side.cases.append(case.id)
