"""Human takeover: the bot is not called; handed back, the talk goes on from where it stood."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models.contact import Campaign
from models.conversation import Conversation
from models.resident import Phone
from models.vocabulary import CampaignState, Channel, MatchState, Role
from outreach_api.cases.home_help import open_home_help
from outreach_api.conversations.offers import OfferTexts
from outreach_api.conversations.takeover import InOtherHands, MayNotWrite, hand_back, take_over, write_as_staff
from outreach_api.delivery.worker import deliver_due
from scheduler.planning.planner import plan
from tests.builders import a_staff_member
from tests.conversations.street import ALLOWANCE, Neighbour, Street
from tests.delivery.fakes import FakeCarrier


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


STEPS = (
    "take_over",
    "write",
    "hand_back",
    "plan",
    "有多少钱",
    "同意",
    "要",
    "人工",
    "他不在了",
    "烦死了别找我",
    "哇啦哇啦",
    "",
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stop=st.sampled_from(["退订", "烦死了别找我", "他已经去世了", "他不在了"]),
    steps=st.lists(st.sampled_from(STEPS), max_size=7),
)
def test_after_a_stop_neither_assistant_nor_planner_nor_staff_reach_anybody(
    street: Street, desk: tuple[int, int], stop: str, steps: list[str]
) -> None:
    """What the carrier is asked to send is counted, whoever tries to: one acknowledgement, and nothing after it."""
    serial = len(street.all(Phone))
    number = f"+86137{serial:08d}"
    chen = street.a_resident(number=number, name=f"陈{serial}")
    carrier = FakeCarrier(street.clock.now)
    _deliver(street, carrier)
    street.tell(chen, stop)
    for step in steps:
        _take(street, chen, step, desk[0])
        _deliver(street, carrier)
        street.clock.set(street.clock.now() + timedelta(hours=5))
    _plan(street)
    _deliver(street, carrier)
    assert _sent_to(carrier, number) == 1


def test_the_property_above_would_see_staff_and_planner(street: Street, desk: tuple[int, int]) -> None:
    carrier = FakeCarrier(street.clock.now)
    chen = street.a_resident()
    street.tell(chen, "有多少钱")
    _take(street, chen, "write", desk[0])
    _deliver(street, carrier)
    assert _sent_to(carrier, chen.number) == 2
    street.clock.set(street.clock.now() + timedelta(days=5))
    _plan(street)
    _deliver(street, carrier)
    assert _sent_to(carrier, chen.number) == 3


def _sent_to(carrier: FakeCarrier, number: str) -> int:
    return sum(message.to == number for message in carrier.accepted)


def _take(street: Street, chen: Neighbour, step: str, staff_id: int) -> None:
    acts = {"take_over": take_over, "hand_back": hand_back}
    if step == "plan":
        _plan(street)
    elif step == "write" or step in acts:
        with street.sessions.write() as session, suppress(InOtherHands, MayNotWrite):
            talk = session.scalars(select(Conversation).order_by(Conversation.id.desc())).first()
            assert talk is not None
            if step == "write":
                write_as_staff(session, talk, "您好", now=street.clock.now())
            else:
                acts[step](session, talk, staff_id)
    else:
        street.tell(chen, step)


def _plan(street: Street) -> None:
    with street.sessions.write() as session:
        if session.scalar(select(Campaign.id)) is None:
            running = {"state": CampaignState.RUNNING, "daily_cap": 100, "starts_on": street.clock.now().date()}
            session.add(Campaign(policy_id=ALLOWANCE, name="高龄津贴", **running))
    plan(
        street.sessions,
        now=street.clock.now(),
        cards=street.cards,
        render=OfferTexts(street.cards),
        open_home_help=open_home_help,
    )


def _deliver(street: Street, carrier: FakeCarrier) -> None:
    deliver_due(street.sessions, {Channel.SMS: carrier}, street.clock)
