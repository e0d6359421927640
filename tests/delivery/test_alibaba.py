"""The domestic carrier: the vendor's published signature, its answers, and what it pushes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.contact import Receipt
from models.conversation import Inbound
from models.vocabulary import Cause
from outreach_api.channels.alibaba_text import CAUSES, AlibabaCarrier, short_code, signature
from outreach_api.channels.carrier import Accepted, OutgoingText, Rejected, Unknown
from outreach_api.channels.domestic_settings import AlibabaSettings
from outreach_api.settings import Settings
from outreach_api.web.app import create_app
from sandbox.alibaba.sms import Sms, build_app
from tests.builders import NOON, a_database
from tests.conversations.street import Street
from tests.web.conftest import FakeHouse, TestClient, cards

KEY, SECRET, PUSH = "key-id", "key-secret", "push-secret-7"
TEXT = OutgoingText(7, "+8613800000001", "您好，津贴。", "offer.by_reply", {"policy": "高龄津贴"})


def settings(**values: Any) -> AlibabaSettings:
    given = {
        "access_key_id": KEY,
        "access_key_secret": SECRET,
        "sign_name": "罗湖民政",
        "templates": {"offer.by_reply": "SMS_1", "*": "SMS_2"},
        "push_secret": PUSH,
    }
    return AlibabaSettings(_env_file=None, **(given | values))


def a_carrier(**values: Any) -> tuple[Sms, AlibabaCarrier]:
    sms = Sms(KEY, SECRET, frozenset({"SMS_1", "SMS_2"}))
    there: Any = TestClient(build_app(sms))
    return sms, AlibabaCarrier(settings(**values), lambda: NOON, http=there)


def test_the_vendors_published_example_is_signed_as_it_says() -> None:
    published = {
        "AccessKeyId": "testId",
        "Action": "SendSms",
        "Format": "XML",
        "OutId": "123",
        "PhoneNumbers": "15300000001",
        "RegionId": "cn-hangzhou",
        "SignName": "阿里云短信测试专用",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "45e25e9b-0a6f-4070-8c85-2956eda1b466",
        "SignatureVersion": "1.0",
        "TemplateCode": "SMS_71390007",
        "TemplateParam": '{"customer":"test"}',
        "Timestamp": "2017-07-12T02:42:19Z",
        "Version": "2017-05-25",
    }
    assert signature("GET", published, "testSecret") == "zJDF+Lrzhj/ThnlvIToysFRq6t4="


def test_a_text_goes_as_its_approved_template_with_its_variables() -> None:
    sms, carrier = a_carrier()
    assert carrier.send(TEXT) == Accepted("900000^0")
    (taken,) = sms.taken
    assert (taken["TemplateCode"], taken["PhoneNumbers"], taken["OutId"]) == ("SMS_1", "13800000001", "7")
    assert json.loads(taken["TemplateParam"]) == {"policy": "高龄津贴"}


def test_words_without_a_template_of_their_own_go_in_the_one_for_all_others() -> None:
    sms, carrier = a_carrier()
    carrier.send(OutgoingText(8, "+8613800000001", "要带身份证。", "answer.documents"))
    assert json.loads(sms.taken[0]["TemplateParam"]) == {"content": "要带身份证。"}
    assert not a_carrier(templates={"offer.by_reply": "SMS_1"})[1].carries(OutgoingText(8, "+8613800000001", "", "x"))
    assert not carrier.carries(OutgoingText(8, "+85251234567", "", "offer.by_reply"))


@pytest.mark.parametrize("code", CAUSES)
def test_every_refusal_of_the_table_is_a_refusal(code: str) -> None:
    sms, carrier = a_carrier()
    sms.next_codes = [code]
    cause, retry = CAUSES[code]
    assert carrier.send(TEXT) == Rejected(cause, short_code(code), retry)
    assert len(short_code(code)) <= 16


def test_a_system_fault_is_unknown_and_a_wrong_secret_the_accounts_fault() -> None:
    sms, carrier = a_carrier()
    sms.next_codes = ["isp.SYSTEM_ERROR"]
    assert isinstance(carrier.send(TEXT), Unknown)
    refused = a_carrier(access_key_secret="another")[1].send(TEXT)
    assert isinstance(refused, Rejected)
    assert refused.cause is Cause.ACCOUNT


@pytest.mark.parametrize(("fault", "sent"), [(httpx.ReadTimeout, Unknown), (httpx.ConnectError, Rejected)])
def test_only_without_a_connection_it_is_known_not_to_be_sent(fault: type[Exception], sent: type) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise fault("cut")

    http = httpx.Client(base_url="https://sms.example", transport=httpx.MockTransport(fail))
    assert isinstance(AlibabaCarrier(settings(), lambda: NOON, http=http).send(TEXT), sent)
    http.close()


# What is pushed


@pytest.fixture
def desk(tmp_path: Path) -> Any:
    sessions = a_database(f"sqlite:///{tmp_path}/sms.db")
    street = Street(sessions, cards())
    house = FakeHouse(sessions, Settings(_env_file=None, home=tmp_path, alibaba=settings()), clock=street.clock)
    with TestClient(create_app(house, wall_clock=street.clock)) as client:
        yield street, client
    sessions.engine.dispose()


def test_receipts_are_kept_with_our_contact(desk: Any) -> None:
    street, client = desk
    sms, carrier = a_carrier()
    carrier.send(TEXT)
    answer = client.post(f"/webhooks/alibaba/{PUSH}/receipts", content=sms.receipts())
    assert answer.json()["code"] == 0
    (kept,) = street.all(Receipt)
    assert (kept.contact_id, kept.provider, kept.provider_ref, kept.status) == (7, "alibaba", "900000^0", "delivered")


def test_an_inbound_text_pushed_again_is_one_and_joins_the_talk(desk: Any) -> None:
    street, client = desk
    chen = street.a_resident()
    entry = {"phone_number": "13800000001", "content": "同意", "sequence_id": "42", "dest_code": "10690"}
    for _ in range(2):
        assert client.post(f"/webhooks/alibaba/{PUSH}/inbound", json=[entry]).json()["code"] == 0
    assert len(street.all(Inbound)) == 1
    street.answer()
    assert len(street.consents) == 1
    assert street.consents[0].resident_id == chen.resident_id


def test_nobody_else_may_push_and_nonsense_is_refused(desk: Any) -> None:
    street, client = desk
    assert client.post("/webhooks/alibaba/guessed/inbound", json=[]).status_code == 404
    here = f"/webhooks/alibaba/{PUSH}/inbound"
    assert client.post(here, content="not json").status_code == 400
    assert client.post(here, json={"phone_number": "1"}).status_code == 400
    assert client.post(here, json=[{"phone_number": "abc", "sequence_id": "1"}]).status_code == 400
    assert client.post(here, content=b"[" + b" " * 2_000_000 + b"]").status_code == 413
    assert street.all(Inbound) == []
