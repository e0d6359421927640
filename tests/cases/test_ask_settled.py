"""Whoever reported something is asked whether it is settled, by text, then by call; their word confirms or reopens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models.case import Case
from models.contact import Contact
from models.session import Sessions
from models.vocabulary import AppealCategory, CaseKind, CaseState, Channel, ContactPurpose, ContactState
from outreach_api.cases.appeals import About, departments, describe
from outreach_api.cases.ask_settled import answer_settled, ask_settled
from outreach_api.cases.work_case import find_case, resolve
from outreach_api.conversations.errands import is_settled
from tests.builders import NOON, a_case, a_resident

DAY = timedelta(days=1)
BOTH = (Channel.SMS, Channel.VOICE)


@pytest.fixture
def resolved(sessions: Sessions) -> int:
    with sessions.write() as session:
        case = a_case(session, kind=CaseKind.APPEAL, resident_id=a_resident(session).id, summary="楼下路灯坏了")
        describe(session, case, About())
        resolve(session, case, by="staff:1", now=NOON)
        return case.id


def asked(sessions: Sessions) -> list[tuple[Channel, ContactState]]:
    with sessions.read() as session:
        contacts = session.scalars(select(Contact).order_by(Contact.id)).all()
        assert {contact.purpose for contact in contacts} <= {ContactPurpose.CASE_CHECK}
        return [(contact.channel, contact.state) for contact in contacts]


def settle(sessions: Sessions, state: ContactState) -> None:
    with sessions.write() as session:
        for contact in session.scalars(select(Contact).where(Contact.state == ContactState.PLANNED)):
            contact.state, contact.sent_at = state, contact.due_at


def test_a_text_then_a_call_then_nothing_more(sessions: Sessions, resolved: int) -> None:
    assert [ask_settled(sessions, channels=BOTH, now=NOON) for _ in range(2)] == [1, 0]
    settle(sessions, ContactState.DELIVERED)
    assert ask_settled(sessions, channels=BOTH, now=NOON + DAY) == 0
    assert ask_settled(sessions, channels=(Channel.SMS,), now=NOON + 3 * DAY) == 0
    assert ask_settled(sessions, channels=BOTH, now=NOON + 3 * DAY) == 1
    settle(sessions, ContactState.NO_ANSWER)
    assert ask_settled(sessions, channels=BOTH, now=NOON + 6 * DAY) == 0
    assert [channel for channel, _ in asked(sessions)] == [Channel.SMS, Channel.VOICE]


def test_what_could_not_be_sent_is_asked_again_and_what_is_long_settled_is_not(
    sessions: Sessions, resolved: int
) -> None:
    ask_settled(sessions, now=NOON)
    settle(sessions, ContactState.CANCELLED)
    assert ask_settled(sessions, now=NOON + DAY) == 1
    settle(sessions, ContactState.CANCELLED)
    assert ask_settled(sessions, now=NOON + 8 * DAY) == 0


@pytest.mark.parametrize(("settled", "state"), [(True, CaseState.CONFIRMED), (False, CaseState.OPEN)])
def test_their_word_confirms_or_reopens(sessions: Sessions, resolved: int, *, settled: bool, state: CaseState) -> None:
    ask_settled(sessions, now=NOON)
    later = NOON + timedelta(hours=2)
    with sessions.write() as session:
        answer_settled(session, resolved, settled=settled, words="还是黑的", now=later)
    with sessions.read() as session:
        case = session.get_one(Case, resolved)
        assert case.state is state
        change = case.changes[-1]
        assert (change.by, change.note) == ("resident", None if settled else "还是黑的")
        # A new promise, and asked anew once it is resolved again.
        assert (case.due_at > NOON and case.asked_by is None and case.kept_at is None) is not settled
    with sessions.write() as session:
        answer_settled(session, resolved, settled=not settled, words="", now=later)
        assert find_case(session, resolved).state is state


@pytest.mark.parametrize("said", ["1", "办好了", "已经修好了", "解决了，谢谢", "好了", "是的", "按键1", "搞掂咗"])
def test_what_counts_as_settled(said: str) -> None:
    assert is_settled(said) is True


@pytest.mark.parametrize("said", ["2", "没有", "没办好", "还没修好呢"[:4], "没人来", "一直没解决", "未整好", "按键2"])
def test_what_counts_as_not_settled(said: str) -> None:
    assert is_settled(said) is False


@pytest.mark.parametrize("said", ["好", "嗯", "你是谁", "路灯亮了一半", "12", "退订", "想办津贴", ""])
def test_what_says_neither(said: str) -> None:
    assert is_settled(said) is None


def test_an_appeal_goes_to_the_department_of_its_category_until_staff_say_otherwise(sessions: Sessions) -> None:
    with sessions.write() as session:
        case = a_case(session, kind=CaseKind.APPEAL, summary="楼下路灯坏了")
        usual = departments(session)
        assert describe(session, case, About()).department == usual[AppealCategory.LIGHTING]
        corrected = describe(session, case, About(category=AppealCategory.LIFT))
        assert corrected.department == usual[AppealCategory.LIFT]
        named = About(category=AppealCategory.LIFT, department="电梯应急中心")
        assert describe(session, case, named).department == "电梯应急中心"
        assert describe(session, case, About(category=AppealCategory.LIFT)).department == "电梯应急中心"
