"""A small street to hold conversations on: residents, their phones, the offers they got, and a scripted bot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.column_types import key_ring
from models.contact import Contact, ContactMatch
from models.conversation import Consent, ContactStop, Conversation, Inbound, Message
from models.enterprise import Enterprise
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from models.vocabulary import (
    Audience,
    Channel,
    ContactPurpose,
    ContactState,
    ConversationOutcome,
    Direction,
    MatchState,
)
from outreach_api.clock import VirtualClock
from outreach_api.conversations.bot import BotUnavailable, Turn, TurnState
from outreach_api.conversations.inbox import InboxReport, answer_due
from outreach_api.conversations.offers import OfferTexts
from scheduler.policies.card import PolicyCard

START = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning in Shenzhen."""
ALLOWANCE, CHECK_UP, SUBSIDY = "elderly-allowance", "elderly-health-check", "disabled-living-subsidy"
STARTUP = "startup-subsidy"

Reading = Sequence[Mapping[str, Any]]
YES: Reading = [{"do": "reply", "value": "yes"}]
NO: Reading = [{"do": "reply", "value": "no"}]
NOTHING_UNDERSTOOD: Reading = [{"do": "clarify", "readings": ["ask_amount", "ask_where"]}]


def outcome(name: str) -> Reading:
    return [{"do": "outcome", "outcome": name}]


def question(topic: str) -> Reading:
    return [{"do": "answer", "topic": topic}]


def said(line: str) -> Reading:
    return [{"do": "say", "line": line}]


def case(kind: str, reason: str) -> Reading:
    return [{"do": "case", "kind": kind, "reason": reason}]


READINGS: dict[str, Reading] = {
    "好": YES,
    "好的": YES,
    "可以": YES,
    "不要了": NO,
    "不用": NO,
    "我想办": outcome("interested"),
    "还是办吧": outcome("interested"),
    "不需要": outcome("declined"),
    "早就领了": outcome("already_enrolled"),
    "搬到龙岗去了": outcome("moved"),
    "烦死了别找我": outcome("opted_out"),
    "他不在了": outcome("deceased"),
    "不认识这个人": outcome("wrong_person"),
    "有多少钱": question("amount"),
    "要带什么": question("documents"),
    "去哪里办": question("where"),
    "多久办好": question("processing_time"),
    "办到哪一步了": question("status"),
    "还有别的吗": question("other_benefits"),
    "是不是骗子": question("scam"),
    "你是谁": said("who_we_are"),
    "你好": said("greeting"),
    "谢谢": said("thanks"),
    "我是她女儿": [{"do": "say", "line": "family_welcome"}, {"do": "ask", "question": "mandate"}],
    "现在忙": [{"do": "ask", "question": "callback_time"}],
    "明天下午三点打来": outcome("callback"),
    "改天再说": outcome("callback"),
    "不会用手机": [{"do": "ask", "question": "home_visit"}],
    "来我家一趟": [*outcome("escalated"), *case("home_visit", "requested")],
    "楼下路灯坏了": case("appeal", "reported"),
    "你们太慢了": case("complaint", "complaint"),
    "没听清": [{"do": "repeat"}],
    "慢点说": [{"do": "prefer", "preference": "slow"}, {"do": "repeat"}],
}


