"""A resident who picks up: what they make of a voice that says it is a machine, and what they then say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from sandbox.carrier.calls import CallStatus
from sandbox.carrier.line import Line
from sandbox.carrier.listening import Act, HangUp, Press, Say, Silent
from sandbox.carrier.switchboard import Answer
from sandbox.residents.personas import Decision, persona_of
from sandbox.residents.phrases import introduction, say
from sandbox.residents.reading import Asked, Reading, read
from sandbox.residents.resident import answer_to_survey
from sandbox.world import Person, Subscriber

PATIENCE = 9
"""How many answers anyone gives one caller."""


class Temper(StrEnum):
    PLAIN = "plain"
    DEAF = "deaf"
    CHATTY = "chatty"
    SUSPICIOUS = "suspicious"
    CHILD = "child"
    HASTY = "hasty"
    MUTE = "mute"


_TEMPERS = {
    Temper.PLAIN: 50, Temper.DEAF: 12, Temper.CHATTY: 12, Temper.SUSPICIOUS: 12, Temper.CHILD: 4, Temper.HASTY: 6,
    Temper.MUTE: 4,
}  # fmt: skip
# What becomes of a ringing phone, in a hundred calls.
_PICK_UP = {"answered": 62, CallStatus.NO_ANSWER: 21, CallStatus.BUSY: 9, "machine_end_beep": 6, "fax": 1, "unknown": 1}
_NEVER_IN = {"answered": 8, CallStatus.NO_ANSWER: 92}
_DEAD_LINES = frozenset({"switched_off", "unknown"})
# What people who never answered a text decide once somebody speaks to them.
_SPOKEN_TO = {
    Decision.AGREE: 22, Decision.HALL: 16, Decision.ONLINE: 4, Decision.VISIT: 34, Decision.DECLINE: 8,
    Decision.SILENT: 16,
}  # fmt: skip
_BY_KEY = 0.25
"""Share of yeses that are pressed, not said."""

_ASKS_WHO = re.compile(r"姓什么")
_ASKS_MORE = re.compile(r"要我接着说吗")
_ASKS_AGREE = re.compile(r"请说同意|申请.{1,12}吗")
_ASKS_WANT = re.compile(r"请说要")
_ASKS_WHICH = re.compile(r"第几个|第1个")
_ASKS_WHEN = re.compile(r"什么时候方便|哪天方便")
_OVER = re.compile(r"再见|节哀|不会再联系|不再给您")
_ASKS_WHETHER_RIGHT = re.compile(r"您住在.{1,20}对吗")
_ANYTHING_ELSE = re.compile(r"还想问什么")


def pick_up(subscriber: Subscriber | None, listeners: dict[str, Talker], number: str, dice: Random) -> Answer:
    """Whether the phone is taken, by whom or by what."""
    if subscriber is None or subscriber.phone.line in _DEAD_LINES:
        return Answer(CallStatus.NO_ANSWER if subscriber else CallStatus.FAILED)
    person = dice.choice(subscriber.people)
    table = _NEVER_IN if person.persona == "unreachable" else _PICK_UP
    drawn = dice.choices(list(table), list(table.values()))[0]
    if isinstance(drawn, CallStatus):
        return Answer(drawn)
    if drawn in ("machine_end_beep", "fax"):
        return Answer(answered_by=drawn, listener=Machine())
    talker = listeners.get(person.id) or Talker.of(person, subscriber.phone.holder)
    # By the number: whoever picked up last is the one who hangs up. By the person: what they know they keep.
    listeners[person.id] = listeners[number] = talker
    talker.begin()
    return Answer(answered_by="human" if drawn == "answered" else "unknown", listener=talker)


class Machine:
    """Hears everything and says nothing."""

    def hear(self, said: str) -> Act:
        return HangUp()


@dataclass(slots=True)
class Talker:
    """`decision` is what they come to, `heard_of` the items that were named to them."""

    person: Person
    holder: str
    temper: Temper
    decision: Decision
    dice: Random
    heard_of: set[str] = field(default_factory=set)
    answers: int = 0
    temper_shown: bool = False
    known: bool = False
    decided: bool = False
    stopped: bool = False

    @classmethod
    def of(cls, person: Person, holder: str) -> Talker:
        dice = Random(f"{person.seed}:phone")
        own = persona_of(person).decision
        silent = own in (Decision.SILENT, Decision.LATER)
        spoken_to = dice.choices(list(_SPOKEN_TO), list(_SPOKEN_TO.values()))[0]
        temper = dice.choices(list(_TEMPERS), list(_TEMPERS.values()))[0]
        return cls(person, holder, temper, spoken_to if silent else own, dice)

    def begin(self) -> None:
        self.answers = 0
        self.known = False
        self.decided = False

    def hear(self, said: str) -> Act:
        reading = read(said)
        self.heard_of.update(reading.policies & set(self.person.policies))
        self.answers += 1
        if self.answers > PATIENCE or _OVER.search(said):
            return HangUp()
        if persona_of(self.person).stops and not self.stopped:
            self.stopped = True
            return Press("9") if self.dice.random() < 0.5 else Say(say("call_opt_out", self.person, self.dice))
        if not self.temper_shown:
            self.temper_shown = True
            first = self._show_temper()
            if first is not None:
                return first
        return self._answer(said, reading)

    def _show_temper(self) -> Act | None:
        if self.holder == "stranger" or self.person.persona == "wrong_number":
            return Say(say("call_wrong_number", self.person, self.dice))
        if self.person.persona in ("deceased", "moved", "already"):
            return Say(say(self.person.persona, self.person, self.dice))
        match self.temper:
            case Temper.DEAF:
                return Say(say("call_deaf", self.person, self.dice))
            case Temper.CHATTY:
                return Say(say("call_chatty", self.person, self.dice))
            case Temper.SUSPICIOUS:
                return Say(say("call_doubt", self.person, self.dice))
            case Temper.CHILD:
                return Say(say("call_child", self.person, self.dice))
            case Temper.HASTY:
                return HangUp(half_said="我跟你讲啊我现在")
            case Temper.MUTE:
                return Silent()
        return Say(say("call_family", self.person, self.dice)) if self.holder == "daughter" else None

    def _answer(self, said: str, reading: Reading) -> Act:
        if self.temper is Temper.MUTE:
            return Silent()
        if self.temper is Temper.CHILD:
            return HangUp()
        if _ASKS_MORE.search(said):
            return Say("嗯，你说")
        if _ASKS_WHO.search(said):
            self.known = True
            return Say(introduction(self.person, self.dice))
        if reading.asked in (Asked.RATING, Asked.SURVEY):
            return Say(answer_to_survey(reading, said, self.dice))
        if _ASKS_WHEN.search(said):
            return Say(say("when", self.person, self.dice))
        if _ASKS_WHETHER_RIGHT.search(said):
            return Say("对")
        if self.decided:
            return self._stay_with_it(said)
        self.decided = True
        return self._decide(said)

    def _decide(self, said: str) -> Act:
        match self.decision:
            case Decision.AGREE | Decision.LATER:
                return self._go_along(said)
            case Decision.HALL:
                key = "attend_myself" if self.person.policies[0] == "elderly-health-check" else "apply_myself_hall"
                return Say(say(key, self.person, self.dice))
            case Decision.ONLINE:
                return Say(say("apply_myself_online", self.person, self.dice))
            case Decision.VISIT:
                return Say(say("needs_visit", self.person, self.dice))
            case Decision.DECLINE:
                return Say(say("declined", self.person, self.dice))
        return HangUp()

    def _stay_with_it(self, said: str) -> Act:
        """Who has said that they go there themselves, or want nothing, is not talked round."""
        if _ANYTHING_ELSE.search(said):
            return Say(say("call_bye", self.person, self.dice))
        if self.decision in (Decision.HALL, Decision.ONLINE, Decision.DECLINE):
            return Say(say("call_leave", self.person, self.dice))
        return self._go_along(said)

    def _go_along(self, said: str) -> Act:
        if _ASKS_WHICH.search(said):
            return Say("第一个")
        if _ASKS_AGREE.search(said):
            return Press("1") if self.dice.random() < _BY_KEY else Say("同意")
        if _ASKS_WANT.search(said):
            return Press("1") if self.dice.random() < _BY_KEY else Say("要")
        return Say(say("call_bye", self.person, self.dice))


def spoke_a_stop(talker: Talker | None, line: Line) -> bool:
    """Whether a stop was said or pressed in this call."""
    return talker is not None and talker.stopped and bool(line.said)
