"""What goes over the wire is what Twilio publishes; what comes that isn't is survived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from models.vocabulary import Direction
from outreach_api.voice import gateway, relay
from outreach_api.voice.relay import SCHEMA, Opened, Partial
from outreach_api.voice.settings import VoiceSettings
from outreach_api.voice.transport import (
    Command,
    Dtmf,
    End,
    Interrupt,
    Language,
    Play,
    Prompt,
    SendDigits,
    Text,
    Transfer,
)
from outreach_api.voice.twiml import Scribe
from sandbox.carrier import twiml

COMMANDS: list[Command] = [
    Language(cantonese=True),
    Text(("您好。", "请问您姓什么？"), interruptible=False),
    Text(("慢慢说。",), slow=True),
    Play("https://example.org/hello.wav"),
    SendDigits("12#"),
]
SCRIBE = Scribe("https://outreach.example.org", VoiceSettings(), ("高龄津贴", "同意"))
TO_TWILIO = Draft202012Validator(SCHEMA | {"$ref": "#/$defs/to_twilio"})


def every_setting() -> Iterator[VoiceSettings]:
    """The settings as they are, and each value that one of them may take."""
    yield VoiceSettings(_env_file=None)
    for name, field in VoiceSettings.model_fields.items():
        for value in get_args(field.annotation):
            if isinstance(value, str):
                yield VoiceSettings(_env_file=None, **{name: value})  # type: ignore[arg-type]


def every_document() -> Iterator[str]:
    """Whatever we may answer Twilio: each order of commands in each voice, for a contact or none, by each setting."""
    beginnings = [COMMANDS[:size] for size in range(len(COMMANDS) + 1)]
    endings: list[list[Command]] = [[], [End("goodbye")], [Transfer("+8675512345", 7)]]
    for settings, hints in product(every_setting(), [(), ("高龄津贴", "同意"), ("很长的名字",) * 200]):
        scribe = Scribe("https://outreach.example.org", settings, hints)
        yield scribe.hang_up()
        for contact, cantonese in product([None, 5], [False, True]):
            yield scribe.relay(contact=contact, cantonese=cantonese)
            for beginning, ending in product(beginnings, endings):
                yield scribe.gather([*beginning, *ending], turn=2, contact=contact, cantonese=cantonese)


def test_all_twiml_is_valid_by_the_vendors_lists() -> None:
    documents = set(every_document())
    tags = {element.tag for document in documents for element in twiml.parse(document).iter()}
    written = {"Response", "Say", "prosody", "break", "Play", "Gather", "Connect", "ConversationRelay", "Language"}
    assert tags == written | {"Parameter", "Dial", "Number", "Hangup"}


def test_what_is_said_stands_in_it() -> None:
    assert "您好" in twiml.words(twiml.parse(SCRIBE.gather(COMMANDS, turn=2, contact=5)))
    with pytest.raises(ValidationError):
        VoiceSettings(_env_file=None, interruptible="sometimes")


@pytest.mark.parametrize("cantonese", [False, True])
def test_the_relay_element_sets_every_attribute_itself(cantonese: bool) -> None:
    root = twiml.parse(SCRIBE.relay(contact=5, cantonese=cantonese))
    element = root[0][0]
    wanted = {
        *("url", "language", "ttsLanguage", "transcriptionLanguage", "ttsProvider", "voice", "transcriptionProvider"),
        *("speechModel", "profanityFilter", "dtmfDetection", "partialPrompts", "welcomeGreetingInterruptible"),
        *("interruptible", "preemptible", "hints", "reportInputDuringAgentSpeech", "interruptSensitivity"),
        *("speechTimeout", "ignoreBackchannel"),
    }
    assert wanted <= set(element.attrib)
    assert element.get("url") == "wss://outreach.example.org/webhooks/twilio/voice/relay"
    assert [child.tag for child in element] == ["Language", "Language", "Parameter"]


def test_the_validator_sees_what_is_wrong() -> None:
    for wrong in (
        "<Response><Shout/></Response>",
        '<Response><Say language="xx">hi</Say></Response>',
        '<Response><Gather input="thought"/></Response>',
        "<Response><Say>",
        "<Respond/>",
    ):
        with pytest.raises((twiml.InvalidTwiml, KeyError)):
            twiml.parse(wrong)


def test_all_socket_messages_fit_the_written_schema() -> None:
    for last in ([End("goodbye")], [Transfer("+8675512345", 7)]):
        messages = relay.write([*COMMANDS, *last], VoiceSettings())
        assert [list(TO_TWILIO.iter_errors(message)) for message in messages] == [[]] * len(messages)
        assert [message["last"] for message in messages if message["type"] == "text"] == [False, False, True]


def test_published_messages_are_read() -> None:
    setup: dict[str, Any] = {"type": "setup", "sessionId": "VX1", "callSid": "CA1", "from": "+8675500", "to": "+86138"}
    read = relay.read(json.dumps(setup | {"direction": "outbound-api", "customParameters": {"contact": "7"}}))
    assert isinstance(read, Opened)
    assert (read.setup.direction, read.setup.number, read.setup.contact_id) == (Direction.OUT, "+86138", 7)
    assert relay.read('{"type":"prompt","voicePrompt":"你好","lang":"cmn","last":true}') == Prompt("你好", "cmn")
    assert relay.read('{"type":"prompt","voicePrompt":"你","last":false}') == Partial("你")
    assert relay.read('{"type":"dtmf","digit":"9"}') == Dtmf("9")
    heard = '{"type":"interrupt","utteranceUntilInterrupt":"您好","durationUntilInterruptMs":"460"}'
    assert relay.read(heard) == Interrupt("您好")


@pytest.mark.parametrize(
    "message",
    ["", "{", "[]", "null", '{"type":"hologram"}', '{"type":"dtmf","digit":"12"}', '{"type":"prompt"}', "x" * 20_000],
)
def test_strange_messages_are_passed_over(message: str) -> None:
    assert relay.read(message) is None
    assert gateway.read(message) is None


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(message: str) -> None:
    assert relay.read(message) is None
    assert gateway.read(message) is None


def test_the_plain_protocol_carries_every_command() -> None:
    kinds = [gateway.write(command)["type"] for command in (*COMMANDS, Transfer("1", 2), End("x"))]
    assert kinds == ["language", "text", "text", "play", "send_digits", "transfer", "end"]
    assert gateway.read('{"type":"silence"}') == Prompt("")
