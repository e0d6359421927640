"""The fixed lines: complete, short, and nothing in them that must not be."""

from __future__ import annotations

import re

import pytest

from models.case import Case
from models.resident import Resident
from models.vocabulary import (
    ApplicationStatus,
    Audience,
    CaseKind,
    Channel,
    ContactPurpose,
    ConversationOutcome,
)
from outreach_api.conversations.by_reading import LINE_OF_KIND
from outreach_api.conversations.copy_deck import FIRM_LINES, LINES, OFFERS, READINGS, for_channel
from outreach_api.conversations.exact_words import _PREFERENCES, BUTTONS, Exact, heard_exactly, read_exact_word
from outreach_api.conversations.offers import OfferTexts
from outreach_api.conversations.outcomes import CONSEQUENCES
from outreach_api.conversations.stopping import STOP_OUTCOMES
from outreach_api.conversations.subjects import appeal_subject
from tests.conversations.street import ALLOWANCE, CHECK_UP, SUBSIDY, Street

TWO_SEGMENTS = 134
LONGEST_NAME = "残疾人生活补贴"
STARTUP, INSURANCE = "startup-subsidy", "small-firm-insurance-subsidy"


@pytest.mark.parametrize("line", [*LINES.values(), *FIRM_LINES.values()])
def test_a_line_fits_two_text_messages(line: str) -> None:
    text = line.format(
        policy=LONGEST_NAME,
        menu="1.一一一一一一 2.二二二二二二",
        when="明天下午3点",
        on="12月31日",
        place="黄贝街道文华社区",
        code="1234 5678",
    )
    assert len(text) <= TWO_SEGMENTS


@pytest.mark.parametrize("key", OFFERS)
def test_an_offer_says_who_we_are_and_how_to_stop(key: str) -> None:
    assert OFFERS[key].startswith("{who}您好")
    assert OFFERS[key].endswith("{stop}")


def test_no_line_has_a_link_or_a_half_width_mark() -> None:
    for line in (*LINES.values(), *FIRM_LINES.values(), *OFFERS.values()):
        assert "http" not in line
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]", line), line


def test_every_word_that_a_line_asks_for_is_understood() -> None:
    asked_for = {
        word for line in (*LINES.values(), *FIRM_LINES.values()) for word in re.findall(r"回复“([^”]+)”", line)
    }
    assert {"同意", "要", "恢复", "人工", "本人同意"} <= asked_for
    known = {word: read_exact_word(word) for word in asked_for - {"不要了", "我要办", "对", "不对"}}
    assert all(known.values()), known


def test_a_firm_is_spoken_to_as_one() -> None:
    assert set(FIRM_LINES) < set(LINES)
    to_firms = [*FIRM_LINES.values(), *(text for key, text in OFFERS.items() if key.startswith("firm."))]
    assert not [text for text in to_firms if re.search("老人|您家|上门看|几月生", text)]
    of_families = re.compile(r"^firm\.|\.family$|\.guardian")
    assert {key for key in OFFERS if not of_families.search(key)} == {
        key.removeprefix("firm.") for key in OFFERS if key.startswith("firm.")
    }


def test_every_status_and_preference_has_its_line() -> None:
    assert all(f"status_{status.value}" in LINES for status in ApplicationStatus)
    assert all(f"prefer_{name}" in LINES for _, name in _PREFERENCES)


def test_every_outcome_has_its_consequence() -> None:
    elsewhere = {
        ConversationOutcome.APPLIED_BY_REPLY,
        ConversationOutcome.INTERESTED,
        ConversationOutcome.DECLINED,
        ConversationOutcome.CALLBACK,
        ConversationOutcome.NO_DECISION,
    }
    assert set(CONSEQUENCES) | set(STOP_OUTCOMES) | elsewhere == set(ConversationOutcome)


def test_every_kind_of_case_has_its_line() -> None:
    assert set(LINE_OF_KIND) == set(CaseKind)


def test_all_forty_intents_can_be_offered_as_a_choice() -> None:
    assert len(READINGS) == 40


