"""Who is behind an openid, and that their talk is the resident's own."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from models.conversation import Conversation
from models.vocabulary import ContactState, MatchState
from models.wechat import WechatFollower
from outreach_api.conversations.takeover import write_as_staff
from outreach_api.wechat.errors import MEANING
from outreach_api.wechat.followers import MOST_FAILED_CODES
from tests.conversations.street import ALLOWANCE
from tests.wechat.account import Account

SON = "oSon0000000000000000000000ab"


def test_bound_by_a_code_the_talk_is_the_residents_own(account: Account) -> None:
    chen = account.street.a_resident(ALLOWANCE)
    account.bound(chen)
    assert "元" in account.hear("有多少钱")[0]
    assert "已经帮您登记申请" in account.hear("同意")[0]
    assert account.street.state_of(chen) is MatchState.APPLIED_BY_REPLY
    assert "已经登记申请了" in account.street.tell(chen, "同意")[0]
    assert len(account.street.consents) == 1
    assert len(account.street.all(Conversation)) == 1


def test_a_follower_who_is_not_bound_hears_nothing_personal(account: Account) -> None:
    account.street.a_resident(ALLOWANCE)
    (said,) = account.hear("我是陈桂芳，有多少钱")
    assert "高龄津贴" not in said
    assert account.hear("同意") == [] or account.street.consents == []


def test_a_name_binds_nobody_and_a_wrong_code_neither(account: Account) -> None:
    account.street.a_resident(ALLOWANCE)
    assert account.write("绑定陈桂芳").text == "success"
    assert "对不上" in account.write("绑定00000000").text
    (follower,) = account.street.all(WechatFollower)
    assert follower.resident_id is None


def test_a_code_counts_once_and_trying_codes_comes_to_an_end(account: Account) -> None:
    chen = account.street.a_resident(ALLOWANCE)
    code = account.code_for(chen)
    assert "绑定好了" in account.write(f"绑定 {code}").text
    assert "绑定好了" in account.write(f"绑定 {code}").text
    assert "对不上" in account.write(f"绑定 {code}", SON).text
    for _ in range(MOST_FAILED_CODES):
        account.write("绑定00000000", SON)
    assert "对不上" in account.write(f"绑定{account.code_for(chen)}", SON).text


def test_a_code_expires(account: Account) -> None:
    code = account.code_for(account.street.a_resident(ALLOWANCE))
    account.street.clock.set(account.street.clock.now() + timedelta(days=4))
    assert "对不上" in account.write(f"绑定{code}").text


def test_unbound_again_it_is_nobodys(account: Account) -> None:
    account.bound(account.street.a_resident(ALLOWANCE))
    assert "已经解绑" in account.write("解绑").text
    assert not any("元" in said for said in account.hear("有多少钱"))


def test_scanning_binds_following_greets_and_the_menu_speaks(account: Account) -> None:
    chen = account.street.a_resident(ALLOWANCE)
    greeting = account.call(account.xml(MsgType="event", Event="subscribe")).text
    assert "绑定码" in greeting
    scan = account.xml(MsgType="event", Event="SCAN", EventKey=account.code_for(chen))
    assert "绑定好了" in account.call(scan).text
    account.platform.wrote("oDaughter00000000000000000ab")
    assert account.call(account.xml(MsgType="event", Event="CLICK", EventKey="人工")).text == "success"
    account.street.answer()
    assert ("human", "requested") in account.street.cases


def test_a_stop_in_the_account_is_a_stop_everywhere(account: Account) -> None:
    chen = account.street.a_resident(ALLOWANCE)
    account.bound(chen)
    assert "打扰您了" in account.hear("退订")[0]
    assert account.street.tell(chen, "有多少钱") == []


# Sending


def test_a_token_that_another_worker_renewed_is_found_in_the_database(account: Account) -> None:
    account.bound(account.street.a_resident(ALLOWANCE))
    account.hear("有多少钱")
    account.carrier = account.a_carrier()
    account.hear("要带什么")
    assert account.platform.tokens_given == 1


def test_a_token_that_is_no_longer_good_is_renewed_and_nothing_is_sent_twice(account: Account) -> None:
    account.bound(account.street.a_resident(ALLOWANCE))
    account.hear("有多少钱")
    account.platform.withdraw_token()
    assert len(account.hear("要带什么")) == 1
    assert account.platform.tokens_given == 2


def test_who_has_left_the_account_gets_the_answer_as_a_text(account: Account) -> None:
    chen = account.street.a_resident(ALLOWANCE)
    account.bound(chen)
    account.write("有多少钱")
    account.call(account.xml(MsgType="event", Event="unsubscribe"))
    account.street.answer()
    account.deliver()
    (contact,) = account.street.sent
    assert (contact.state, contact.provider) == (ContactState.ACCEPTED, "twilio")
    assert [(each.to, "元" in each.text) for each in account.carrier_of_texts.accepted] == [(chen.number, True)]
    assert account.platform.sent == []


def test_after_48_hours_a_colleagues_words_go_as_a_text(account: Account) -> None:
    account.bound(account.street.a_resident(ALLOWANCE))
    account.hear("有多少钱")
    account.street.clock.set(account.street.clock.now() + timedelta(hours=49))
    with account.street.sessions.write() as session:
        talk = session.scalars(select(Conversation)).one()
        write_as_staff(session, talk, "陈阿姨，材料收到了。", now=account.street.clock.now())
    account.deliver()
    assert [each.text for each in account.carrier_of_texts.accepted] == ["陈阿姨，材料收到了。"]


def test_who_is_bound_to_nobody_has_no_phone_to_be_texted(account: Account) -> None:
    account.write("您好")
    account.call(account.xml(MsgType="event", Event="unsubscribe"))
    account.street.answer()
    account.deliver()
    assert {contact.vendor_code for contact in account.street.sent} == {"45015"}
    assert account.carrier_of_texts.accepted == []


def test_what_the_platform_may_have_sent_is_no_text_as_well(account: Account) -> None:
    account.bound(account.street.a_resident(ALLOWANCE))
    account.write("有多少钱")
    account.street.answer()
    account.platform.busy = True
    account.deliver()
    assert [contact.state for contact in account.street.sent] == [ContactState.UNKNOWN]
    assert account.carrier_of_texts.accepted == []


def test_after_twenty_answers_the_platform_takes_no_more_and_the_next_goes_as_a_text(account: Account) -> None:
    chen = account.street.a_resident(ALLOWANCE)
    account.bound(chen)
    account.write("有多少钱")
    account.platform.answers_left["oDaughter00000000000000000ab"] = 0
    account.street.answer()
    account.deliver()
    assert account.street.sent[-1].provider == "twilio"
    assert len(account.carrier_of_texts.accepted) == 1
    assert account.street.tell(chen, "要带什么") != []


def test_every_refusal_in_the_table_carries_its_own_code() -> None:
    assert {int(refusal.vendor_code or 0) for refusal in MEANING.values()} == set(MEANING)
