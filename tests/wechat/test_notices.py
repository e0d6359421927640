"""First contacts and reminders as notices to who took them; to all others, and where it is refused, as texts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.contact import Contact, ContactMatch
from models.vocabulary import Channel, ContactPurpose, ContactState
from models.wechat import WechatFollower
from outreach_api.channels.chat_links import chat_address
from outreach_api.delivery.receipts import apply_receipts
from outreach_api.wechat.settings import NoticeTemplate
from scheduler.planning.chat_links import INVITATION, token_of_contact
from tests.conversations.street import ALLOWANCE, Neighbour
from tests.wechat.account import DAUGHTER, Account

OFFER, REMINDER = "tmpl-offer", "tmpl-reminder"


@pytest.fixture
def noticing(account: Account) -> Account:
    fields = {"thing1": "policy", "thing2": "advice", "date3": "day"}
    account.house.settings.wechat.notices = {
        moment: NoticeTemplate.model_validate({"id": template, "fields": fields})
        for moment, template in (("offer", OFFER), ("reminder", REMINDER))
    }
    account.platform.templates = {template: frozenset(fields) for template in (OFFER, REMINDER)}
    return account


def take(account: Account, *templates: str, openid: str = DAUGHTER) -> None:
    """Agree to notices, at the platform and as it tells us."""
    account.platform.taken |= {(openid, template) for template in templates}
    entries = [{"TemplateId": each, "SubscribeStatusString": "accept", "PopupScene": "1"} for each in templates]
    account.about_notices("subscribe_msg_popup_event", *entries, openid=openid)


def offer(account: Account, who: Neighbour, key: str = "offer.by_reply", policy: str = "高龄津贴") -> Contact:
    """A text that the plan holds for now, and what became of it."""
    now = account.street.clock.now()
    with account.street.sessions.write() as session:
        phone = account.street._phone(session, who.number)
        contact = Contact(
            resident_id=who.resident_id, phone_id=phone.id, channel=Channel.SMS, purpose=ContactPurpose.OFFER,
            template_key=key, variables={"policy": policy}, text=f"您可能可以享受{policy}。{INVITATION}",
            created_at=now, due_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        session.add(contact)
        session.flush()
        session.add(ContactMatch(contact_id=contact.id, match_id=who.matches[ALLOWANCE]))
        number = contact.id
    account.deliver()
    sent: Contact = next(each for each in account.street.all(Contact) if each.id == number)
    return sent


def a_neighbour(account: Account) -> Neighbour:
    return account.street.a_resident(ALLOWANCE, offered=False)


def test_who_took_the_notices_gets_the_first_contact_there(noticing: Account) -> None:
    chen = a_neighbour(noticing)
    noticing.bound(chen)
    take(noticing, OFFER)
    sent = offer(noticing, chen)
    (notice,) = noticing.platform.notices
    assert (sent.state, sent.provider, sent.provider_ref) == (
        ContactState.ACCEPTED, "wechat_notice", str(notice["msgid"]),
    )  # fmt: skip
    assert notice["page"] == chat_address("https://fuwu.example", token_of_contact(sent.id))
    here = noticing.street.clock.now()
    assert (notice["to"], notice["thing1"]) == (DAUGHTER, "高龄津贴")
    assert notice["date3"].startswith(f"{here.year}年")
    assert noticing.carrier_of_texts.accepted == []


def test_it_counts_as_a_text_does(noticing: Account) -> None:
    chen = a_neighbour(noticing)
    noticing.bound(chen)
    take(noticing, OFFER)
    offer(noticing, chen)
    second = offer(noticing, chen)
    assert second.state is not ContactState.ACCEPTED
    assert len(noticing.platform.notices) == 1


@pytest.mark.parametrize("case", ["not bound", "not taken", "left", "no template", "another moment"])
def test_everybody_else_gets_a_text(noticing: Account, case: str) -> None:
    chen = a_neighbour(noticing)
    if case != "not bound":
        noticing.bound(chen)
    if case != "not taken":
        take(noticing, REMINDER if case == "another moment" else OFFER)
    if case == "left":
        noticing.call(noticing.xml(MsgType="event", Event="unsubscribe"))
    if case == "no template":
        noticing.house.settings.wechat.notices = {}
    sent = offer(noticing, chen)
    assert (sent.state, sent.provider) == (ContactState.ACCEPTED, "twilio")
    assert noticing.platform.notices == []


def test_what_the_platform_refuses_goes_as_a_text_at_once_and_is_not_tried_again(noticing: Account) -> None:
    chen = a_neighbour(noticing)
    noticing.bound(chen)
    take(noticing, OFFER)
    noticing.platform.taken.clear()
    sent = offer(noticing, chen)
    assert (sent.state, sent.provider) == (ContactState.ACCEPTED, "twilio")
    assert [each.notices for each in noticing.street.all(WechatFollower)] == [[]]


def test_a_refusal_in_the_account_is_kept(noticing: Account) -> None:
    noticing.bound(a_neighbour(noticing))
    take(noticing, OFFER, REMINDER)
    refusal = {"TemplateId": OFFER, "SubscribeStatusString": "reject"}
    noticing.about_notices("subscribe_msg_change_event", refusal)
    assert [each.notices for each in noticing.street.all(WechatFollower)] == [[REMINDER]]


@pytest.mark.parametrize(("code", "state"), [("0", ContactState.DELIVERED), ("43101", ContactState.UNDELIVERED)])
def test_the_platform_says_what_became_of_it(noticing: Account, code: str, state: ContactState) -> None:
    chen = a_neighbour(noticing)
    noticing.bound(chen)
    take(noticing, OFFER)
    sent = offer(noticing, chen)
    entry = {"TemplateId": OFFER, "MsgID": str(sent.provider_ref), "ErrorCode": code, "ErrorStatus": "…"}
    noticing.about_notices("subscribe_msg_sent_event", entry)
    apply_receipts(noticing.street.sessions, now=noticing.street.clock.now())
    (contact,) = noticing.street.all(Contact)
    assert contact.state is state


def test_a_name_that_is_too_long_is_cut(noticing: Account) -> None:
    chen = a_neighbour(noticing)
    noticing.bound(chen)
    take(noticing, OFFER)
    offer(noticing, chen, policy="一个名字特别特别特别长的惠民待遇事项名称补贴")
    assert noticing.platform.notices[0]["thing1"].endswith("…")
    assert len(noticing.platform.notices[0]["thing1"]) == 20