@pytest.mark.parametrize("purpose", [ContactPurpose.OFFER, ContactPurpose.REMINDER])
@pytest.mark.parametrize("policies", [[ALLOWANCE], [CHECK_UP], [SUBSIDY], [ALLOWANCE, CHECK_UP, SUBSIDY]])
def test_an_offer_fits_and_names_what_it_offers(street: Street, purpose: ContactPurpose, policies: list[str]) -> None:
    rendered = OfferTexts(street.cards)(
        list(enumerate(policies, start=1)), resident=Resident(), step=0, shared_phone=False, contact_purpose=purpose
    )
    assert len(rendered.text) <= TWO_SEGMENTS
    assert all(street.cards[policy].short_name in rendered.text for policy in policies)
    assert ("“同意”" in rendered.text) is (policies == [ALLOWANCE])
    assert "退订回T" in rendered.text


@pytest.mark.parametrize("purpose", [ContactPurpose.OFFER, ContactPurpose.REMINDER])
@pytest.mark.parametrize("policies", [[STARTUP], [STARTUP, INSURANCE]])
def test_an_offer_to_a_firm_fits_and_names_what_it_offers(
    street: Street, purpose: ContactPurpose, policies: list[str]
) -> None:
    rendered = OfferTexts(street.cards)(
        list(enumerate(policies, start=1)),
        resident=Resident(audience=Audience.ENTERPRISE),
        step=0,
        shared_phone=False,
        contact_purpose=purpose,
    )
    assert rendered.template_key.startswith("firm.")
    assert len(rendered.text) <= TWO_SEGMENTS
    assert "贵单位" in rendered.text
    assert all(street.cards[policy].short_name in rendered.text for policy in policies)


@pytest.mark.parametrize("purpose", [ContactPurpose.OFFER, ContactPurpose.REMINDER])
@pytest.mark.parametrize("policies", [[SUBSIDY], [ALLOWANCE, SUBSIDY]])
def test_of_a_child_it_is_the_guardian_who_is_spoken_to(
    street: Street, purpose: ContactPurpose, policies: list[str]
) -> None:
    rendered = OfferTexts(street.cards)(
        list(enumerate(policies, start=1)), resident=Resident(), step=0, shared_phone=False, contact_purpose=purpose,
        for_guardian=True,
    )  # fmt: skip
    assert "您监护的孩子" in rendered.text
    assert len(rendered.text) <= TWO_SEGMENTS
    assert all(street.cards[policy].short_name in rendered.text for policy in policies)


@pytest.mark.parametrize("purpose", [ContactPurpose.OFFER, ContactPurpose.REMINDER])
def test_an_offer_to_a_shared_phone_names_nothing(street: Street, purpose: ContactPurpose) -> None:
    rendered = OfferTexts(street.cards)(
        [(1, ALLOWANCE)], resident=Resident(), step=0, shared_phone=True, contact_purpose=purpose
    )
    assert "津贴" not in rendered.text + str(rendered.variables)


def test_spoken_lines_ask_nobody_to_write() -> None:
    assert all("回复" not in for_channel(line, Channel.VOICE) for line in LINES.values())


@pytest.mark.parametrize(
    ("text", "subject"),
    [("楼上装修太吵", "噪音"), ("路灯坏了", "路灯"), ("天花板漏水", "漏水"), ("想反映个事", "其他")],
)
def test_appeals_are_sorted(text: str, subject: str) -> None:
    assert appeal_subject(text) == subject


def test_a_column_of_cases_is_encrypted(street: Street) -> None:
    chen = street.a_resident()
    street.tell(chen, "你们太慢了")
    assert street.all(Case)[0].summary == "你们太慢了"
    with street.sessions.engine.connect() as connection:
        stored = connection.exec_driver_sql('SELECT summary FROM "case"').scalar_one()
    assert "太慢" not in stored


def test_exact_word_kinds_are_all_reachable() -> None:
    examples = [
        "退订",
        "恢复",
        "已故",
        "打错了",
        "人工",
        "告知",
        "同意",
        "本人同意",
        "2",
        "都要",
        "字大一点",
        "要",
        "不要",
        "问",
        "嗯",
        "👌",
        "",
        "按键1",
    ]
    assert {word.kind for text in examples if (word := read_exact_word(text))} == set(Exact) - BUTTONS
    pressed = (heard_exactly("", f"{kind}:elderly-allowance:1") for kind in BUTTONS)
    assert {word.kind for word in pressed if word} == BUTTONS
