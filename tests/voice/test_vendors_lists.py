"""What the sandbox takes for TwiML is what the vendor's own library lists: no element or attribute of our making."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import get_args

import pytest
from twilio.twiml import voice_response as vendor

from outreach_api.voice.settings import VoiceSettings
from sandbox.carrier.twiml import RULES

SENSITIVITY = "interrupt_sensitivity"

# Where the library writes each element, and so names its attributes.
WRITTEN_BY: dict[str, Callable[..., object]] = {
    "Say": vendor.VoiceResponse.say,
    "prosody": vendor.Say.prosody,
    "break": vendor.Say.break_,
    "Pause": vendor.VoiceResponse.pause,
    "Play": vendor.VoiceResponse.play,
    "Gather": vendor.VoiceResponse.gather,
    "Connect": vendor.VoiceResponse.connect,
    "ConversationRelay": vendor.Connect.conversation_relay,
    "Language": vendor.ConversationRelay.language,
    "Parameter": vendor.ConversationRelay.parameter,
    "Dial": vendor.VoiceResponse.dial,
    "Number": vendor.Dial.number,
    "Hangup": vendor.VoiceResponse.hangup,
    "Redirect": vendor.VoiceResponse.redirect,
    "Reject": vendor.VoiceResponse.reject,
}
MADE_BY = {"Response": vendor.VoiceResponse, "Say": vendor.Say, "Gather": vendor.Gather, "Connect": vendor.Connect}
MADE_BY |= {"ConversationRelay": vendor.ConversationRelay, "Dial": vendor.Dial}


# What the library says of values, in the words that stand beside an attribute.
NAMED_VALUES = re.compile(r"available values: (?P<list>[^\n]+)|value can be (?P<choice>[^\n.]+)")


def values_named(element: str, attribute: str) -> set[str]:
    """The values that the library's description of an attribute lists; none where it lists none."""
    described = re.search(rf":param {attribute}: ([^\n]+)", inspect.getdoc(WRITTEN_BY[element]) or "")
    named = NAMED_VALUES.search(described[1]) if described else None
    return set(re.split(r",? or |, ", named["list"] or named["choice"])) if named else set()


@pytest.mark.parametrize(
    ("element", "attribute", "ours"),
    [
        (
            "ConversationRelay",
            "interrupt_sensitivity",
            set(get_args(VoiceSettings.model_fields[SENSITIVITY].annotation)),
        ),
        ("ConversationRelay", "interrupt_sensitivity", set(RULES["ConversationRelay"]["interruptSensitivity"])),
    ],
)
def test_values_are_those_that_the_library_names(element: str, attribute: str, ours: set[str]) -> None:
    assert values_named(element, attribute) == ours


def test_a_pace_is_one_that_the_library_names() -> None:
    """n%: any percentage."""
    assert "n%" in values_named("prosody", "rate")


def camel(name: str) -> str:
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in rest)


def attributes_of(element: str) -> set[str]:
    return {camel(name) for name in inspect.signature(WRITTEN_BY[element]).parameters} - {"self", "kwargs"}


def test_every_element_but_the_first_is_one_that_the_library_writes() -> None:
    assert set(RULES) == {"Response", *WRITTEN_BY}


@pytest.mark.parametrize("element", WRITTEN_BY)
def test_every_attribute_is_one_of_the_librarys(element: str) -> None:
    assert set(RULES[element]) - {"nest", "text"} <= attributes_of(element)


@pytest.mark.parametrize("element", MADE_BY)
def test_every_element_stands_where_the_library_can_put_it(element: str) -> None:
    writers = {name.rstrip("_") for name in dir(MADE_BY[element])}
    nested = {"conversation_relay" if tag == "ConversationRelay" else tag.lower() for tag in RULES[element]["nest"]}
    assert nested <= writers
