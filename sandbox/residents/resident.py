"""One resident in conversation: reads a text, may answer it, and may go and apply."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sandbox.residents.personas import Decision, persona_of, questions_about
from sandbox.residents.phrases import introduction, say
from sandbox.residents.reading import Asked, Option, Reading, read
from sandbox.timeline import CHINA, local
from sandbox.world import Person

PATIENCE = 9
"""How many messages anyone writes about one matter before they have had enough."""

SURVEY_ANSWERED = 0.5
SURVEY_GONE_ON = 0.9

MISSED_TEXT = 0.12
"""Share of texts that go unnoticed by someone who would answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    at: datetime
    stop: bool = False
    agrees: bool = False
    """Where there is a button to agree, it is pressed in place of these words."""


@dataclass(slots=True)
class Resident:
    """`script` is what is still to be said before the decision; it is drawn from the person's own seed."""

    person: Person
    dice: Random
    script: list[str] = field(default_factory=list)
    written: int = 0
    surveys: int = 0
    agreed: bool = False
    finished: bool = False
    said_decision: bool = False
    last_wrote_at: datetime | None = None
    heard_of: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, person: Person) -> Resident:
        dice = Random(person.seed)
        persona = persona_of(person)
        topic = questions_about(person.policies[0])
        wanted = min(dice.randint(*persona.questions), len(topic))
        opening = [_fitting(line, person) for line in persona.opening]
        return cls(person, dice, script=[*opening, *dice.sample(topic, wanted)])

    def receive(self, text: str, now: datetime) -> Answer | None:
        """What they write back and when, or `None` for silence."""
        reading = read(text)
        self.heard_of.update(reading.policies & set(self.person.policies) or self.person.policies)
        had_agreed = self.agreed
        line = self._line(reading, text)
        if line is None:
            return None
        persona = persona_of(self.person)
        wants_it = persona.decision in (Decision.AGREE, Decision.LATER)
        agrees = wants_it and self.agreed and not had_agreed and reading.asked not in _OTHER_QUESTIONS
        stop = persona.stops and self.written == 0
        self.written += 1
        at = self._when(now)
        self.last_wrote_at = at
        return Answer(line, at, stop, agrees)

    def _line(self, reading: Reading, text: str) -> str | None:
        if reading.asked in (Asked.RATING, Asked.SURVEY):
            return self._survey(reading, text)
        if self.finished or self.written >= PATIENCE or (reading.asked is Asked.SILENCE and self.written):
            return None
        if self.written == 0 and self.dice.random() < MISSED_TEXT:
            return None
        if self.written and reading.asked is Asked.IDENTITY:
            return introduction(self.person, self.dice)
        if self.script and self.written == 0:
            return self._next_of_script()
        if reading.asked is Asked.CHOICE and self._talks:
            return self._choose(reading.options)
        if self.script:
            return self._next_of_script()
        return self._decide(reading)

    def _survey(self, reading: Reading, text: str) -> str | None:
        """Half answer a survey; who has begun mostly goes on. A few want no more of them."""
        self.surveys += 1
        if self.dice.random() > (SURVEY_ANSWERED if self.surveys == 1 else SURVEY_GONE_ON):
            return None
        return answer_to_survey(reading, text, self.dice)

    @property
    def _talks(self) -> bool:
        return persona_of(self.person).decision is not Decision.SILENT

    def _next_of_script(self) -> str:
        key = self.script.pop(0)
        if not self.script and not self._talks:
            self.finished = True
        return say(key, self.person, self.dice)

    def _decide(self, reading: Reading) -> str | None:
        match persona_of(self.person).decision:
            case Decision.AGREE | Decision.LATER:
                return self._agree(reading)
            case Decision.HALL:
                # Who asked nothing and only goes there has no need to write at all.
                return self._take_leave(self._going()) if self.written else None
            case Decision.ONLINE:
                return self._take_leave("apply_myself_online") if self.written else None
            case Decision.VISIT:
                return self._ask_for_visit(reading)
            case Decision.DECLINE:
                return self._insist(reading)
            case Decision.SILENT:
                return None

    def _agree(self, reading: Reading) -> str | None:
        if self.agreed and reading.asked is not Asked.KEYWORD and reading.asked not in _CLOSED_QUESTIONS:
            return self._take_leave("thanks") if self.dice.random() < 0.5 else self._fall_silent()
        self.agreed = True
        match reading.asked:
            case Asked.KEYWORD:
                return say("agree_keyword", self.person, self.dice) if reading.keyword == "同意" else reading.keyword
            case Asked.HOME_VISIT:
                return say("visit_yes", self.person, self.dice)
            case Asked.WHEN:
                return say("when", self.person, self.dice)
            case Asked.RELATION:
                return say("daughter_name", self.person, self.dice)
            case Asked.YES_OR_NO:
                return say("agree_loosely", self.person, self.dice)
            case _:
                return say(_fitting("want", self.person), self.person, self.dice)

    def _ask_for_visit(self, reading: Reading) -> str | None:
        if self.agreed:
            return self._take_leave("thanks") if self.dice.random() < 0.4 else self._fall_silent()
        match reading.asked:
            case Asked.WHEN:
                self.agreed = True
                return say("when", self.person, self.dice)
            case Asked.HOME_VISIT | Asked.YES_OR_NO | Asked.KEYWORD:
                self.agreed = True
                return say("visit_yes", self.person, self.dice)
            case _:
                return self._fall_silent()

    def _insist(self, reading: Reading) -> str | None:
        if reading.asked in _CLOSED_QUESTIONS and not self.said_decision:
            self.said_decision = True
            return say("no" if self.person.persona == "declined" else "already", self.person, self.dice)
        return self._fall_silent()

    def _choose(self, options: tuple[Option, ...]) -> str:
        """Picks by the words beside the number; some copy the words instead of the number."""
        wanted = _WANTED[persona_of(self.person).decision]
        chosen = next((option for word in wanted for option in options if word in option.label), options[0])
        if persona_of(self.person).decision in (Decision.AGREE, Decision.LATER):
            self.agreed = True
        return chosen.digit if self.dice.random() < 0.75 else chosen.label

    def _take_leave(self, key: str) -> str:
        self.finished = True
        return say(key, self.person, self.dice)

    def _fall_silent(self) -> str | None:
        self.finished = True
        return None

    def _going(self) -> str:
        return "attend_myself" if self.person.policies[0] == "elderly-health-check" else "apply_myself_hall"

    def _when(self, now: datetime) -> datetime:
        """Minutes within a conversation, up to days at first; at night mostly the next morning. Whole minutes."""
        in_conversation = self.last_wrote_at is not None and now - self.last_wrote_at < timedelta(hours=12)
        spans = _QUICK if in_conversation else _SLOW
        low, high = self.dice.choices([span for span, _ in spans], [weight for _, weight in spans])[0]
        at = local(now) + timedelta(minutes=self.dice.randint(low, high))
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        if (at.hour >= 22 or at.hour < 7) and self.dice.random() < 0.88:
            morning = at.date() + timedelta(days=at.hour >= 22)
            at = datetime(morning.year, morning.month, morning.day, 7, 30, tzinfo=CHINA)
            at += timedelta(minutes=self.dice.randint(0, 150))
        return at