@dataclass
class ScriptedBot:
    """Reads the messages it knows; everything else it does not understand."""

    readings: Mapping[str, Reading] = field(default_factory=lambda: READINGS)
    is_up: bool = True
    asked: list[tuple[str, TurnState]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _text: None

    def turn(self, text: str, state: TurnState) -> Turn:
        self.asked.append((text, state))
        self.before(text)
        if not self.is_up:
            raise BotUnavailable("it is down")
        return Turn(tuple(dict(each) for each in self.readings.get(text, NOTHING_UNDERSTOOD)), ())


@dataclass(frozen=True)
class Neighbour:
    """A resident and the phone they write from."""

    resident_id: int
    number: str
    matches: Mapping[str, int]


@dataclass
class Street:
    sessions: Sessions
    cards: Mapping[str, PolicyCard]
    bot: ScriptedBot = field(default_factory=ScriptedBot)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    inbound_count: int = 0

    def a_resident(
        self,
        *policies: str,
        name: str = "陈桂芳",
        born: date = date(1943, 5, 12),
        number: str = "+8613800000001",
        offered: bool = True,
    ) -> Neighbour:
        """Somebody matched to these policies, who got one offer of all of them."""
        policies = policies or (ALLOWANCE,)
        now = self.clock.now()
        with self.sessions.write() as session:
            phone = self._phone(session, number)
            resident = Resident(
                person_key=f"{name}{number}", name=name, name_index=name, birth_date=born, created_at=now
            )
            session.add(resident)
            session.flush()
            session.add(ResidentPhone(resident_id=resident.id, phone_id=phone.id, source="grid"))
            matches = {policy: self._match(session, resident, policy) for policy in policies}
            neighbour = Neighbour(resident.id, number, {policy: match.id for policy, match in matches.items()})
        if offered:
            self.offer(neighbour, *policies)
        return neighbour

    def a_firm(
        self,
        *policies: str,
        name: str = "深圳市桥东科技有限公司",
        clerk: str = "何敏",
        number: str = "+8613700000001",
        offered: bool = True,
    ) -> Neighbour:
        """A firm matched to these policies, whose clerk got one offer of all of them."""
        policies = policies or (STARTUP,)
        with self.sessions.write() as session:
            phone = self._phone(session, number)
            firm = Resident(
                audience=Audience.ENTERPRISE,
                person_key=f"{name}{number}",
                name=name,
                name_index=name,
                street="东门街道",
                created_at=self.clock.now(),
            )
            session.add(firm)
            session.flush()
            code = f"91440303MA5{firm.id:07d}"
            session.add(Enterprise(resident_id=firm.id, credit_code=code, clerk=clerk))
            session.add(ResidentPhone(resident_id=firm.id, phone_id=phone.id, source="enterprises"))
            matches = {policy: self._match(session, firm, policy) for policy in policies}
            clerk_of = Neighbour(firm.id, number, {policy: match.id for policy, match in matches.items()})
        if offered:
            self.offer(clerk_of, *policies)
        return clerk_of

    def _match(self, session: Session, resident: Resident, policy: str) -> Match:
        match = Match(
            resident_id=resident.id,
            policy_id=policy,
            policy_version=str(self.cards[policy].version),
            state=MatchState.IN_OUTREACH,
            opened_at=self.clock.now(),
            state_changed_at=self.clock.now(),
        )
        session.add(match)
        session.flush()
        return match

    def _phone(self, session: Session, number: str) -> Phone:
        index = key_ring().blind_index(number, kind="phone")
        phone = session.scalar(select(Phone).where(Phone.number_index == index))
        if phone is None:
            phone = Phone(number=number, number_index=index)
            session.add(phone)
            session.flush()
        return phone

    def offer(
        self,
        to: Neighbour,
        *policies: str,
        state: ContactState = ContactState.DELIVERED,
        purpose: ContactPurpose = ContactPurpose.OFFER,
    ) -> int:
        now = self.clock.now()
        with self.sessions.write() as session:
            phone = self._phone(session, to.number)
            sharing = session.scalars(select(ResidentPhone).where(ResidentPhone.phone_id == phone.id)).all()
            rendered = OfferTexts(self.cards)(
                list(enumerate(policies, start=1)),
                resident=session.get_one(Resident, to.resident_id),
                step=0,
                shared_phone=len(sharing) > 1,
                contact_purpose=purpose,
            )
            contact = Contact(
                resident_id=to.resident_id,
                phone_id=phone.id,
                channel=Channel.SMS,
                purpose=purpose,
                state=state,
                template_key=rendered.template_key,
                variables=rendered.variables,
                text=rendered.text,
                created_at=now,
                due_at=now,
                sent_at=now if state is not ContactState.PLANNED else None,
            )
            session.add(contact)
            session.flush()
            session.add_all(
                ContactMatch(contact_id=contact.id, match_id=to.matches[policy], number=number)
                for number, policy in enumerate(policies, start=1)
            )
            return contact.id

    def post(self, number: str, text: str, *, channel: Channel = Channel.SMS) -> int:
        """A message comes in; nobody has answered it yet."""
        self.inbound_count += 1
        now = self.clock.now()
        with self.sessions.write() as session:
            inbound = Inbound(
                provider="test",
                provider_ref=str(self.inbound_count),
                channel=channel,
                sender=number,
                sender_index=key_ring().blind_index(number, kind="phone"),
                recipient="10690000",
                text=text,
                received_at=now,
                due_at=now,
            )
            session.add(inbound)
            session.flush()
            return inbound.id

    def answer(self) -> InboxReport:
        return answer_due(self.sessions, self.bot, self.cards, self.clock)

    def tell(self, who: Neighbour | str, text: str, *, channel: Channel = Channel.SMS) -> list[str]:
        """Write one message and hear what is answered."""
        number = who if isinstance(who, str) else who.number
        self.clock.set(self.clock.now() + timedelta(minutes=2))
        inbound_id = self.post(number, text, channel=channel)
        self.answer()
        return self.replies_to(inbound_id)

    def replies_to(self, inbound_id: int) -> list[str]:
        answers = (each for each in self.all(Message) if each.direction is Direction.OUT)
        return [each.text for each in answers if each.inbound_id == inbound_id]

    def all(self, table: type[Any]) -> list[Any]:
        with self.sessions.read() as session:
            rows = list(session.scalars(select(table).order_by(table.id)))
            session.expunge_all()
            return rows

    def state_of(self, who: Neighbour, policy: str = ALLOWANCE) -> MatchState:
        with self.sessions.read() as session:
            return session.get_one(Match, who.matches[policy]).state

    @property
    def outcome(self) -> ConversationOutcome:
        talk = self.all(Conversation)[-1]
        return ConversationOutcome(talk.outcome)

    @property
    def cases(self) -> list[tuple[str, str]]:
        return [(each.kind.value, each.reason.value) for each in self.all(Case)]

    @property
    def consents(self) -> list[Consent]:
        return [each for each in self.all(Consent) if each.withdrawn_at is None]

    @property
    def stops(self) -> list[str]:
        return [each.reason.value for each in self.all(ContactStop) if each.released_at is None]

    @property
    def sent(self) -> list[Contact]:
        """What was queued in answer to somebody."""
        return [each for each in self.all(Contact) if each.inbound_id is not None]

    @property
    def transcript(self) -> list[str]:
        mark = {Direction.IN: ">", Direction.OUT: "<"}
        return [f"{mark[each.direction]} {each.text}" for each in self.all(Message)]
