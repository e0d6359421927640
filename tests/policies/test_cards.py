"""The cards we ship."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from models.vocabulary import Channel, Topic
from scheduler.policies.answers import SMS_LONGEST, Abstain, Answer, NoAnswer, answer
from scheduler.policies.card import SHOWABLE, Domain, Faq, PolicyCard, Verification
from scheduler.policies.card_file import read_card_file
from scheduler.policies.check import check_folder
from scheduler.policies.load import load_cards
from scheduler.policies.schema import SCHEMA_FILE, schema_text

FOLDER = Path(__file__).parents[2] / "policies"
CARDS = load_cards(FOLDER)
TODAY = date(2026, 3, 2)
VERIFIED = Verification(by="王编辑", at=TODAY, source="电话核实")
EVERY = [pytest.param(card, id=name) for name, card in CARDS.items()]


def say(card: PolicyCard, topic: Topic, *, age: int | None = None, channel: Channel = Channel.SMS) -> Answer:
    given = answer(card, topic, age_years=age, today=TODAY, channel=channel)
    assert isinstance(given, Answer)
    return given


def test_shipped_cards_have_no_fault() -> None:
    assert check_folder(FOLDER) == []
    assert {"elderly-allowance", "elderly-health-check", "disabled-living-subsidy"} <= set(CARDS)


def test_published_schema_is_current_and_accepts_the_cards() -> None:
    assert (FOLDER / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()
    schema = Draft202012Validator(json.loads(schema_text()))
    for path in FOLDER.glob("*.yaml"):
        raw = json.loads(json.dumps(read_card_file(path).value, default=str))
        assert list(schema.iter_errors(raw)) == []
    assert list(schema.iter_errors({"id": "elderly-allowance"}))


@pytest.mark.parametrize("card", EVERY)
@pytest.mark.parametrize("topic", list(Topic))
def test_every_answer_fits_two_segments_and_names_its_ground(card: PolicyCard, topic: Topic) -> None:
    given = answer(card, topic, age_years=83, today=TODAY, channel=Channel.SMS)
    if isinstance(given, Abstain):
        return
    assert len(given.text) <= SMS_LONGEST
    if topic is not Topic.SCAM:
        assert given.source
        assert given.source in given.text
        assert given.dated
        assert given.dated in given.text


# Whose own amount each item steps by, so that every band is spoken once.
BAND_FACTS: tuple[Mapping[str, object], ...] = (
    {},
    *({"household_class": code} for code in ("dibao", "expense_poor")),
    *({"school_stage": code} for code in ("primary", "junior")),
    *({"degree": code} for code in ("bachelor", "master", "doctor")),
)


def everything_said(card: PolicyCard) -> Iterator[str]:
    """All that a resident can be told of a card: every topic on every channel, every band, every kept answer.

    An editor's word is taken for granted, so that a card we do not trust yet is held to the same.
    """
    trusted = card.model_copy(update={"verified": VERIFIED})
    for topic, channel, age, facts in product(Topic, Channel, (None, 60, 69, 83), BAND_FACTS):
        given = answer(trusted, topic, age_years=age, today=TODAY, channel=channel, facts=facts)
        if isinstance(given, Answer):
            yield f"{given.text}{given.source_url}"
    yield from (faq.a for faq in card.faqs)
    yield card.reply.consent_text or ""


@pytest.mark.parametrize("card", EVERY)
def test_mirrors_low_sources_and_rejected_values_never_surface(card: PolicyCard) -> None:
    hidden = {source.shown_as for source in card.sources if source.kind not in SHOWABLE}
    hidden |= {source.url for source in card.sources if source.kind not in SHOWABLE and source.url}
    rejected = {words for conflict in card.conflicts for words in conflict.never_say}
    said = list(everything_said(card))
    assert said
    assert {words for words in hidden | rejected if any(words in text for text in said)} == set()


def test_a_rejected_value_in_an_answer_would_be_seen() -> None:
    card = CARDS["only-child-parent-reward"]
    slipped = card.model_copy(update={"faqs": (Faq(topic=Topic.AMOUNT, q="多少钱", a="每月160元。"),)})
    assert any("160" in text for text in everything_said(slipped))


def test_the_catalogue_holds_23_items_of_8_domains() -> None:
    assert len(CARDS) == 23
    assert {card.domain for card in CARDS.values()} == set(Domain)


def test_only_what_is_active_trusted_and_open_today_is_pushed() -> None:
    held_back = {card.id for card in CARDS.values() if not card.is_pushable(TODAY)}
    assert held_back == {
        "two-cancer-screening",
        "maternal-health-check",
        "elderly-flu-pneumonia-vaccine",
        "kindergarten-growth-subsidy",
        "job-expansion-subsidy",
        "new-talent-subsidy",
    }


@pytest.mark.parametrize(
    ("age", "yuan"), [(70, 200), (79, 200), (80, 300), (83, 300), (90, 500), (100, 1000), (104, 1000)]
)
def test_the_amount_is_this_residents_own(age: int, yuan: int) -> None:
    given = say(CARDS["elderly-allowance"], Topic.AMOUNT, age=age)
    assert f"您今年{age}岁，每月{yuan}元" in given.text
    assert "深民规〔2019〕2号，2019年10月起" in given.text


def test_without_an_age_every_band_is_said() -> None:
    text = say(CARDS["elderly-allowance"], Topic.AMOUNT).text
    assert "70到79岁每月200元" in text
    assert "满100岁每月1000元" in text


def test_household_class_picks_the_amount() -> None:
    card = CARDS["disabled-living-subsidy"]
    facts = {"household_class": "expense_poor"}
    given = answer(card, Topic.AMOUNT, age_years=40, today=TODAY, channel=Channel.SMS, facts=facts)
    assert isinstance(given, Answer)
    assert "每月300元" in given.text
    assert "400" not in given.text


@pytest.mark.parametrize(
    ("policy", "topic", "reason"),
    [
        ("elderly-allowance", Topic.PROCESSING_TIME, NoAnswer.NOT_KNOWN),
        ("disabled-living-subsidy", Topic.PAYMENT_DATE, NoAnswer.NOT_KNOWN),
        ("elderly-allowance", Topic.STATUS, NoAnswer.NOT_ON_A_CARD),
    ],
)
def test_what_the_card_does_not_know_is_abstained_from(policy: str, topic: Topic, reason: NoAnswer) -> None:
    assert answer(CARDS[policy], topic, age_years=83, today=TODAY, channel=Channel.SMS) == Abstain(topic, reason)


def test_a_source_is_named_only_for_what_it_speaks_of() -> None:
    given = say(CARDS["elderly-allowance"], Topic.PAYMENT_DATE)
    assert (given.source, given.source_url) == ("深圳市民政局", None)


def test_voice_has_no_brackets() -> None:
    assert "（" not in say(CARDS["elderly-allowance"], Topic.WHERE, channel=Channel.VOICE).text


def test_null_is_unknown_and_an_empty_list_is_none_needed() -> None:
    card = CARDS["elderly-allowance"]
    documents = card.documents
    assert documents is not None
    nothing = card.model_copy(update={"documents": documents.model_copy(update={"needed": (), "say": None})})
    unknown = card.model_copy(update={"documents": documents.model_copy(update={"needed": None, "say": None})})
    assert "不用带材料" in say(nothing, Topic.DOCUMENTS).text
    assert isinstance(answer(unknown, Topic.DOCUMENTS, age_years=1, today=TODAY, channel=Channel.SMS), Abstain)


def changed(**fields: object) -> PolicyCard:
    return PolicyCard.model_validate({**CARDS["elderly-allowance"].model_dump(by_alias=True), **fields})


def test_closed_items_answer_but_are_never_pushed() -> None:
    for status in ("closed_to_new", "historical"):
        card = changed(status=status)
        assert not card.is_pushable(TODAY)
        assert say(card, Topic.AMOUNT, age=83).text.startswith("这一项已经")


def test_low_confidence_is_pushed_only_once_verified() -> None:
    assert not changed(confidence="low").is_pushable(TODAY)
    assert changed(confidence="low", verified=VERIFIED.model_dump()).is_pushable(TODAY)
    doubtful = answer(changed(confidence="low"), Topic.AMOUNT, age_years=83, today=TODAY, channel=Channel.SMS)
    assert doubtful == Abstain(Topic.AMOUNT, NoAnswer.NOT_VERIFIED)


def test_an_unverified_current_state_is_neither_pushed_nor_answered() -> None:
    card = changed(status="unverified_current", verified=VERIFIED.model_dump())
    assert not card.is_pushable(TODAY)
    assert not changed(status="unverified_current").is_trusted()


def test_a_card_counts_from_its_effective_date_to_its_last() -> None:
    card = changed(effective_from=date(2026, 4, 1), effective_to=date(2026, 5, 1))
    pushable = {day: card.is_pushable(day) for day in (TODAY, date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 2))}
    assert list(pushable.values()) == [False, True, True, False]
    assert answer(card, Topic.AMOUNT, age_years=83, today=TODAY, channel=Channel.SMS) == Abstain(
        Topic.AMOUNT, NoAnswer.NOT_IN_FORCE
    )


def test_what_an_editor_has_verified_is_answered_with_the_day_of_it() -> None:
    maternal = CARDS["maternal-health-check"].model_copy(update={"verified": VERIFIED})
    assert "2026年3月核实" in say(maternal, Topic.WHERE).text