def answer_to_survey(reading: Reading, text: str, dice: Random) -> str:
    """Mostly content; a few have something to complain of."""
    if reading.asked is Asked.RATING:
        answers = ("5", "4", "很满意", "满意", "3", "2", "1", "不回访")
        return dice.choices(answers, (30, 20, 12, 18, 8, 5, 4, 3))[0]
    if "多少分钟" in text:
        return str(dice.randrange(5, 90, 5))
    if reading.options:
        first = len(reading.options) if "不方便" in text else 1
        others = [int(option.digit) for option in reading.options]
        return str(first if dice.random() < 0.75 else dice.choice(others))
    return dice.choice(("没有", "谢谢你们", "等得有点久", "补贴还没到账", "工作人员很耐心"))


_QUICK = (((1, 6), 70), ((7, 40), 22), ((60, 400), 8))
_SLOW = (((1, 15), 34), ((16, 120), 30), ((121, 600), 24), ((900, 4000), 12))
_CLOSED_QUESTIONS = frozenset({Asked.YES_OR_NO, Asked.KEYWORD, Asked.HOME_VISIT, Asked.WHEN, Asked.RELATION})
_OTHER_QUESTIONS = frozenset({Asked.HOME_VISIT, Asked.WHEN, Asked.RELATION})
_WANTED: dict[Decision, tuple[str, ...]] = {
    Decision.AGREE: ("同意", "申请", "办理", "要", "是"),
    Decision.LATER: ("以后", "晚点", "同意", "申请", "要"),
    Decision.HALL: ("窗口", "大厅", "社区", "哪里", "地点", "自己"),
    Decision.ONLINE: ("网上", "手机", "怎么", "自己"),
    Decision.VISIT: ("上门", "帮", "人工"),
    Decision.DECLINE: ("不", "已", "没"),
    Decision.SILENT: (),
}


def _fitting(line: str, person: Person) -> str:
    """The check-up has its own words for wanting it and for having had it."""
    only_check = person.policies[0] == "elderly-health-check"
    return {"want": "want_check", "already": "already_check"}.get(line, line) if only_check else line
