"""One call, from the first TwiML to its end: verbs are carried out in order, as the vendor does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from sandbox.carrier import twiml
from sandbox.carrier.listening import Act, BargeIn, HangUp, Listener, Press, Say, Silent, Waiting

MOST_DOCUMENTS = 60
SECONDS_A_CHARACTER = 0.28
RELAY_FAILED = "64105"

Fetch = Callable[[str, Mapping[str, str]], str | None]
"""Post a form to a URL; the TwiML that came back, or None when nobody answered."""
Relay = Callable[[ET.Element, "Line"], "RelayEnd"]


@dataclass(frozen=True, slots=True)
class RelayEnd:
    """How a ConversationRelay session came to its end."""

    status: str
    """`ended` by us, `completed` when the caller hung up, `failed` when the socket broke."""
    handoff: str = ""
    error: str = ""


SPOKEN = frozenset({"SpeechResult", "Digits"})
"""Fields of a request that brings what the other end said or pressed."""


@dataclass
class Line:
    """Everything said and done during one call, in order."""

    listener: Listener
    fetch: Fetch
    relay: Relay
    dial: Callable[[str], str] = lambda _number: "no-answer"
    fallback_url: str | None = None
    heard: list[str] = field(default_factory=list)
    """What the assistant said."""
    said: list[str] = field(default_factory=list)
    """What the other end said or pressed."""
    unanswered: int = 0
    """How many of those turns nobody answered: the last, after which the line went dead."""
    faults: list[str] = field(default_factory=list)
    hung_up: bool = False
    _unheard: list[str] = field(default_factory=list)
    _documents: int = 0

    def run(self, url: str, form: Mapping[str, str]) -> None:
        """Carry out the call until somebody hangs up."""
        following: tuple[str, Mapping[str, str]] | None = (url, form)
        while following is not None and not self.hung_up and self._documents < MOST_DOCUMENTS:
            self._documents += 1
            document = self.fetch(*following)
            self.unanswered += document is None and bool(SPOKEN & following[1].keys())
            if document is None and self.fallback_url:
                document = self.fetch(self.fallback_url, {"ErrorCode": "11200", "ErrorUrl": following[0]})
            if document is None:
                self.faults.append("no answer")
                return
            try:
                root = twiml.parse(document)
            except twiml.InvalidTwiml as fault:
                self.faults.append(str(fault))
                return
            following = self._carry_out(root)

    def speak(self, text: str) -> None:
        if text:
            self.heard.append(text)
            self._unheard.append(text)

    def ask_listener(self) -> Act:
        """Let them hear what was said since they last did something."""
        said, self._unheard = "".join(self._unheard), []
        act = self.listener.hear(said)
        match act:
            case Say(text) | BargeIn(_, text):
                self.said.append(text)
            case Press(digit):
                self.said.append(f"[{digit}]")
            case HangUp():
                self.hung_up = True
        return act

    def _carry_out(self, root: ET.Element) -> tuple[str, Mapping[str, str]] | None:
        for verb in root:
            match verb.tag:
                case "Say":
                    self.speak(twiml.words(verb))
                case "Gather":
                    following = self._gather(verb)
                    if following is not None or self.hung_up:
                        return following
                case "Connect":
                    return self._connect(verb)
                case "Dial":
                    outcome = self.dial(twiml.words(verb))
                    action = verb.get("action")
                    return (action, {"DialCallStatus": outcome}) if action else None
                case "Redirect":
                    return twiml.words(verb), {}
                case "Hangup" | "Reject":
                    self.last_words()
                    return None
        self.last_words()
        return None

    def last_words(self) -> None:
        """They hear the goodbye, and nobody listens any more."""
        if self._unheard:
            self.listener.hear("".join(self._unheard))
            self._unheard = []
        self.hung_up = True

    def _gather(self, verb: ET.Element) -> tuple[str, Mapping[str, str]] | None:
        for child in verb:
            if child.tag == "Say":
                self.speak(twiml.words(child))
        action = verb.get("action", "")
        match self._ask_for(float(verb.get("timeout", "5"))):
            case Say(text, language):
                return action, {"SpeechResult": text, "Confidence": "0.91", "Language": language}
            case BargeIn(_, text):
                return action, {"SpeechResult": text, "Confidence": "0.87", "Language": verb.get("language", "")}
            case Press(digit):
                return action, {"Digits": digit, "FinishedOnKey": ""}
            case Silent() if verb.get("actionOnEmptyResult") == "true":
                return action, {}
        return None

    def _ask_for(self, seconds: float) -> Act:
        """What they do within so many seconds of having heard everything; else nothing."""
        until = time.monotonic() + seconds + SECONDS_A_CHARACTER * sum(map(len, self._unheard))
        act = self.ask_listener()
        while isinstance(act, Waiting) and time.monotonic() < until:
            act = self.ask_listener()
        return Silent() if isinstance(act, Waiting) else act

    def _connect(self, verb: ET.Element) -> tuple[str, Mapping[str, str]] | None:
        ended = self.relay(verb[0], self)
        action = verb.get("action")
        form: dict[str, Any] = {"SessionStatus": ended.status, "SessionDuration": "1"}
        if ended.handoff:
            form["HandoffData"] = ended.handoff
        if ended.error:
            form |= {"ErrorCode": ended.error, "ErrorMessage": "WebSocket ended"}
        if self.hung_up:
            form["CallStatus"] = "completed"
        return (action, form) if action else None
