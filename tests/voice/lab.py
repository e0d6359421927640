"""A house, a carrier and people who pick up: real HTTP and WebSocket on loopback, one virtual clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import select

from models.call import Call
from models.case import Case
from models.column_types import key_ring
from models.contact import Contact, ContactMatch
from models.conversation import Consent, ContactStop, Conversation, Inbound, Message
from models.match import Match
from models.resident import Phone, Preference, Resident, ResidentPhone
from models.survey import SurveyAnswer, SurveyInvitation
from models.vocabulary import (
    CaseKind,
    CaseReason,
    Channel,
    ContactPurpose,
    ContactState,
    ConversationOutcome,
    Direction,
    InvitationState,
    MatchState,
)
from outreach_api.bootstrap import House
from outreach_api.cases.open_case import open_case
from outreach_api.cases.work_case import resolve
from outreach_api.clock import VirtualClock
from outreach_api.surveys.planning import Sample, start_survey
from outreach_api.voice.lines import line
from outreach_api.voice.settings import Transport
from sandbox.carrier.calls import CallStatus
from sandbox.carrier.line import Line
from sandbox.carrier.listening import Act, HangUp, Say
from sandbox.carrier.switchboard import Answer
from sandbox.outside import Outside
from scheduler.matching.moves import move_match

START = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
"""A Wednesday, ten in the morning in Shenzhen."""
ALLOWANCE, CHECK_UP, SUBSIDY = "elderly-allowance", "elderly-health-check", "disabled-living-subsidy"
ME = "我姓陈，五月生的"


@dataclass
class Script:
    """Somebody who does one thing after the other, and hangs up at the end."""

    acts: list[Act]
    heard: list[str] = field(default_factory=list)

    def hear(self, said: str) -> Act:
        self.heard.append(said)
        return self.acts.pop(0) if self.acts else HangUp()


@dataclass
class Talked:
    """What a call came to."""

    heard: list[str]
    lab: Lab
    phone_id: int
    contact_id: int | None
    faults: list[str]
    match_ids: Mapping[str, int]

    @property
    def all(self) -> str:
        return "".join(self.heard)

    @property
    def contact(self) -> Contact:
        found: Contact = self.lab.one(Contact, Contact.id == self.contact_id)
        return found

    @property
    def talk(self) -> Conversation:
        found: Conversation = self.lab.one(Conversation, Conversation.phone_id == self.phone_id)
        return found

    @property
    def outcome(self) -> ConversationOutcome:
        return self.talk.outcome

    @property
    def cases(self) -> list[tuple[str, str]]:
        found = self.lab.all(Case, Case.conversation_id == self.talk.id)
        return [(case.kind.value, case.reason.value) for case in found]

    @property
    def stops(self) -> list[str]:
        return [stop.reason.value for stop in self.lab.all(ContactStop, ContactStop.phone_id == self.phone_id)]

    @property
    def consents(self) -> list[Consent]:
        return self.lab.all(Consent, Consent.match_id.in_(self.match_ids.values()))

    @property
    def survey_answers(self) -> dict[str, str]:
        held = self.lab.one(SurveyInvitation, SurveyInvitation.contact_id == self.contact_id)
        found = self.lab.all(SurveyAnswer, SurveyAnswer.invitation_id == held.id)
        return {answer.question: answer.value for answer in found}

    @property
    def transcript(self) -> list[str]:
        mark = {Direction.IN: ">", Direction.OUT: "<"}
        lines = self.lab.all(Message, Message.conversation_id == self.talk.id)
        return [f"{mark[line.direction]} {line.text}" for line in lines]

    @property
    def call(self) -> Call:
        found: Call = self.lab.one(Call, Call.contact_id == self.contact_id)
        return found

    def state(self, policy: str = ALLOWANCE) -> MatchState:
        match: Match = self.lab.one(Match, Match.id == self.match_ids[policy])
        return match.state


@dataclass
class Lab:
    house: House
    clock: VirtualClock
    outside: Outside
    numbers: Any = field(default_factory=lambda: count(1))
    answers: dict[str, Answer] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outside.switchboard.pick_up = self._pick_up

    def use(self, transport: Transport) -> None:
        self.house.settings.voice.transport = transport

    def a_number(self) -> str:
        return f"+86139{next(self.numbers):08d}"

    def a_resident(
        self, *policies: str, name: str = "陈桂芳", born: date = date(1943, 5, 12), number: str | None = None
    ) -> tuple[int, str, dict[str, int]]:
        number = number or self.a_number()
        now = self.clock.now()
        with self.house.sessions.write() as session:
            index = key_ring().blind_index(number, kind="phone")
            phone = session.scalar(select(Phone).where(Phone.number_index == index))
            if phone is None:
                phone = Phone(number=number, number_index=index)
                session.add(phone)
            resident = Resident(
                person_key=f"{name}{number}", name=name, name_index=name, birth_date=born, created_at=now
            )
            session.add(resident)
            session.flush()
            session.add(ResidentPhone(resident_id=resident.id, phone_id=phone.id, source="grid"))
            matches: dict[str, int] = {}
            for policy in policies or (ALLOWANCE,):
                match = Match(
                    resident_id=resident.id,
                    policy_id=policy,
                    policy_version=str(self.house.cards[policy].version),
                    state=MatchState.IN_OUTREACH,
                    opened_at=now,
                    state_changed_at=now,
                )
                session.add(match)
                session.flush()
                matches[policy] = match.id
            return resident.id, number, matches

    def plan_survey(self, who: tuple[int, str, dict[str, int]]) -> int:
        """A survey about what they were served with, whose question waits to be put by a call."""
        resident_id, number, matches = who
        now = self.clock.now()
        with self.house.sessions.write() as session:
            served = [session.get_one(Match, match_id) for match_id in matches.values()]
            for match in served:
                move_match(session, match, MatchState.APPLIED_AT_HALL, because="test", now=now)
        contact_id = self.plan_call(resident_id, number, matches, ContactPurpose.SURVEY)
        with self.house.sessions.write() as session:
            survey = start_survey(
                session, name="test", questionnaire="after-service", version=1, sample=Sample(), starts_on=now.date()
            )
            session.add(
                SurveyInvitation(
                    survey_id=survey.id,
                    resident_id=resident_id,
                    match_id=served[0].id,
                    policy_id=served[0].policy_id,
                    stratum="test",
                    channel=Channel.VOICE,
                    state=InvitationState.INVITED,
                    framed_at=now,
                    invited_at=now,
                    asks=1,
                    contact_id=contact_id,
                )
            )
        return contact_id

    def a_resolved_appeal(self, resident_id: int, *, asked_by: int) -> int:
        now = self.clock.now()
        with self.house.sessions.write() as session:
            case = open_case(
                session, kind=CaseKind.APPEAL, reason=CaseReason.REPORTED, now=now, resident_id=resident_id
            )
            resolve(session, case, by="staff:1", now=now)
            case.asked_by = asked_by
            return case.id

    def plan_call(
        self,
        resident_id: int,
        number: str,
        matches: Mapping[str, int],
        purpose: ContactPurpose = ContactPurpose.REMINDER,
        text: str = "",
    ) -> int:
        now = self.clock.now()
        with self.house.sessions.write() as session:
            index = key_ring().blind_index(number, kind="phone")
            contact = Contact(
                resident_id=resident_id,
                phone_id=session.scalars(select(Phone.id).where(Phone.number_index == index)).one(),
                channel=Channel.VOICE,
                purpose=purpose,
                ladder_step=2,
                template_key="call.opening",
                variables={},
                text=text or line("opening"),
                created_at=now,
                due_at=now,
            )
            session.add(contact)
            session.flush()
            session.add_all(
                ContactMatch(contact_id=contact.id, match_id=match, number=n)
                for n, match in enumerate(matches.values(), start=1)
            )
            return contact.id

    def call(
        self,
        *acts: Act | str,
        policies: Sequence[str] = (),
        answered_by: str = "human",
        who: tuple[int, str, dict[str, int]] | None = None,
        contact_id: int | None = None,
    ) -> Talked:
        """Call somebody who does these things; a plain text is said."""
        self.into_contact_hours()
        resident_id, number, matches = who or self.a_resident(*policies)
        contact_id = contact_id or self.plan_call(resident_id, number, matches)
        script = Script([Say(act) if isinstance(act, str) else act for act in acts])
        self.answers[number] = Answer(answered_by=answered_by, listener=script)
        self.settle()
        entry: dict[str, Any] = next(
            (c for c in reversed(self.outside.ledger.calls) if c["number"] == number), {"faults": []}
        )
        return self._talked(number, script, contact_id, matches, entry["faults"])

    def next_day(self) -> None:
        self.clock.set(self.clock.now() + timedelta(days=1, minutes=1))

    def into_contact_hours(self) -> None:
        """Each call takes some minutes: after an hour of them the next working day begins."""
        now = self.clock.now()
        morning = now.replace(hour=START.hour, minute=0, second=0, microsecond=0)
        if not morning <= now < morning + timedelta(minutes=90):
            weekend = timedelta(days=2 if morning.weekday() == 4 else 0)
            self.clock.set(morning + timedelta(days=1) + weekend)
            self.outside.timeline.advance(self.clock.now())

    def ring(self, number: str, *acts: Act | str, matches: Mapping[str, int] | None = None) -> Talked:
        """Somebody rings the house."""
        script = Script([Say(act) if isinstance(act, str) else act for act in acts])
        settings = self.house.settings
        url = f"{settings.public_url}/webhooks/twilio/voice/answer"
        line = self.outside.switchboard.ring_us(number, settings.twilio_from, url, script)
        self.settle()
        return self._talked(number, script, None, matches or {}, line.faults)

    def settle(self) -> None:
        """Live through two minutes: contacts go out, phones ring, receipts come in."""
        until = self.clock.now() + timedelta(minutes=2)
        while self.house.work():
            pass
        while (due := self.outside.timeline.next_at) is not None and due <= until:
            self.clock.set(max(due, self.clock.now()))
            self.outside.timeline.advance(due)
        self.clock.set(max(until, self.clock.now()))
        self.outside.timeline.advance(until)
        while self.house.work():
            pass

    def all(self, table: type[Any], *where: Any) -> list[Any]:
        with self.house.sessions.read() as session:
            rows = list(session.scalars(select(table).where(*where).order_by(table.id)))
            session.expunge_all()
            return rows

    def one(self, table: type[Any], *where: Any) -> Any:
        return self.all(table, *where)[-1]

    def all_matches(self, matches: Mapping[str, int]) -> list[Match]:
        return self.all(Match, Match.id.in_(matches.values()))

    def preferences(self, resident_id: int) -> set[str]:
        return {row.name for row in self.all(Preference, Preference.resident_id == resident_id)}

    def texts_to(self, phone_id: int) -> list[Contact]:
        return self.all(Contact, Contact.phone_id == phone_id, Contact.channel == Channel.SMS)

    def all_settled(self) -> bool:
        """Whether everything said was dealt with."""
        return self.comes_true(lambda: all(row.settled_at is not None for row in self.all(Inbound)))

    def comes_true(self, holds: Callable[[], bool]) -> bool:
        """Whether it holds in a moment: what a dropped line leaves behind takes the server a while."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if holds():
                return True
            time.sleep(0.02)
        return False

    def all_inbound(self, call: str) -> list[str]:
        """What was said in a call, by the carrier's name of it."""
        return [row.text for row in self.all(Inbound, Inbound.provider_ref.startswith(f"{call}:"))]

    def accepted(self) -> int:
        states = (ContactState.ACCEPTED, ContactState.SENDING)
        return len(self.all(Contact, Contact.state.in_(states)))

    def _pick_up(self, number: str, _dice: Random) -> Answer:
        return self.answers.get(number) or Answer(CallStatus.NO_ANSWER)

    def _talked(
        self, number: str, script: Script, contact_id: int | None, matches: Mapping[str, int], faults: list[str]
    ) -> Talked:
        index = key_ring().blind_index(number, kind="phone")
        found = self.all(Phone, Phone.number_index == index)
        phone_id = found[0].id if found else 0
        return Talked(script.heard, self, phone_id, contact_id, faults, matches)
