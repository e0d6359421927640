"""The inbox: in order, exactly once, whatever crashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.case import Case
from models.conversation import ContactStop, Conversation, Inbound, Message
from models.match import MatchChange
from models.session import Sessions
from models.staff import Staff
from models.vocabulary import Direction, InboundState, MatchState, Role, StopReason
from outreach_api.conversations.bot import Turn, TurnState
from outreach_api.conversations.inbox import LEASE, RETRY_AFTER, Claim, Inbox, InboxReport, answer_due, claim_due
from scheduler.policies.card import PolicyCard
from tests.builders import a_database
from tests.conversations.street import Street

pytestmark = pytest.mark.engines

Cards = Mapping[str, PolicyCard]


class PowerCut(RuntimeError):  # noqa: N818
    pass


class FailingSessions(Sessions):
    """Loses the power at the n-th write: before anything of it is committed, or just after."""

    def __init__(self, inner: Sessions, at_write: int, *, after_commit: bool) -> None:
        super().__init__(inner.engine)
        self._left = at_write
        self._after_commit = after_commit

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._left -= 1
        with super().write() as session:
            yield session
            if self._left == 0 and not self._after_commit:
                raise PowerCut
        if self._left == 0:
            raise PowerCut


@pytest.mark.parametrize("at_write", [1, 2])
@pytest.mark.parametrize("after_commit", [False, True])
def test_a_crash_anywhere_loses_nothing_and_repeats_nothing(street: Street, at_write: int, after_commit: bool) -> None:
    chen = street.a_resident()
    street.post(chen.number, "同意")
    whole, street.sessions = street.sessions, FailingSessions(street.sessions, at_write, after_commit=after_commit)
    with pytest.raises(PowerCut):
        street.answer()
    street.sessions = whole
    street.clock.set(street.clock.now() + LEASE)
    street.answer()
    assert len(street.consents) == 1
    assert len(street.all(MatchChange)) == 1
    assert len(street.sent) == 1
    assert street.transcript[1:] == ["> 同意", f"< {street.sent[0].text}"]


def test_a_crash_while_the_bot_is_asked_loses_nothing(street: Street) -> None:
    chen = street.a_resident()
    street.post(chen.number, "有多少钱")

    def cut(_text: str) -> None:
        raise PowerCut

    street.bot.before = cut
    with pytest.raises(PowerCut):
        street.answer()
    street.bot.before = lambda _text: None
    street.answer()
    assert street.sent == []  # still leased to the worker that died
    street.clock.set(street.clock.now() + LEASE)
    street.answer()
    assert len(street.sent) == 1


def race(work: Callable[[], object], workers: int = 3) -> None:
    """Let several workers do the same at the same moment."""
    start = Barrier(workers)

    def begin() -> None:
        start.wait()
        work()

    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(begin) for _ in range(workers)]:
            done.result()


def test_workers_that_race_answer_each_message_once_and_in_order(cards: Cards, tmp_path: Path) -> None:
    street = Street(a_database(f"sqlite:///{tmp_path}/inbox.db"), cards)
    for serial in range(8):
        chen = street.a_resident(name=f"陈{serial}", number=f"+86138000002{serial:02d}")
        for text in ("你好", "有多少钱", "同意"):
            street.post(chen.number, text)
    race(street.answer)
    street.answer()
    assert Counter(text for text, _ in street.bot.asked) == {"你好": 8, "有多少钱": 8}
    assert len(street.consents) == 8
    assert len(street.all(Conversation)) == 8
    heard = [message.text for message in street.all(Message) if message.direction is Direction.IN]
    assert Counter(heard) == {"你好": 8, "有多少钱": 8, "同意": 8}


def test_workers_that_race_claim_what_a_stop_waits_behind_once(cards: Cards, tmp_path: Path) -> None:
    street = Street(a_database(f"sqlite:///{tmp_path}/inbox.db"), cards)
    numbers = [f"+86138000003{serial:02d}" for serial in range(12)]
    street.bot.is_up = False
    for serial, number in enumerate(numbers):
        street.a_resident(name=f"李{serial}", number=number)
        street.post(number, "有多少钱")
    street.answer()
    for number in numbers:
        street.post(number, "退订")
    claimed: list[Claim] = []
    race(lambda: claimed.extend(claim_due(street.sessions, now=street.clock.now(), limit=200)))
    assert Counter(claim.inbound_id for claim in claimed) == dict.fromkeys(range(1, 13), 1)


def test_a_worker_whose_fence_is_old_settles_nothing(street: Street) -> None:
    chen = street.a_resident()
    street.post(chen.number, "同意")
    (slow,) = claim_due(street.sessions, now=street.clock.now(), limit=1)
    street.clock.set(street.clock.now() + LEASE)
    (fast,) = claim_due(street.sessions, now=street.clock.now(), limit=1)
    inbox, report = Inbox(street.sessions, street.bot, street.cards, street.clock), InboxReport()
    inbox.answer_one(fast, report)
    inbox.answer_one(slow, report)
    assert (report.answered, report.conflicts) == (1, 1)
    assert len(street.consents) == 1


def test_a_conversation_changed_meanwhile_is_read_again(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "你好")
    seen: list[int] = []

    def somebody_writes(_text: str) -> None:
        if not seen:
            seen.append(1)
            with street.sessions.write() as session:
                talk = session.get_one(Conversation, 1)
                talk.last_at = talk.last_at + timedelta(seconds=1)

    street.bot.before = somebody_writes
    assert street.tell(chen, "有多少钱")
    assert [text for text, _ in street.bot.asked] == ["你好", "有多少钱", "有多少钱"]


def test_no_transaction_is_open_while_the_bot_is_asked(street: Street) -> None:
    chen = street.a_resident()

    def write_something(_text: str) -> None:
        with street.sessions.write() as session:
            session.execute(update(Inbound).values(recipient="1069"))

    street.bot.before = write_something
    assert street.tell(chen, "有多少钱")


def test_a_later_message_never_overtakes_an_earlier_one(street: Street) -> None:
    chen = street.a_resident()
    street.bot.is_up = False
    street.post(chen.number, "有多少钱")
    street.answer()
    street.bot.is_up = True
    street.post(chen.number, "要带什么")
    street.answer()
    assert not [text for text, _ in street.bot.asked if text == "要带什么"]
    street.clock.set(street.clock.now() + RETRY_AFTER[0])
    street.answer()
    assert [text for text, _ in street.bot.asked[-2:]] == ["有多少钱", "要带什么"]


def test_one_senders_trouble_holds_nobody_else(street: Street) -> None:
    chen = street.a_resident()
    other = street.a_resident(name="李四", number="+8613800000002")
    street.bot.is_up = False
    street.tell(chen, "有多少钱")
    assert street.tell(other, "同意")


def test_a_bot_that_is_down_gets_one_holding_line_then_retries_then_a_person(street: Street) -> None:
    chen = street.a_resident()
    street.bot.is_up = False
    assert "请稍等" in street.tell(chen, "有多少钱")[0]
    for wait in RETRY_AFTER:
        street.clock.set(street.clock.now() + wait)
        street.answer()
    texts = [contact.text for contact in street.sent]
    assert len(texts) == 2
    assert "工作人员" in texts[1]
    assert street.cases == [("human", "bot_unavailable")]
    assert street.all(Inbound)[0].state is InboundState.PARKED
    assert "> 有多少钱" in street.transcript


@pytest.mark.parametrize("words", ["不要再发了，烦死了", "能不能别老发这些东西", "唔好再搵我"])
def test_what_may_be_a_stop_is_one_while_nobody_can_read_it(street: Street, words: str) -> None:
    chen = street.a_resident()
    street.bot.is_up = False
    assert street.tell(chen, words) == []
    for wait in RETRY_AFTER:
        street.clock.set(street.clock.now() + wait)
        street.answer()
    assert [contact.text for contact in street.sent] == []
    assert street.cases == [("human", "bot_unavailable")]
    assert [(stop.reason, stop.placed_by) for stop in street.all(ContactStop)] == [(StopReason.OPT_OUT, "unread")]


def test_a_bot_that_recovers_answers_the_same_message(street: Street) -> None:
    chen = street.a_resident()
    street.bot.is_up = False
    street.tell(chen, "有多少钱")
    street.bot.is_up = True
    street.clock.set(street.clock.now() + RETRY_AFTER[0])
    street.answer()
    assert "每月300元" in street.sent[-1].text
    assert street.cases == []


@pytest.mark.parametrize("reading", [[], [{"do": "dance"}], [{"do": "outcome", "outcome": "applied_by_reply"}]])
def test_an_empty_or_unknown_directive_is_a_failure_of_the_bot(street: Street, reading: list[dict[str, str]]) -> None:
    street.bot.readings = {"办吧": reading}
    chen = street.a_resident()
    assert "请稍等" in street.tell(chen, "办吧")[0]
    assert street.state_of(chen) is MatchState.IN_OUTREACH


@pytest.mark.parametrize(("word", "state"), [("退订", MatchState.OPTED_OUT), ("同意", MatchState.APPLIED_BY_REPLY)])
def test_exact_words_work_while_the_bot_is_down(street: Street, word: str, state: MatchState) -> None:
    chen = street.a_resident()
    street.bot.is_up = False
    street.tell(chen, word)
    assert street.state_of(chen) is state


def test_a_stop_does_not_wait_behind_a_message_that_waits_for_the_bot(street: Street) -> None:
    chen = street.a_resident()
    street.bot.is_up = False
    street.tell(chen, "有多少钱")
    street.tell(chen, "退订")
    assert street.stops == ["opt_out"]
    assert [inbound.state for inbound in street.all(Inbound)] == [InboundState.PARKED, InboundState.DONE]
    assert street.cases == [("human", "bot_unavailable")]


def test_while_a_person_has_taken_over_the_bot_is_not_called(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "你好")
    with street.sessions.write() as session:
        clerk = Staff(username="a", display_name="A", role=Role.AGENT, password_hash="x")
        session.add(clerk)
        session.flush()
        session.execute(update(Conversation).values(taken_over_by=clerk.id))
    asked = len(street.bot.asked)
    assert street.tell(chen, "有多少钱") == []
    assert len(street.bot.asked) == asked
    assert street.transcript[-1] == "> 有多少钱"
    assert street.tell(chen, "退订")
    assert street.stops == ["opt_out"]


def test_handing_back_goes_on_from_the_state(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "好")
    with street.sessions.write() as session:
        clerk = Staff(username="a", display_name="A", role=Role.AGENT, password_hash="x")
        session.add(clerk)
        session.flush()
        session.execute(update(Conversation).values(taken_over_by=clerk.id))
    street.tell(chen, "稍等")
    with street.sessions.write() as session:
        session.execute(update(Conversation).values(taken_over_by=None))
    street.tell(chen, "好的")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY


def test_a_very_long_message_is_kept_whole_and_cut_for_the_bot(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "啊" * 20_000)
    assert len(street.bot.asked[0][0]) == 1000
    assert len(street.all(Message)[1].text) == 20_000


def test_a_leading_slash_is_no_command(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "/restart")
    assert street.bot.asked[0][0] == "restart"


def test_the_limit_is_kept(street: Street) -> None:
    for serial in range(5):
        street.post(f"+86138000001{serial:02d}", "同意")
    report = answer_due(street.sessions, street.bot, street.cards, street.clock, 3)
    assert (report.answered, report.more_may_wait) == (3, True)
    report = answer_due(street.sessions, street.bot, street.cards, street.clock, 3)
    assert (report.answered, report.more_may_wait) == (2, False)


def test_a_stop_does_not_wait_until_a_slow_bot_has_read_what_others_wrote(street: Street) -> None:
    asked, order = street.bot.turn, list[str]()

    def slow(text: str, state: TurnState) -> Turn:
        order.append(text)
        return asked(text, state)

    street.bot.turn = slow  # type: ignore[method-assign]
    chen = street.a_resident()
    for serial in range(3):
        street.post(f"+86138000001{serial:02d}", f"要带什么{serial}")
    street.post(chen.number, "退订")
    report = answer_due(street.sessions, street.bot, street.cards, street.clock, seconds=0)
    assert (report.answered, order) == (1, [])
    assert [stop.reason for stop in street.all(ContactStop)] == [StopReason.OPT_OUT]
    assert {inbound.state for inbound in street.all(Inbound)[:3]} == {InboundState.PENDING}
    answer_due(street.sessions, street.bot, street.cards, street.clock)
    assert order == ["要带什么0", "要带什么1", "要带什么2"]


def test_events_and_cases_name_the_conversation_and_no_person(street: Street) -> None:
    from models.event import Event

    chen = street.a_resident()
    street.tell(chen, "你们太慢了")
    assert street.all(Case)[0].conversation_id == 1
    assert not any("陈" in str(event.facts) or "138" in str(event.facts) for event in street.all(Event))
