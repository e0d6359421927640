"""What is let in: signed, lately, once, and readable; and that the published example opens."""

from __future__ import annotations

import pytest

from models.conversation import Inbound
from outreach_api.wechat.crypto import Envelope, NotGenuine, check_signature
from outreach_api.wechat.messages import as_arrived, read_fields
from sandbox.wechat.platform import signed_query
from tests.wechat.account import AES_KEY, APP_ID, TOKEN, Account

# The platform's own example, as its sample programs publish it.
PUBLISHED_SIGNATURE, PUBLISHED_TIME, PUBLISHED_NONCE = (
    "5d197aaffba7e9b25a30732f161a50dee96bd5fa",
    "1409735669",
    "1320562132",
)
PUBLISHED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXp"
    "bUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlp"
    "Kn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD"
    "1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)


def test_the_published_example_is_genuine_and_opens() -> None:
    check_signature(PUBLISHED_SIGNATURE, TOKEN, PUBLISHED_TIME, PUBLISHED_NONCE, PUBLISHED)
    arrived = as_arrived(read_fields(Envelope(AES_KEY, APP_ID).open(PUBLISHED)))
    assert (arrived.openid, arrived.text) == ("oyORnuP8q7ou2gfYjqLzSIWZf0rs", "abcdteT")
    assert arrived.reference == "6054768590064713728"


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 31, 32, 33, 500])
def test_what_is_sealed_opens_again(length: int) -> None:
    envelope = Envelope(AES_KEY, APP_ID)
    assert envelope.open(envelope.seal(b"x" * length)) == b"x" * length


def test_what_was_sealed_for_another_account_or_was_changed_does_not_open() -> None:
    sealed = Envelope(AES_KEY, "wx-another").seal("您好".encode())
    with pytest.raises(NotGenuine):
        Envelope(AES_KEY, APP_ID).open(sealed)
    for broken in ("", "????", sealed[:-8], "AAAA" + sealed[4:]):
        with pytest.raises(NotGenuine):
            Envelope(AES_KEY, APP_ID).open(broken)


def test_the_address_is_proved_by_the_echo(account: Account) -> None:
    query = signed_query(TOKEN, account.now(), "n") | {"echostr": "echo-123"}
    assert account.client.get("/webhooks/wechat", params=query).text == "echo-123"
    assert account.client.get("/webhooks/wechat", params=query | {"signature": "0" * 40}).status_code == 403


def test_a_forged_a_stale_and_a_repeated_request_are_refused(account: Account) -> None:
    body = account.xml(text="同意")
    forged = signed_query("another-token", account.now(), "n1")
    stale = signed_query(TOKEN, account.now() - 301, "n2")
    ahead = signed_query(TOKEN, account.now() + 301, "n3")
    for query in (forged, stale, ahead, {}, signed_query(TOKEN, account.now(), "n4") | {"timestamp": "soon"}):
        assert account.client.post("/webhooks/wechat", params=query, content=body).status_code == 403
    genuine = signed_query(TOKEN, account.now(), "n5")
    assert account.call(body, query=genuine).status_code == 200
    assert account.call(account.xml(text="退订"), query=genuine).status_code == 403
    assert [each.text for each in account.street.all(Inbound)] == ["同意"]


def test_an_entity_bomb_and_a_body_of_2_mb_are_refused(account: Account) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><xml><Content>&b;</Content></xml>'
    assert account.call(bomb).status_code == 403
    assert account.call(b"<xml>" + b"x" * 2_000_000 + b"</xml>").status_code == 413
    assert account.call("not xml").status_code == 403
    assert account.call("<xml>" + "<a>" * 200).status_code == 403
    assert account.call("<xml><MsgType>text</MsgType></xml>").status_code == 403
    assert account.street.all(Inbound) == []


def test_three_deliveries_of_one_message_have_one_effect(account: Account) -> None:
    body = account.xml(text="有多少钱", msg_id="42")
    assert [account.call(body).text for _ in range(3)] == ["success"] * 3
    assert len(account.street.all(Inbound)) == 1


@pytest.mark.usefixtures("sealing")
def test_with_a_key_what_comes_sealed_counts_and_what_comes_plain_does_not(account: Account) -> None:
    assert account.call(account.xml(text="退订")).status_code == 403
    assert account.call_sealed(account.xml(text="有多少钱")).text == "success"
    answer = account.call_sealed(account.xml(MsgType="event", Event="subscribe"))
    fields = read_fields(answer.content)
    check_signature(fields["MsgSignature"], TOKEN, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    assert "绑定码" in read_fields(Envelope(AES_KEY, APP_ID).open(fields["Encrypt"]))["Content"]
    assert [each.text for each in account.street.all(Inbound)] == ["有多少钱"]


def test_without_an_account_there_is_no_door(account: Account) -> None:
    account.house.settings.wechat.app_id = ""
    assert account.call(account.xml(text="同意")).status_code == 404
