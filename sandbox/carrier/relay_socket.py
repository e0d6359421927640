"""The carrier's end of a ConversationRelay session: the published messages over a signed WebSocket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from sandbox.carrier.line import RELAY_FAILED, Line, RelayEnd
from sandbox.carrier.listening import Act, BargeIn, HangUp, LineBreaks, Press, Say, Silent, Waiting
from sandbox.carrier.signature import sign

ANSWER_SECONDS = 30.0
OPEN_SECONDS = 5.0
SENT = frozenset({"text", "play", "sendDigits", "language", "end"})


class RelaySession:
    """Runs one session for a call. What it is sent that is not of the set is answered by `error`."""

    def __init__(self, auth_token: str, call: Mapping[str, str]) -> None:
        self._auth_token = auth_token
        self._call = call
        self._end: RelayEnd | None = None
        self._early: str | bytes | None = None
        self._turn: list[str] = []

    def __call__(self, element: ET.Element, line: Line) -> RelayEnd:
        url = element.get("url", "")
        headers = {"X-Twilio-Signature": sign(self._auth_token, url, {})}
        try:
            with connect(url, additional_headers=headers, open_timeout=OPEN_SECONDS, proxy=None) as socket:
                return self._talk(socket, element, line)
        except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
            return RelayEnd("failed", error=RELAY_FAILED)

    def _talk(self, socket: ClientConnection, element: ET.Element, line: Line) -> RelayEnd:
        parameters = {child.get("name", ""): child.get("value", "") for child in element if child.tag == "Parameter"}
        self._send(socket, {"type": "setup", "sessionId": "VX" + self._call["CallSid"][2:], **self._setup(parameters)})
        if element.get("welcomeGreeting"):
            line.speak(element.get("welcomeGreeting", ""))
        while True:
            interruptible = self._listen(socket, line)
            if self._end is not None:
                return self._end
            act = line.ask_listener()
            while isinstance(act, Waiting) and not self._says_more(socket):
                act = line.ask_listener()
            if isinstance(act, LineBreaks):
                return RelayEnd("failed", error=RELAY_FAILED)
            if not self._act(socket, act, interruptible=interruptible):
                return RelayEnd("completed")

    def _setup(self, parameters: dict[str, str]) -> dict[str, Any]:
        outbound = self._call.get("Direction", "").startswith("outbound")
        return {
            "accountSid": self._call["AccountSid"],
            "parentCallSid": "",
            "callSid": self._call["CallSid"],
            "from": self._call["From"],
            "to": self._call["To"],
            "forwardedFrom": "",
            "callType": "PSTN",
            "callerName": "",
            "direction": "outbound-api" if outbound else "inbound",
            "callStatus": "IN-PROGRESS",
            "customParameters": parameters,
        }

    def _listen(self, socket: ClientConnection, line: Line) -> bool:
        """Take messages until a talk cycle is over; whether its last words could be interrupted."""
        interruptible = True
        self._turn = []
        while True:
            message = self._read(self._next(socket))
            match message.get("type"):
                case "text":
                    line.speak(message["token"])
                    self._turn.append(message["token"])
                    interruptible = bool(message.get("interruptible", True))
                    if message["last"]:
                        return interruptible
                case "end":
                    self._end = RelayEnd("ended", handoff=message.get("handoffData", ""))
                    return interruptible
                case None:
                    self._send(socket, {"type": "error", "description": "Invalid message received"})

    def _next(self, socket: ClientConnection) -> str | bytes:
        early, self._early = self._early, None
        return early if early is not None else socket.recv(timeout=ANSWER_SECONDS)

    def _says_more(self, socket: ClientConnection) -> bool:
        """Whether a message has come while they were still thinking."""
        try:
            self._early = socket.recv(timeout=0)
        except TimeoutError:
            return False
        return True

    @staticmethod
    def _read(message: str | bytes) -> dict[str, Any]:
        try:
            body = json.loads(message)
        except ValueError:
            return {}
        return body if isinstance(body, dict) and body.get("type") in SENT else {}

    def _act(self, socket: ClientConnection, act: Act, *, interruptible: bool) -> bool:
        """Tell what they did; whether the call goes on."""
        match act:
            case Say(text, language, partials):
                for partial in partials:
                    self._prompt(socket, partial, language, last=False)
                self._prompt(socket, text, language, last=True)
            case BargeIn(after, text):
                if interruptible:
                    heard = {"utteranceUntilInterrupt": "".join(self._turn)[:after], "durationUntilInterruptMs": 900}
                    self._send(socket, {"type": "interrupt", **heard})
                self._prompt(socket, text, "cmn-Hans-CN", last=True)
            case Press(digit):
                self._send(socket, {"type": "dtmf", "digit": digit})
            case HangUp(half_said):
                if half_said:
                    self._prompt(socket, half_said, "cmn-Hans-CN", last=False)
                return False
            case Silent() | Waiting():
                pass  # The other side notices by its own clock.
        return True

    def _prompt(self, socket: ClientConnection, text: str, language: str, *, last: bool) -> None:
        self._send(socket, {"type": "prompt", "voicePrompt": text, "lang": language, "last": last})

    @staticmethod
    def _send(socket: ClientConnection, message: Mapping[str, Any]) -> None:
        socket.send(json.dumps(message, ensure_ascii=False))
