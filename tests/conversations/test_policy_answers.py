"""A person's answer to what no card answered: it reaches who asked, and is kept only after a second look."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.case import Case
from models.faq import KeptFaq
from models.transitions import UnlawfulTransition
from models.vocabulary import Author, CaseState, Topic
from outreach_api.cases.policy_answers import Keep, SamePerson, answer_case, proposed_faqs, review
from tests.conversations.street import ScriptedBot, Street, question

ASKED = "多久办好"
ANSWER = "一般十五个工作日办好。"
KEEP = Keep(Topic.PROCESSING_TIME, "高龄津贴申请多久能批下来")


def answered(street: Street, *, keep: Keep | None = None) -> bool:
    with street.sessions.write() as session:
        case = session.scalars(select(Case)).one()
        return answer_case(session, case, ANSWER, keep=keep, by="staff:1", now=street.clock.now())


def test_the_answer_goes_back_to_who_asked(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, ASKED)
    assert answered(street)
    assert street.sent[-1].text == ANSWER
    assert street.transcript[-1] == f"< {ANSWER}"
    assert street.all(Case)[0].state is CaseState.RESOLVED
    with pytest.raises(UnlawfulTransition):
        answered(street)


def test_after_a_stop_nothing_is_sent(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, ASKED)
    street.tell(chen, "退订")
    before = len(street.sent)
    assert not answered(street)
    assert len(street.sent) == before


def test_it_is_used_only_after_a_second_person_has_read_it(street: Street) -> None:
    chen = street.a_resident()
    asks_again = "这个高龄津贴申请了多久能批下来呀"
    street.bot = ScriptedBot({**street.bot.readings, asks_again: question("processing_time")})
    street.tell(chen, ASKED)
    answered(street, keep=KEEP)
    assert "不敢乱说" in street.tell(chen, asks_again)[0]
    with street.sessions.write() as session:
        (faq,) = proposed_faqs(session)
        with pytest.raises(SamePerson):
            review(session, faq.id, use=True, by="staff:1", now=street.clock.now())
        review(session, faq.id, use=True, by="staff:2", now=street.clock.now())
    street.clock.set(street.clock.now().replace(hour=9))
    assert ANSWER in street.tell(chen, asks_again)[0]


def test_a_refused_answer_is_never_used(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, ASKED)
    answered(street, keep=KEEP)
    with street.sessions.write() as session:
        review(session, proposed_faqs(session)[0].id, use=False, by="staff:2", now=street.clock.now())
        assert proposed_faqs(session) == []
    assert not street.all(KeptFaq)[0].in_use


def test_it_is_told_apart_from_the_assistants_words(street: Street) -> None:
    from models.conversation import Message

    street.tell(street.a_resident(), ASKED)
    answered(street)
    assert street.all(Message)[-1].author is Author.STAFF
