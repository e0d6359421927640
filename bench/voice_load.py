"""The carrier's side of `bench voice`: so many calls at once over ConversationRelay, from a process of its own."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from outreach_api.voice.twiml import SOCKET
from sandbox.carrier.signature import sign

IDENTITY = "我姓陈，五月生的"
QUESTIONS = (
    "要带什么材料", "一个月多少钱", "去哪里办", "你们是不是骗子", "再说一遍", "家里人能帮我办吗", "什么时候能拿到钱",
    "我腿脚不好，能来家里办吗", "还要等多久", "我再想想",
)  # fmt: skip
GOODBYE = "没有了，再见"
ANSWER_SECONDS = 20.0


@dataclass
class Load:
    port: int
    token: str
    turns: int
    pause: tuple[float, float]
    """Between hearing an answer and saying the next thing, at least and at most."""
    latencies_ms: list[float] = field(default_factory=list)
    dropped: int = 0

    async def call(self, sid: str, number: str, contact_id: int) -> None:
        """One call from its setup to its goodbye; one that is not answered in time, or breaks, is dropped."""
        dice = random.Random(sid)
        url = f"ws://127.0.0.1:{self.port}{SOCKET}"
        try:
            async with connect(url, additional_headers={"X-Twilio-Signature": sign(self.token, url, {})}) as socket:
                await self._say(socket, _setup(sid, number, contact_id))
                await asyncio.sleep(dice.uniform(0, self.pause[1]))
                words = [IDENTITY, *dice.sample(QUESTIONS, min(self.turns, len(QUESTIONS)))]
                for text in words:
                    self.latencies_ms.append(await self._say(socket, _prompt(text)))
                    await asyncio.sleep(dice.uniform(*self.pause))
                self.latencies_ms.append(await self._say(socket, _prompt(GOODBYE), to_the_end=True))
        except (OSError, TimeoutError, WebSocketException, LookupError):
            self.dropped += 1

    async def _say(self, socket: ClientConnection, message: dict[str, Any], *, to_the_end: bool = False) -> float:
        """Milliseconds until the first words of the answer; the answer is taken in to its end."""
        began = time.perf_counter()
        await socket.send(json.dumps(message))
        first = 0.0
        while True:
            heard = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_SECONDS))
            first = first or (time.perf_counter() - began) * 1000
            if heard["type"] == "end" or (heard.get("last") and not to_the_end):
                if heard["type"] == "end" and not to_the_end:
                    raise LookupError("the call was ended in the middle")
                return first


def _setup(sid: str, number: str, contact_id: int) -> dict[str, Any]:
    known = {"type": "setup", "sessionId": f"VX{sid}", "callSid": sid, "from": "+8675500012345", "to": number}
    return {**known, "direction": "outbound-api", "customParameters": {"contact": str(contact_id)}}


def _prompt(text: str) -> dict[str, Any]:
    return {"type": "prompt", "voicePrompt": text, "lang": "cmn-Hans-CN", "last": True}


def load(
    port: int, token: str, prefix: str, called: Sequence[tuple[str, int]], turns: int, pause: tuple[float, float]
) -> dict[str, Any]:
    """Hold all these calls at once: how long each answer took, and how many calls were dropped."""
    load_ = Load(port, token, turns, (pause[0], pause[1]))

    async def all_calls() -> None:
        await asyncio.gather(
            *(load_.call(f"CA{prefix}{place:04d}", number, contact) for place, (number, contact) in enumerate(called))
        )

    asyncio.run(all_calls())
    return {"latencies_ms": load_.latencies_ms, "dropped": load_.dropped}
