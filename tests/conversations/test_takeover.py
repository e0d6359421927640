"""Human takeover: the bot is not called; handed back, the talk goes on from where it stood."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.conversation import Conversation
from models.vocabulary import MatchState, Role
from outreach_api.conversations.takeover import InOtherHands, MayNotWrite, hand_back, take_over, write_as_staff
from tests.builders import a_staff_member
from tests.conversations.street import Street


@pytest.fixture
def desk(street: Street) -> tuple[int, int]:
    """Two people at the desk."""
    with street.sessions.write() as session:
        return a_staff_member(session, Role.AGENT).id, a_staff_member(session, Role.AGENT).id


def test_in_human_hands_the_bot_is_not_called_and_afterwards_it_goes_on(street: Street, desk: tuple[int, int]) -> None:
    chen = street.a_resident()
    street.tell(chen, "好")
    asked = len(street.bot.asked)
    with street.sessions.write() as session:
        take_over(session, session.scalars(select(Conversation)).one(), desk[0])
    assert street.tell(chen, "有多少钱") == []
    assert len(street.bot.asked) == asked
    with street.sessions.write() as session:
        hand_back(session, session.scalars(select(Conversation)).one(), desk[0])
    street.tell(chen, "好的")
    assert street.state_of(chen) is MatchState.APPLIED_BY_REPLY


def test_a_stop_binds_in_human_hands_too(street: Street, desk: tuple[int, int]) -> None:
    chen = street.a_resident()
    street.tell(chen, "有多少钱")
    with street.sessions.write() as session:
        take_over(session, session.scalars(select(Conversation)).one(), desk[0])
    assert "打扰您了" in street.tell(chen, "退订")[0]
    with street.sessions.write() as session, pytest.raises(MayNotWrite):
        write_as_staff(session, session.scalars(select(Conversation)).one(), "您好", now=street.clock.now())


def test_two_people_do_not_take_the_same_talk(street: Street, desk: tuple[int, int]) -> None:
    street.tell(street.a_resident(), "有多少钱")
    with street.sessions.write() as session:
        talk = session.scalars(select(Conversation)).one()
        take_over(session, talk, desk[0])
        take_over(session, talk, desk[0])
        with pytest.raises(InOtherHands):
            take_over(session, talk, desk[1])
        with pytest.raises(InOtherHands):
            hand_back(session, talk, desk[1])


def test_a_persons_words_are_queued_as_an_answer(street: Street, desk: tuple[int, int]) -> None:
    street.tell(street.a_resident(), "有多少钱")
    with street.sessions.write() as session:
        write_as_staff(session, session.scalars(select(Conversation)).one(), "我帮您问过了。", now=street.clock.now())
    assert street.sent[-1].text == "我帮您问过了。"
    assert street.sent[-1].inbound_id is not None
