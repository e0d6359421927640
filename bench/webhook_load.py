"""The carrier's side of `bench webhooks`: signed inbound texts over connections kept alive, from a process of its own.

At a rate, each request has its moment, and its time is counted from then: one that had to wait for a connection waited.
Without a rate each connection sends as soon as it is answered.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.carrier.signature import sign

PATH = "/webhooks/twilio/inbound"
CONNECTIONS = 48
WORDS = "想问一下高龄津贴怎么办理，要带什么材料？"


@dataclass
class Load:
    port: int
    token: str
    prefix: str
    made: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refused: int = 0

    def request(self) -> tuple[str, bytes]:
        """The next text's MessageSid, and its request."""
        self.made += 1
        sid = f"SM{self.prefix}{self.made:08d}"
        form = {
            "AccountSid": "AC5",
            "ApiVersion": "2010-04-01",
            "Body": WORDS,
            "From": f"+86139{self.made % 10**8:08d}",
            "MessageSid": sid,
            "NumMedia": "0",
            "To": "+8675500012345",
        }
        body = urlencode(form).encode()
        signature = sign(self.token, f"http://127.0.0.1:{self.port}{PATH}", form)
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-Twilio-Signature: {signature}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return sid, head.encode() + body

    async def send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, since: float | None) -> None:
        """Raises: OSError, IncompleteReadError: the server is gone; whatever was on its way is not acknowledged."""
        sid, request = self.request()
        since = time.perf_counter() if since is None else since
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        if head.startswith(b"HTTP/1.1 200"):
            self.latencies_ms.append((time.perf_counter() - since) * 1000)
            self.acknowledged.append(sid)
        else:
            self.refused += 1


def load(port: int, token: str, prefix: str, seconds: float, rate: float | None) -> dict[str, Any]:
    """Send for so long, or until the server is gone; what was acknowledged, and in what time."""
    load_ = Load(port, token, prefix)
    began = time.perf_counter()
    asyncio.run(_send_all(load_, seconds, rate))
    return {
        "seconds": time.perf_counter() - began,
        "latencies_ms": load_.latencies_ms,
        "acknowledged": load_.acknowledged,
        "refused": load_.refused,
    }


async def _send_all(load_: Load, seconds: float, rate: float | None) -> None:
    moments: deque[float] | None = None
    began = time.perf_counter()
    if rate is not None:
        moments = deque(began + number / rate for number in range(int(seconds * rate)))
    connections = [asyncio.create_task(_connection(load_, began + seconds, moments)) for _ in range(CONNECTIONS)]
    await asyncio.gather(*connections)


async def _connection(load_: Load, until: float, moments: deque[float] | None) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", load_.port)
        while True:
            if moments is None:
                if time.perf_counter() >= until:
                    break
                await load_.send(reader, writer, None)
                continue
            if not moments:
                break
            moment = moments.popleft()
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            await load_.send(reader, writer, moment)
        writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return
