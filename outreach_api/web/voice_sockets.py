"""The sockets a call talks over: Twilio's ConversationRelay, signed, and the plain one of a SIP gateway, by token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from outreach_api.channels.gateway_call import SOCKET_PATH
from outreach_api.channels.signature import is_signed
from outreach_api.voice import gateway, relay
from outreach_api.voice.relay import Opened, Partial
from outreach_api.voice.service import CallService
from outreach_api.voice.transport import CallRef, Closed, Command, End, Event, Prompt, StaffWords, Text, Transfer
from outreach_api.voice.twiml import SOCKET
from outreach_api.web.call_words import CallWordsWatch
from outreach_api.web.voice_gateway import opens
from outreach_api.web.voice_webhooks import VoiceHouse

REFUSED = 4403
SETUP_SECONDS = 10.0

router = APIRouter()
log = structlog.get_logger(__name__)

Read = Callable[[str], Event | Partial | Opened | None]
Write = Callable[[Sequence[Command]], Sequence[str]]


@router.websocket(SOCKET)
async def converse(socket: WebSocket) -> None:
    """One call by ConversationRelay. Unsigned handshakes are refused before anything is read."""
    house: VoiceHouse = socket.app.state.house
    target = socket.url.path + (f"?{socket.url.query}" if socket.url.query else "")
    genuine = is_signed(
        socket.headers.get("X-Twilio-Signature", ""),
        auth_token=house.settings.twilio_auth_token.get_secret_value(),
        public_url=house.settings.public_url.replace("http", "ws", 1),
        target=target,
        fields=[],
    )
    if not genuine:
        log.warning("socket_signature_refused")
        await socket.close(REFUSED)
        return
    await socket.accept()

    def write(commands: Sequence[Command]) -> list[str]:
        messages = relay.write(commands, house.settings.voice)
        return [json.dumps(message, ensure_ascii=False) for message in messages]

    await _Line(socket, house.calls, relay.read, write, socket.app.state.call_words).talk()


@router.websocket(SOCKET_PATH)
async def converse_plainly(socket: WebSocket) -> None:
    """One call by a gateway of the district's own."""
    house: VoiceHouse = socket.app.state.house
    if not opens(socket.headers.get("authorization", ""), house):
        await socket.close(REFUSED)
        return
    await socket.accept()
    await _Line(socket, house.calls, gateway.read, _plainly, socket.app.state.call_words).talk()


def _plainly(commands: Sequence[Command]) -> list[str]:
    return [gateway.dumps(command) for command in commands]


@dataclass
class _Line:
    """One connection of one call: messages in order, one event in flight, silence noticed by the clock on the wall."""

    socket: WebSocket
    calls: CallService
    read: Read
    write: Write
    watch: CallWordsWatch
    ref: CallRef | None = None
    words: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a member of staff wants something said."""
    receiving: asyncio.Task[str] | None = None
    partial: str = ""
    speaking_seconds: float = 0.0
    over: bool = False

    async def talk(self) -> None:
        try:
            while not self.over:
                await self._hear(await self._next())
        except WebSocketDisconnect as gone:
            await self._closed(str(gone.code))
        else:
            await self.socket.close()
        finally:
            if self.ref is not None:
                self.watch.leave(self.ref)
            if self.receiving is not None:
                self.receiving.cancel()

    async def _next(self) -> Event | Partial | Opened | None:
        waiting = (
            SETUP_SECONDS if self.ref is None else self.calls.settings.relay_silence_seconds + self.speaking_seconds
        )
        self.receiving = self.receiving or asyncio.create_task(self.socket.receive_text())
        words = asyncio.create_task(self.words.wait())
        done, _ = await asyncio.wait({self.receiving, words}, timeout=waiting, return_when=asyncio.FIRST_COMPLETED)
        words.cancel()
        if self.receiving in done:
            received, self.receiving = self.receiving, None
            try:
                return self.read(received.result())
            except KeyError:
                return None  # Bytes: no message of this protocol.
        if self.words.is_set():
            self.words.clear()
            return StaffWords()
        self.speaking_seconds = 0.0
        return Prompt("")

    async def _hear(self, event: Event | Partial | Opened | None) -> None:
        match event:
            case None:
                return
            case Partial(text):
                self.partial = text
                return
            case Opened(ref, setup) if self.ref is None:
                self.ref = ref
                self.words = self.watch.watch(ref)
                await self._do(ref, setup)
                return
            case Opened():
                return
        if self.ref is None:
            self.over = True
            return
        if isinstance(event, Closed):
            await self._closed(event.because)
            self.over = True
            return
        self.partial = ""
        await self._do(self.ref, event)

    async def _do(self, ref: CallRef, event: Event) -> None:
        try:
            commands = await run_in_threadpool(self.calls.hear, ref, event)
        except Exception:
            # The carrier then calls back over HTTP, and the call goes on by turns.
            log.exception("call_event_failed", event=type(event).__name__)
            await self.socket.close(1011)
            self.over = True
            raise WebSocketDisconnect(1011) from None
        for message in self.write(commands):
            await self.socket.send_text(message)
        said = sum(len(sentence) for text in commands if isinstance(text, Text) for sentence in text.sentences)
        self.speaking_seconds = said * self.calls.settings.seconds_per_character
        self.over = self.over or any(isinstance(command, End | Transfer) for command in commands)

    async def _closed(self, because: str) -> None:
        """The connection is gone: what was half said is kept."""
        if self.ref is None:
            return
        if self.partial:
            await run_in_threadpool(self.calls.hear, self.ref, Prompt(self.partial, cut_off=True))
            self.partial = ""
        await run_in_threadpool(self.calls.hear, self.ref, Closed(because))
