"""The carrier, as Twilio's own SDK meets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.sandbox.conftest import ACCOUNT, HOUSE, TOKEN, Loopback, Sandbox

ANYONE = "+8613912345678"
LATER = "2026-03-02T10:10:00+08:00"
Person = Callable[..., dict[str, Any]]


def test_a_created_message_reads_back_through_the_sdk(sandbox: Sandbox) -> None:
    created = sandbox.text(ANYONE, "您好,这里是街道。")
    assert (created.status, created.direction, created.to, created.from_) == ("queued", "outbound-api", ANYONE, HOUSE)
    assert created.date_created == datetime(2026, 3, 2, 2, tzinfo=UTC)
    sandbox.clock(LATER)
    fetched = sandbox.twilio.messages(created.sid).fetch()
    assert (fetched.status, fetched.body, fetched.error_code) == ("delivered", "您好,这里是街道。", None)


def test_listing_pages_through_everything_newest_first(sandbox: Sandbox) -> None:
    sids = [sandbox.text(f"+86139123456{number:02}").sid for number in range(7)]
    listed = [message.sid for message in sandbox.twilio.messages.list(page_size=3)]
    assert sorted(listed) == sorted(sids)
    assert listed[0] == sids[-1]


def test_listing_filters_by_number_and_by_time_sent(sandbox: Sandbox) -> None:
    first = sandbox.text(ANYONE).sid
    sandbox.clock("2026-03-04T10:00:00+08:00")
    second = sandbox.text("+8613912345679").sid

    def listed(**filters: Any) -> list[str]:
        return [message.sid for message in sandbox.twilio.messages.list(**filters)]

    assert listed(to=ANYONE) == [first]
    assert listed(date_sent_after=datetime(2026, 3, 3, tzinfo=UTC)) == [second]
    assert listed(date_sent_before=datetime(2026, 3, 3, tzinfo=UTC)) == [first]
    assert listed(date_sent=datetime(2026, 3, 2, 2, 0, 5, tzinfo=UTC)) == [first]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"to": "13912345678"}, 400, 21211),
        ({"body": " "}, 400, 21602),
        ({"body": "长" * 1601}, 400, 21617),
        ({"from_": None}, 400, 21603),
    ],
)
def test_faulty_requests_get_twilios_codes(sandbox: Sandbox, changes: dict[str, Any], status: int, code: int) -> None:
    request = {"to": ANYONE, "from_": HOUSE, "body": "您好"} | changes
    with pytest.raises(TwilioRestException) as refused:
        sandbox.twilio.messages.create(**request)
    assert (refused.value.status, refused.value.code) == (status, code)


def test_a_wrong_token_is_refused(sandbox: Sandbox) -> None:
    wire = Loopback(sandbox.url)
    with pytest.raises(TwilioRestException) as refused:
        Client(ACCOUNT, "wrong", http_client=wire).messages.create(to=ANYONE, from_=HOUSE, body="您好")
    wire.close()
    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_an_unknown_message_is_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(TwilioRestException) as refused:
        sandbox.twilio.messages("SM" + "0" * 32).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)


@pytest.mark.parametrize(("line", "code"), [("switched_off", 30003), ("unknown", 30005), ("filtered", 30007)])
def test_dead_lines_are_reported_undelivered(sandbox: Sandbox, a_person: Person, line: str, code: int) -> None:
    number = "+8613800138001"
    sandbox.put_world(a_person(phones=[{"number": number, "line": line, "holder": "self"}]))
    created = sandbox.text(number)
    sandbox.clock(LATER)
    assert sandbox.twilio.messages(created.sid).fetch().error_code == code
    receipts = sandbox.product.forms("/webhooks/twilio/status")
    assert [(form["MessageStatus"], form.get("ErrorCode")) for form in receipts] == [
        ("sent", None),
        ("undelivered", str(code)),
    ]


def test_landlines_fail_at_once_or_on_delivery(sandbox: Sandbox, a_person: Person) -> None:
    known, unknown = "+8675522000002", "+8675522000003"
    lines = [{"number": number, "line": "landline", "holder": "self"} for number in (known, unknown)]
    sandbox.put_world(a_person(phones=lines))
    with pytest.raises(TwilioRestException) as refused:
        sandbox.text(known)
    assert refused.value.code == 21614
    created = sandbox.text(unknown)
    sandbox.clock(LATER)
    assert sandbox.twilio.messages(created.sid).fetch().error_code == 30006


def test_the_carriers_own_stop_word_blocks_later_sends(sandbox: Sandbox, a_person: Person) -> None:
    number = "+8613800138001"
    sandbox.put_world(a_person(phones=[{"number": number, "line": "opted_out", "holder": "self"}]))
    with pytest.raises(TwilioRestException) as refused:
        sandbox.text(number)
    assert (refused.value.status, refused.value.code) == (400, 21610)
    assert sandbox.ledger()["creates"][0]["accepted"] is False


def test_webhooks_carry_a_signature_that_twilios_validator_accepts(sandbox: Sandbox, a_person: Person) -> None:
    sandbox.put_world(a_person(persona="needs_visit"))
    sandbox.text("+8613800138001", "您好,您可以申领高龄津贴。")
    sandbox.clock("2026-03-06T10:00:00+08:00")
    validator = RequestValidator(TOKEN)
    kinds = set()
    for path, url, form, headers in sandbox.product.calls:
        assert validator.validate(url, form, headers["X-Twilio-Signature"])
        assert not validator.validate(url, form | {"Body": "改过"}, headers["X-Twilio-Signature"])
        kinds.add(path.rsplit("/", 1)[-1])
    assert kinds == {"status", "inbound"}


def test_a_time_out_after_acceptance_leaves_the_caller_without_an_answer(sandbox: Sandbox) -> None:
    sandbox.faults(timeout_after_accept=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        sandbox.text(ANYONE, contact="77")
    sandbox.clock(LATER)
    assert len(sandbox.twilio.messages.list(to=ANYONE)) == 1
    assert {receipt["contact"] for receipt in sandbox.ledger()["receipts"]} == {"77"}


@pytest.mark.parametrize(
    ("fault", "status", "listed"),
    [("error_before_accept", 500, 0), ("error_after_accept", 503, 1), ("rate_limited", 429, 0)],
)
def test_error_answers_before_and_after_acceptance(sandbox: Sandbox, fault: str, status: int, listed: int) -> None:
    sandbox.faults(**{fault: 1})
    with pytest.raises(TwilioRestException) as refused:
        sandbox.text(ANYONE)
    assert refused.value.status == status
    assert len(sandbox.twilio.messages.list(to=ANYONE)) == listed
    assert [create["accepted"] for create in sandbox.ledger()["creates"]] == [bool(listed)]


def _receipts(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(receipt["status"], receipt["at"]) for receipt in sandbox.ledger()["receipts"]]


def test_receipts_can_come_twice_out_of_order_and_late(sandbox: Sandbox) -> None:
    sandbox.text(ANYONE)
    sandbox.clock(LATER)
    assert [status for status, _ in _receipts(sandbox)] == ["sent", "delivered"]

    sandbox.put_world()
    sandbox.faults(duplicate_receipt=1)
    sandbox.text(ANYONE)
    sandbox.clock(LATER)
    assert sorted(status for status, _ in _receipts(sandbox)) == ["delivered", "delivered", "sent", "sent"]

    sandbox.put_world()
    sandbox.faults(reordered_receipt=1)
    sandbox.text(ANYONE)
    sandbox.clock(LATER)
    assert [status for status, _ in _receipts(sandbox)] == ["delivered", "sent"]

    sandbox.put_world()
    sandbox.faults(late_receipt=1)
    sandbox.text(ANYONE)
    sandbox.clock(LATER)
    assert [status for status, _ in _receipts(sandbox)] == ["sent"]
    sandbox.clock("2026-03-02T14:00:00+08:00")
    assert [status for status, _ in _receipts(sandbox)] == ["sent", "delivered"]


def test_a_webhook_answered_with_5xx_is_tried_once_more(sandbox: Sandbox) -> None:
    sandbox.product.answers.extend([503, 204])
    sandbox.text(ANYONE)
    sandbox.clock(LATER)
    tries = [(receipt["status"], receipt["attempt"], receipt["answer"]) for receipt in sandbox.ledger()["receipts"]]
    assert ("sent", 1, 503) in tries
    assert ("sent", 2, 204) in tries
    assert len(tries) == 3


def test_the_clock_delivers_what_is_due_and_says_what_comes_next(sandbox: Sandbox) -> None:
    sandbox.text(ANYONE)
    step = sandbox.clock("2026-03-02T10:00:05+08:00")
    assert (step["now"], step["delivered"]) == ("2026-03-02T02:00:05Z", 1)
    assert step["next_at"] in {f"2026-03-02T02:{end}Z" for end in ("00:15", "00:30", "02:00")}
    assert sandbox.clock("2026-03-01T10:00:00+08:00")["now"] == "2026-03-02T02:00:05Z"
    assert sandbox.http.put("/_sandbox/clock", json={"now": "2026-03-02T10:00:00"}).status_code == 422
