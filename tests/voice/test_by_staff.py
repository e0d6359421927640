"""A supervisor takes a call over: what they write is said in it; the assistant keeps quiet until it has it back."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from models.call import CallWord
from models.column_types import key_ring
from models.conversation import Conversation
from models.resident import Phone
from models.vocabulary import Role
from outreach_api.conversations.takeover import hand_back, take_over
from outreach_api.voice.by_staff import answer_as_staff
from outreach_api.voice.settings import Transport
from sandbox.carrier.listening import Act, HangUp, Say, Waiting
from sandbox.carrier.switchboard import Answer
from tests.builders import a_staff_member
from tests.voice.lab import ME, Lab, Script

pytestmark = pytest.mark.rasa
PATIENCE_SECONDS = 10.0
FIRST, SECOND = "我是街道的小何，这个事我来跟您说。", "您等我看一下您的材料。"


@dataclass
class TakenOver:
    """Somebody who says who they are, is then spoken to by a supervisor, answers, and hears the assistant again."""

    lab: Lab
    phone: str
    staff_id: int
    heard: list[str] = field(default_factory=list)
    steps: int = 0
    began: float = 0.0

    def hear(self, said: str) -> Act:
        if said:
            self.heard.append(said)
        if self.steps == 0:
            self.steps = 1
            return Say(ME)
        if self.steps == 1:
            self.steps, self.began = 2, time.monotonic()
            self._supervisor_takes_over()
        if self.steps == 2:
            if not self._has_heard(FIRST):
                return self._wait()
            self.steps = 3
            # The assistant says nothing to this: the supervisor does, in their own time.
            threading.Timer(0.3, self._supervisor_writes, (SECOND,)).start()
            return Say("要带什么证件")
        if self.steps == 3:
            if not self._has_heard(SECOND):
                return self._wait()
            self.steps = 4
            self._supervisor_hands_back()
            return Say("要带什么证件")
        return HangUp()

    def _has_heard(self, words: str) -> bool:
        return words in "".join(self.heard)

    def _wait(self) -> Act:
        if time.monotonic() - self.began > PATIENCE_SECONDS:
            return HangUp()
        time.sleep(0.02)
        # Where calls go by turns nothing is said until they have spoken.
        return Waiting() if self.lab.house.settings.voice.transport is Transport.RELAY else Say("喂")

    def _supervisor_takes_over(self) -> None:
        with self.lab.house.sessions.write() as session:
            talk = self._talk(session)
            take_over(session, talk, self.staff_id)
        self._supervisor_writes(FIRST)

    def _supervisor_writes(self, words: str) -> None:
        with self.lab.house.sessions.write() as session:
            answer_as_staff(session, self._talk(session), self.staff_id, words, now=self.lab.clock.now())

    def _supervisor_hands_back(self) -> None:
        with self.lab.house.sessions.write() as session:
            hand_back(session, self._talk(session), self.staff_id)

    def _talk(self, session: object) -> Conversation:
        index = key_ring().blind_index(self.phone, kind="phone")
        query = select(Conversation).join(Phone, Phone.id == Conversation.phone_id).where(Phone.number_index == index)
        found: Conversation = session.scalars(query).one()  # type: ignore[attr-defined]
        return found


@pytest.mark.parametrize("transport", list(Transport))
def test_a_person_speaks_in_a_call_that_goes_on(lab: Lab, transport: Transport) -> None:
    lab.use(transport)
    lab.into_contact_hours()
    resident_id, number, matches = lab.a_resident()
    with lab.house.sessions.write() as session:
        staff = a_staff_member(session, Role.SUPERVISOR)
    contact_id = lab.plan_call(resident_id, number, matches)
    other_end = TakenOver(lab, number, staff.id)
    lab.answers[number] = Answer(answered_by="human", listener=other_end)
    lab.settle()
    talked = lab._talked(number, Script([]), contact_id, matches, [])
    assert other_end.steps == 4
    between, after = "".join(other_end.heard).split(FIRST, 1)[1].split(SECOND, 1)
    assert "颐年卡" not in between
    assert "颐年卡" in after
    words = [word for word in lab.all(CallWord) if word.by == staff.id]
    assert [word.text for word in words] == [FIRST, SECOND]
    assert all(word.said_at is not None for word in words)
    assert [talked.transcript.count(f"< {text}") for text in (FIRST, SECOND)] == [1, 1]
