"""Surveys with the trained bot, by text, chat and voice: what residents really write."""

from __future__ import annotations

import pytest

from models.case import Case
from models.conversation import ContactStop
from models.resident import Preference
from models.vocabulary import Channel
from outreach_api.conversations.rasa_bot import RasaBot
from tests.conversations.street import Street
from tests.surveys.asking import answers, asked

pytestmark = pytest.mark.rasa


@pytest.mark.parametrize("channel", list(Channel))
def test_ratings_in_own_words_and_free_text(street: Street, rasa: RasaBot, channel: Channel) -> None:
    street.bot = rasa  # type: ignore[assignment]
    who = asked(street)
    street.tell(who, "挺满意的，工作人员很耐心", channel=channel)
    street.tell(who, "到账了", channel=channel)
    street.tell(who, "5", channel=channel)
    street.tell(who, "没什么了，都挺好", channel=channel)
    given = answers(street)
    assert given["satisfaction"] in ("4", "5")
    assert (given["received"], given["obstacles"], given["comment"]) == ("yes", "none", "text")
    assert street.all(Case) == []


@pytest.mark.parametrize("words", ["不满意，态度太差了", "2", "一点都不满意"])
def test_dissatisfaction_in_any_words_is_a_complaint(street: Street, rasa: RasaBot, words: str) -> None:
    street.bot = rasa  # type: ignore[assignment]
    who = asked(street)
    street.tell(who, words)
    assert answers(street)["satisfaction"] in ("1", "2")
    assert [case.kind.value for case in street.all(Case)] == ["complaint"]


def test_a_stop_in_own_words_stops(street: Street, rasa: RasaBot) -> None:
    street.bot = rasa  # type: ignore[assignment]
    who = asked(street)
    street.tell(who, "1")
    street.tell(who, "别再给我发短信了，烦死了")
    assert len(street.all(ContactStop)) == 1


def test_money_not_arrived_in_own_words(street: Street, rasa: RasaBot) -> None:
    street.bot = rasa  # type: ignore[assignment]
    who = asked(street)
    street.tell(who, "4")
    street.tell(who, "补贴还没到账啊")
    assert [case.reason.value for case in street.all(Case)] == ["survey_problem"]


@pytest.mark.parametrize(("words", "rating"), [("一般", "3"), ("一般般吧", "3"), ("马马虎虎，就那样", "3")])
def test_middling_words_are_a_rating_in_a_survey(street: Street, rasa: RasaBot, words: str, rating: str) -> None:
    street.bot = rasa  # type: ignore[assignment]
    who = asked(street)
    street.tell(who, words)
    assert answers(street) == {"satisfaction": rating}


def test_answers_are_kept_in_part_corrected_repeated_and_the_two_noes_kept_apart(street: Street, rasa: RasaBot) -> None:
    street.bot = rasa  # type: ignore[assignment]
    who = asked(street)
    street.tell(who, "2")
    street.tell(who, "说错了，是4")
    street.tell(who, "到账了")
    street.tell(who, "到账了")
    assert answers(street) == {"satisfaction": "4", "received": "yes"}
    street.tell(who, "不用回访")
    assert [row.name for row in street.all(Preference)] == ["no_surveys"]
    assert street.all(ContactStop) == []
    assert answers(street) == {"satisfaction": "4", "received": "yes"}
    street.tell(who, "退订")
    assert len(street.all(ContactStop)) == 1
