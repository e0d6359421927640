"""The wires of a run. What the carrier sends us goes to the application within the process, as does what we ask of it.

While the house is down nobody answers: the carrier sees a refused connection, as it would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from http import HTTPStatus
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

import anyio.to_thread
import httpx
from fastapi import FastAPI
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError

from outreach_api.bootstrap import House
from outreach_api.conversations.bot import Bot, BotUnavailable, Turn, TurnState
from outreach_api.web.chat_tail import ChatTail
from proof.asgi import Answer, Asked, ask
from proof.crashes import Crash, Points
from sandbox.backend import UNREACHED, Backend
from sandbox.carrier.signature import sign
from sandbox.world import Callbacks

BEFORE_BOT, AFTER_BOT = "before bot", "after bot"
PATIENCE_SECONDS = 120.0
SOMEWHERE = ("127.0.0.1", 50_000)
Done = TypeVar("Done")


class InProcessBackend(Backend):
    """The carrier's and the town's way to the house."""

    def __init__(self, door: Door, callbacks: Callbacks, auth_token: str, is_down: Callable[[], bool]) -> None:
        super().__init__(callbacks, auth_token)
        self._door = door
        self._is_down = is_down

    def browser(self) -> Browser:
        return Browser(self._door, self._is_down)

    def _post_signed(self, url: str, form: Mapping[str, str]) -> tuple[int, str]:
        headers = {
            "X-Twilio-Signature": sign(self._auth_token, url, form),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self._answer("POST", _path(url), headers, urlencode(form).encode())

    def _call(self, method: str, path: str, token: str = "", **request: Any) -> tuple[int, Any]:
        written = httpx.Request(method, f"{self._callbacks.api}{path}", **request)
        headers = dict(written.headers) | {"Authorization": f"Bearer {token or self._callbacks.api_token}"}
        status, body = self._answer(method, _path(str(written.url)), headers, written.read())
        if status == UNREACHED or not body:
            return status, None
        return status, _as_json(body)

    def _answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        if self._is_down():
            return UNREACHED, ""
        answer = self._door.ask(Asked(method, path, headers, body, SOMEWHERE))
        # What a process was about to answer when it ended never arrived.
        return (UNREACHED, "") if self._is_down() else (answer.status, answer.text)


class Browser:
    """Residents' browsers, that stand where urllib3's connections do."""

    def __init__(self, door: Door, is_down: Callable[[], bool]) -> None:
        self._door = door
        self._is_down = is_down

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str],
        preload_content: bool = True,
        **_: Any,
    ) -> HTTPResponse:
        """Raises: ProtocolError: nobody answered."""
        if self._is_down():
            raise ProtocolError("Connection refused.")
        answer = self._door.ask(Asked(method, _path(url), headers, body or b"", SOMEWHERE, _knows_how_things_stand))
        if self._is_down():
            raise ProtocolError("Connection aborted.")
        return answer.as_response(preload_content=preload_content)

    def clear(self) -> None:
        """There is nothing to close."""


def _knows_how_things_stand(part: bytes) -> bool:
    """A page that was opened to read is closed then: nobody here looks at it for hours."""
    return any(event in part for event in (b"event: standing", b"event: over"))


class StillTail(ChatTail):
    """Pages that are closed once they are read need nobody who follows the transcript by a clock on the wall."""

    async def _follow(self) -> None:
        return


class Door:
    """The application, asked in-process; whatever house stands at the moment is the one that answers.

    What it would do in threads beside its loop is done at once: one request is asked at a time.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.is_answering = False

    def lead_to(self, house: House) -> None:
        """From now on another process answers: what the one before held in its memory is gone."""
        self._app.state.house = house
        self._app.state.chats = StillTail(house.sessions, house.clock)
        if hasattr(self._app.state, "arrivals"):
            del self._app.state.arrivals

    @contextlib.contextmanager
    def open(self) -> Iterator[Door]:
        with (
            asyncio.Runner() as self._runner,
            patch.object(anyio.to_thread, "run_sync", _at_once),
            patch.object(asyncio, "to_thread", _at_once),
        ):
            yield self

    def ask(self, asked: Asked) -> Answer:
        """A crash on the way comes back as a 500; the caller knows that the house is down."""
        self.is_answering = True
        try:
            return self._runner.run(self._ask(asked))
        finally:
            self.is_answering = False

    async def _ask(self, asked: Asked) -> Answer:
        try:
            return await ask(self._app, asked)
        # The loop outlives the house here: it must not end with it. What the application could not answer
        # is a 500, as at its server.
        except (Crash, Exception):
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR)


async def _at_once(work: Callable[..., Done], *given: Any, **_: Any) -> Done:
    """As a thread beside the loop would do it, in a context of its own."""
    return copy_context().run(work, *given)


class RememberingBot:
    """A turn is a function: each distinct one is asked of the real assistant once. Dead for a while now and then."""

    def __init__(self, bot: Bot, points: Points, remembered: dict[tuple[str, TurnState], Turn]) -> None:
        self._bot = bot
        self._points = points
        self._remembered = remembered
        self.is_dead = False

    def turn(self, text: str, state: TurnState) -> Turn:
        self._points.reach(BEFORE_BOT)
        if self.is_dead:
            raise BotUnavailable("dead for a while")
        turn = self._remembered.get((text, state))
        if turn is None:
            turn = self._remembered[text, state] = self._answer(text, state)
        self._points.reach(AFTER_BOT)
        return turn

    def _answer(self, text: str, state: TurnState) -> Turn:
        """The real one's answer, however long this machine takes: it fails by the dice of the run alone."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._bot.turn(text, state)
            except BotUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1.0)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _as_json(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
