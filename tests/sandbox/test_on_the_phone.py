"""Residents who pick up, or don't."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from sandbox.carrier.calls import CallStatus
from sandbox.carrier.line import Line
from sandbox.carrier.listening import Act, HangUp, Say
from sandbox.residents.on_the_phone import Talker, Temper, pick_up
from sandbox.world import Person, Subscriber

WHO = "请问您姓什么，几月生的？"
Build = Callable[..., dict[str, Any]]


def _behind(person: dict[str, Any]) -> Subscriber:
    made = Person.model_validate(person)
    return Subscriber(made.phones[0], (made,))


def test_a_phone_that_is_off_is_never_answered(a_person: Build) -> None:
    phones = [{"number": "+8613800138001", "line": "switched_off", "holder": "self"}]
    answer = pick_up(_behind(a_person(phones=phones)), {}, "+8613800138001", Random(1))
    assert answer.status is CallStatus.NO_ANSWER


def test_out_of_many_calls_most_are_taken_and_some_are_not(a_person: Build) -> None:
    line = _behind(a_person())
    answers = [pick_up(line, {}, "+8613800138001", Random(seed)) for seed in range(2000)]
    statuses = {answer.status for answer in answers}
    assert {CallStatus.COMPLETED, CallStatus.BUSY, CallStatus.NO_ANSWER} == statuses
    assert {answer.answered_by for answer in answers} == {"human", "unknown", "machine_end_beep", "fax"}


def test_who_is_asked_says_surname_and_month_and_no_more(a_person: Build) -> None:
    talker = Talker.of(_behind(a_person(persona="agree")).people[0], "self")
    talker.temper = Temper.PLAIN
    act = talker.hear(WHO)
    assert isinstance(act, Say)
    assert "陈" in act.text
    assert "4月" in act.text
    assert "桂兰" not in act.text


def test_after_a_goodbye_they_hang_up(a_person: Build) -> None:
    talker = Talker.of(_behind(a_person(persona="agree")).people[0], "self")
    assert isinstance(talker.hear("那就不打扰您了，再见。"), HangUp)


class Agreeing:
    def hear(self, _said: str) -> Act:
        return Say("同意")


def test_words_at_which_the_line_goes_dead_are_nobodys() -> None:
    answers = iter(['<Response><Gather action="/turn" input="speech"/></Response>', None])
    line = Line(Agreeing(), lambda _url, _form: next(answers), relay=lambda *_: None)  # type: ignore[arg-type]
    line.run("/answer", {"AnsweredBy": "human"})
    assert (line.said, line.unanswered, line.faults) == (["同意"], 1, ["no answer"])
