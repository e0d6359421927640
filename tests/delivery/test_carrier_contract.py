"""What the sender relies on, asked of the fake and of the Twilio adapter against the sandbox's wire alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from models.vocabulary import Cause, ContactState
from outreach_api.channels.carrier import Accepted, Listing, OutgoingText, Rejected, SendResult, TextCarrier, Unknown
from outreach_api.channels.twilio_text import TwilioCarrier
from tests.delivery.fakes import FakeCarrier
from tests.sandbox.conftest import ACCOUNT, HOUSE, MORNING, TOKEN, Sandbox

PersonOn = Callable[[str, str], dict[str, object]]
NOW = datetime.fromisoformat(MORNING)
HOUR = timedelta(hours=1)
MOBILE, LANDLINE, OPTED_OUT = "+8613800138001", "+867552222220", "+8613800138009"


@dataclass
class Line:
    carrier: TextCarrier
    fail_next: Callable[[str], None]

    def send(self, to: str = MOBILE, contact_id: int = 7, text: str = "您好，高龄津贴可以领了。") -> SendResult:
        return self.carrier.send(OutgoingText(contact_id, to, text, "offer"))

    def listing(self) -> Listing:
        return self.carrier.sent_between(NOW - HOUR, NOW + HOUR)


@pytest.fixture
def fake_line() -> Line:
    carrier = FakeCarrier(lambda: NOW)
    scripted = {"error_before_accept": "timeout_before_accept", "error_after_accept": "timeout_after_accept"}
    return Line(carrier, lambda fault: carrier.script.append(scripted.get(fault, fault)))


@pytest.fixture
def wire_line(sandbox: Sandbox, a_person_on: PersonOn) -> Iterator[Line]:
    lines = {LANDLINE: "landline", OPTED_OUT: "opted_out", MOBILE: "mobile"}
    sandbox.put_world(*(a_person_on(number, line) for number, line in lines.items()))
    carrier = TwilioCarrier(
        ACCOUNT, TOKEN, HOUSE, public_url="https://outreach.example", base_url=sandbox.url, timeout_seconds=5
    )

    def fail_next(fault: str) -> None:
        if fault in ("timeout_after_accept", "error_before_accept", "error_after_accept", "rate_limited"):
            sandbox.faults(**{fault: 1.0})

    yield Line(carrier, fail_next)
    carrier.close()


@pytest.fixture
def a_person_on() -> PersonOn:
    def build(number: str, line: str) -> dict[str, object]:
        return {
            "id": number,
            "name": "陈桂兰",
            "gender": "女",
            "id_number": "440303195304120026",
            "birth_month": "1953-04",
            "phones": [{"number": number, "line": line, "holder": "self"}],
            "persona": "silent",
            "policies": ["elderly-allowance"],
            "seed": 11,
        }

    return build


@pytest.fixture(params=["fake", "wire"])
def line(request: pytest.FixtureRequest) -> Line:
    found: Line = request.getfixturevalue(f"{request.param}_line")
    return found


def test_an_accepted_text_has_a_reference_and_is_listed_as_it_was_sent(line: Line) -> None:
    result = line.send()
    listing = line.listing()
    assert isinstance(result, Accepted)
    assert listing.complete
    (listed,) = listing.messages
    assert (listed.provider_ref, listed.to, listed.text, listed.state) == (
        result.provider_ref,
        MOBILE,
        "您好，高龄津贴可以领了。",
        ContactState.ACCEPTED,
    )


@pytest.mark.parametrize("fault", ["timeout_after_accept", "error_after_accept"])
def test_a_text_taken_but_not_answered_for_is_unknown_and_listed(line: Line, fault: str) -> None:
    line.fail_next(fault)
    assert isinstance(line.send(), Unknown)
    assert len(line.listing().messages) == 1


def test_an_error_before_acceptance_is_unknown_too_but_not_listed(line: Line) -> None:
    line.fail_next("error_before_accept")
    assert isinstance(line.send(), Unknown)
    assert line.listing().messages == []


def test_too_many_requests_is_a_refusal_that_says_when_to_come_back(line: Line) -> None:
    line.fail_next("rate_limited")
    result = line.send()
    assert isinstance(result, Rejected)
    assert result.cause is Cause.RATE_LIMITED
    assert result.retry_after_seconds
    assert line.listing().messages == []


@pytest.mark.parametrize(
    ("fault", "to", "cause"),
    [("landline", LANDLINE, Cause.LANDLINE), ("opted_out", OPTED_OUT, Cause.OPTED_OUT_AT_CARRIER)],
)
def test_a_refusal_names_its_cause_and_the_vendors_code(line: Line, fault: str, to: str, cause: Cause) -> None:
    line.fail_next(fault)
    result = line.send(to)
    assert isinstance(result, Rejected)
    assert result.cause is cause
    assert result.vendor_code
    assert result.retry_after_seconds is None


def test_the_listing_keeps_to_its_window(line: Line) -> None:
    line.send()
    assert line.carrier.sent_between(NOW - 2 * HOUR, NOW - HOUR).messages == []


def test_the_callback_names_the_contact(sandbox: Sandbox, wire_line: Line) -> None:
    wire_line.send(contact_id=4711)
    (create,) = sandbox.ledger()["creates"]
    assert create["contact"] == "4711"


def test_a_long_listing_is_read_page_by_page(
    sandbox: Sandbox, wire_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach_api.channels.twilio_text.PAGE_SIZE", 2)
    sent = [wire_line.send(contact_id=number) for number in range(1, 6)]
    listing = wire_line.listing()
    assert listing.complete
    assert {Accepted(message.provider_ref) for message in listing.messages} == set(sent)
