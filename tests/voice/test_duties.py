"""What a call owes its carrier and its resident, whatever goes wrong: caps, stops, signatures, broken lines."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from models.contact import Contact
from models.vocabulary import Cause, Channel, ContactState, MatchState, StopReason
from outreach_api.channels.carrier import OutgoingText, Rejected
from outreach_api.voice.recall import call_off_stopped
from outreach_api.voice.settings import Transport
from outreach_api.voice.twiml import PATH, SOCKET
from sandbox.carrier import twiml
from sandbox.carrier.calls import CallStatus
from sandbox.carrier.faults import FaultRates
from sandbox.carrier.listening import HangUp, LineBreaks, Press
from sandbox.carrier.signature import sign
from sandbox.carrier.switchboard import Answer
from scheduler.planning.stops import StopScope, place_stop
from tests.voice.lab import ME, Lab, Script

pytestmark = pytest.mark.rasa
HOOKS = ("answer", "turn", "relay-ended", "dialled", "status")
RINGING = timedelta(seconds=3)


def token(lab: Lab) -> str:
    return lab.house.settings.twilio_auth_token.get_secret_value()


def post(lab: Lab, hook: str, form: dict[str, str], *, query: str = "", signed: bool = True) -> httpx.Response:
    url = f"{lab.house.settings.public_url}{PATH}/{hook}{query}"
    headers = {"X-Twilio-Signature": sign(token(lab), url, form) if signed else "made up"}
    return httpx.post(url, data=form, headers=headers, trust_env=False)


def ring(lab: Lab) -> tuple[int, str, Script]:
    """Place a call and let it ring, no more: the contact, the number and who would pick up."""
    lab.into_contact_hours()
    resident_id, number, matches = lab.a_resident()
    contact_id = lab.plan_call(resident_id, number, matches)
    script = Script([HangUp()])
    lab.answers[number] = Answer(listener=script)
    lab.house.work()
    lab.clock.set(lab.clock.now() + RINGING)
    lab.outside.timeline.advance(lab.clock.now())
    return contact_id, number, script


def stop(lab: Lab, contact_id: int) -> None:
    contact: Contact = lab.one(Contact, Contact.id == contact_id)
    with lab.house.sessions.write() as session:
        scope = StopScope(contact.resident_id, contact.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="staff:1", message_id=None, now=lab.clock.now())


class DeafCarrier:
    def call_off(self, provider_ref: str) -> bool:
        return False


# Stops


def test_a_stop_calls_off_what_rings(lab: Lab) -> None:
    contact_id, number, script = ring(lab)
    stop(lab, contact_id)
    lab.house.work()
    [call] = lab.outside.switchboard.calls(lambda call: call.to == number)
    assert call.status is CallStatus.CANCELED
    lab.settle()
    assert script.heard == []
    assert lab.one(Contact, Contact.id == contact_id).state is ContactState.NO_ANSWER


def test_a_carrier_that_does_not_listen_is_asked_again_and_the_call_then_says_nothing(lab: Lab) -> None:
    contact_id, _, script = ring(lab)
    stop(lab, contact_id)
    for _ in range(2):
        rings_for = timedelta(minutes=1)
        assert call_off_stopped(lab.house.sessions, DeafCarrier(), rings_for=rings_for, now=lab.clock.now()) == 0
    assert lab.one(Contact, Contact.id == contact_id).refusal is None
    # Picked up before anybody was told: the first word is an end.
    lab.clock.set(lab.clock.now() + timedelta(seconds=20))
    lab.outside.timeline.advance(lab.clock.now())
    assert "".join(script.heard) == ""
    lab.settle()


def test_a_call_that_was_taken_is_not_cut_off_by_a_stop_elsewhere(lab: Lab) -> None:
    talked = lab.call(ME, HangUp())
    assert talked.contact_id is not None
    with lab.house.sessions.write() as session:
        session.get_one(Contact, talked.contact_id).state = ContactState.ACCEPTED
    stop(lab, talked.contact_id)
    rings_for = timedelta(minutes=5)
    assert call_off_stopped(lab.house.sessions, DeafCarrier(), rings_for=rings_for, now=lab.clock.now()) == 0
    assert lab.one(Contact, Contact.id == talked.contact_id).refusal is None
    with lab.house.sessions.write() as session:
        session.get_one(Contact, talked.contact_id).state = ContactState.ANSWERED


# Signatures


@pytest.mark.parametrize("hook", HOOKS)
def test_an_unsigned_request_is_refused_and_changes_nothing(lab: Lab, hook: str) -> None:
    form = {"CallSid": "CA" + "0" * 32, "CallStatus": "completed", "From": "+8613900000000", "SpeechResult": "同意"}
    assert post(lab, hook, form, signed=False).status_code == httpx.codes.FORBIDDEN


def test_another_contact_cannot_be_put_into_a_signed_request(lab: Lab) -> None:
    form = {"CallSid": "CA" + "1" * 32, "CallStatus": "completed"}
    signed = sign(token(lab), f"{lab.house.settings.public_url}{PATH}/status?contact=1", form)
    url = f"{lab.house.settings.public_url}{PATH}/status?contact=2"
    answer = httpx.post(url, data=form, headers={"X-Twilio-Signature": signed}, trust_env=False)
    assert answer.status_code == httpx.codes.FORBIDDEN


def relay_url(lab: Lab) -> str:
    return lab.house.settings.public_url.replace("http", "ws", 1) + SOCKET


@pytest.mark.parametrize("signature", [{}, {"X-Twilio-Signature": "made up"}])
def test_an_unsigned_socket_is_refused(lab: Lab, signature: dict[str, str]) -> None:
    with (
        pytest.raises((InvalidStatus, ConnectionClosed)),
        connect(relay_url(lab), additional_headers=signature, proxy=None) as socket,
    ):
        socket.recv(timeout=10)


# Malformed input


def test_garbage_on_the_socket_is_passed_over_and_the_call_goes_on(lab: Lab) -> None:
    setup = a_setup(lab, "CA" + "9" * 32)
    with connect(relay_url(lab), additional_headers=signature(lab), proxy=None) as socket:
        for junk in ("{", b"\x00\x01", '{"type":"hologram"}', "[]"):
            socket.send(junk)
        socket.send(json.dumps(setup))
        assert "姓什么" in _until_last(socket)
        for junk in ('{"type":"dtmf","digit":"99"}', '{"type":"prompt"}', b"\xff", "x" * 20_000):
            socket.send(junk)
        socket.send(json.dumps({"type": "prompt", "voicePrompt": ME, "lang": "cmn-Hans-CN", "last": True}))
        assert "高龄津贴" in _until_last(socket)


def a_setup(lab: Lab, call: str) -> dict[str, Any]:
    lab.into_contact_hours()
    who = lab.a_resident()
    contact_id = lab.plan_call(*who)
    setup = {"type": "setup", "sessionId": "VX9", "callSid": call, "from": "+8675525550100", "to": who[1]}
    return {**setup, "direction": "outbound-api", "customParameters": {"contact": str(contact_id)}}


def signature(lab: Lab) -> dict[str, str]:
    return {"X-Twilio-Signature": sign(token(lab), relay_url(lab), {})}


def _messages(socket: Any) -> list[dict[str, Any]]:
    """What is said up to the end of a turn."""
    said: list[dict[str, Any]] = []
    while not said or not said[-1].get("last"):
        said.append(json.loads(socket.recv(timeout=60)))
    return said


def _until_last(socket: Any) -> str:
    return "".join(str(message.get("token", "")) for message in _messages(socket))


@pytest.mark.parametrize(
    ("hook", "query", "form", "status"),
    [
        ("turn", "?turn=0", {"CallSid": "CA" + "2" * 32, "SpeechResult": "喂"}, 200),
        ("turn", "?turn=many", {"CallSid": "CA" + "2" * 32}, 422),
        ("answer", "?contact=one", {"CallSid": "CA" + "3" * 32}, 400),
        ("answer", "", {}, 400),
        ("relay-ended", "", {"CallSid": "CA" + "4" * 32, "HandoffData": "{not json", "SessionStatus": "ended"}, 200),
        ("status", "", {"CallSid": "CA" + "5" * 32}, 400),
        ("status", "", {"CallSid": "CA" + "5" * 32, "CallStatus": "levitating"}, 204),
    ],
)
def test_strange_requests_are_answered_and_break_nothing(
    lab: Lab, hook: str, query: str, form: dict[str, str], status: int
) -> None:
    answer = post(lab, hook, form, query=query)
    assert answer.status_code == status
    if status == httpx.codes.OK:
        assert "<Hangup" in answer.text


# The opening


def test_the_first_words_of_a_relay_cannot_be_interrupted_and_the_keys_can(lab: Lab) -> None:
    with connect(relay_url(lab), additional_headers=signature(lab), proxy=None) as socket:
        socket.send(json.dumps(a_setup(lab, "CA" + "7" * 32)))
        said = _messages(socket)
    identity = next(place for place, message in enumerate(said) if "姓什么" in message["token"])
    assert [message["interruptible"] for message in said[: identity + 1]] == [False] * (identity + 1)
    assert all(message["interruptible"] for message in said[identity + 1 :])


def test_the_first_words_of_a_turn_are_said_before_anything_is_listened_for(lab: Lab) -> None:
    lab.use(Transport.GATHER)
    lab.into_contact_hours()
    who = lab.a_resident()
    form = {"CallSid": "CA" + "8" * 32, "To": who[1], "From": "+8675525550100"}
    root = twiml.parse(post(lab, "answer", form, query=f"?contact={lab.plan_call(*who)}").text)
    assert [element.tag for element in root] == ["Say", "Gather"]
    assert "姓什么" in twiml.words(root[0])
    assert "请按0" in twiml.words(root[1])


def test_whom_an_agent_has_spoken_with_is_told_nothing_more(lab: Lab) -> None:
    lab.use(Transport.GATHER)
    talked = lab.call(ME, HangUp())
    form = {"CallSid": talked.call.provider_ref, "DialCallStatus": "completed"}
    root = twiml.parse(post(lab, "dialled", form, query="?case=1").text)
    assert [element.tag for element in root] == ["Hangup"]


# Receipts


def test_repeated_and_reordered_receipts_change_nothing_that_a_later_one_said(lab: Lab) -> None:
    lab.use(Transport.GATHER)
    talked = lab.call(ME, HangUp())
    assert talked.contact.state is ContactState.ANSWERED
    form = {"CallSid": talked.call.provider_ref}
    for status in ("completed", "ringing", "no-answer", "initiated", "completed"):
        answered = post(lab, "status", form | {"CallStatus": status}, query=f"?contact={talked.contact_id}")
        assert answered.status_code == httpx.codes.NO_CONTENT
    lab.settle()
    assert talked.contact.state is ContactState.ANSWERED


def test_a_turn_that_comes_twice_is_heard_once(lab: Lab) -> None:
    lab.use(Transport.GATHER)
    lab.into_contact_hours()
    who = lab.a_resident()
    contact_id = lab.plan_call(*who)
    form = {"CallSid": "CA" + "6" * 32, "To": who[1], "From": "+8675525550100"}
    post(lab, "answer", form, query=f"?contact={contact_id}")
    first, again = (post(lab, "turn", form | {"SpeechResult": ME}, query=f"?contact={contact_id}&turn=0") for _ in "12")
    assert "高龄津贴" in first.text
    assert "高龄津贴" in again.text
    assert len([line for line in lab.all_inbound("CA" + "6" * 32) if line == ME]) == 1


# What is unknown


def test_a_call_whose_answer_was_lost_is_found_in_the_carriers_list_and_not_placed_again(lab: Lab) -> None:
    lab.into_contact_hours()
    resident_id, number, matches = lab.a_resident()
    contact_id = lab.plan_call(resident_id, number, matches)
    lab.answers[number] = Answer(CallStatus.BUSY)
    lab.outside.exchange.rates = FaultRates(error_after_accept=1)
    try:
        lab.house.work()
    finally:
        lab.outside.exchange.rates = FaultRates()
    assert lab.one(Contact, Contact.id == contact_id).state is ContactState.UNKNOWN
    # No receipt: the world stands still, and only our own clock goes on.
    lab.clock.set(lab.clock.now() + timedelta(minutes=2))
    lab.house.work()
    found: Contact = lab.one(Contact, Contact.id == contact_id)
    assert (found.state, found.provider) == (ContactState.ACCEPTED, "twilio_voice")
    lab.settle()
    assert lab.one(Contact, Contact.id == contact_id).state is ContactState.BUSY
    assert len(lab.outside.switchboard.calls(lambda call: call.to == number)) == 1


# Broken lines


def test_a_relay_that_breaks_is_connected_anew_and_at_the_second_break_the_call_goes_on_by_turns(lab: Lab) -> None:
    lab.use(Transport.RELAY)
    talked = lab.call(ME, LineBreaks(), LineBreaks(), Press("1"), "没有了")
    assert talked.all.count("断了一下") == 2
    assert talked.all.count("姓什么") == 1
    assert talked.state() is MatchState.APPLIED_BY_REPLY
    assert len(talked.consents) == 1
    assert "再见" in talked.heard[-1]


# Caps


def test_a_country_that_is_not_on_the_list_is_not_called(lab: Lab) -> None:
    carrier = lab.house.carriers[Channel.VOICE]
    assert carrier.send(OutgoingText(1, "+85291234567", "", "call.opening")) == Rejected(Cause.REGION_NOT_ALLOWED)


def test_a_call_that_lasts_too_long_is_ended_kindly(lab: Lab) -> None:
    longest = lab.house.settings.voice.longest_call_seconds
    lab.house.settings.voice.longest_call_seconds = 59
    try:
        talked = lab.call(ME)
    finally:
        lab.house.settings.voice.longest_call_seconds = longest
    assert "再见" in talked.heard[-1]
    assert talked.call.ended_because == "completed"
