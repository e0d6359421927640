"""A text may carry a link: its address is put in when it is handed over, and is in none of our tables."""

from __future__ import annotations

from datetime import UTC, datetime

from models.vocabulary import ContactState
from outreach_api.channels.carrier import ListedMessage, OutgoingText
from outreach_api.channels.chat_links import WithChatLinks
from scheduler.planning.chat_links import INVITATION, LINK_MARK, TOKEN_LENGTH, token_of_contact
from tests.builders import a_database
from tests.delivery.fakes import FakeCarrier

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


def a_carrier() -> tuple[FakeCarrier, WithChatLinks]:
    a_database()
    inner = FakeCarrier(lambda: NOON)
    return inner, WithChatLinks(inner, public_url="https://fuwu.example")


def test_the_address_goes_in_as_the_text_is_handed_over() -> None:
    inner, carrier = a_carrier()
    carrier.send(OutgoingText(7, "+8613800000001", f"您好。{INVITATION}", "offer"))
    (sent,) = inner.accepted
    assert sent.text == f"您好。{INVITATION}".replace(LINK_MARK, f"https://fuwu.example/c/{token_of_contact(7)}")
    assert len(token_of_contact(7)) == TOKEN_LENGTH
    assert token_of_contact(7) != token_of_contact(8)


def test_what_the_carrier_lists_is_recognised_as_ours() -> None:
    inner, carrier = a_carrier()
    text = f"您好。点开：https://fuwu.example/c/{token_of_contact(7)}"
    inner.listed.append(ListedMessage("SM1", "+8613800000001", text, ContactState.DELIVERED, None, NOON))
    assert carrier.sent_between(NOON, NOON).messages[0].text == f"您好。点开：{LINK_MARK}"


def test_a_text_without_a_link_is_handed_over_as_it_is() -> None:
    inner, carrier = a_carrier()
    message = OutgoingText(7, "+8613800000001", "您好。", "offer")
    carrier.send(message)
    assert inner.accepted == [message]
