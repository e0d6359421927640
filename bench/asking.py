"""Several askers at once, each with connections of its own; each asks as soon as it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from time import perf_counter
from typing import Any, TypeVar

from outreach_api.processes import ProcessFault

TIMEOUT_SECONDS = 60
OK = 200
Message = TypeVar("Message")


@dataclass(frozen=True)
class Request:
    port: int
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    seconds: tuple[float, ...]
    elapsed: float

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.elapsed

    def quantile_ms(self, share: float) -> float:
        """The time within which this share of the requests was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def ask_all(
    request: Callable[[int, int, Message], Request], messages: Sequence[Message], count: int, askers: int
) -> Asked:
    """Ask `count` times over all askers; `request` is made from the asker, its running number and the message.

    Raises:
        ProcessFault: a server did not answer 200.
    """

    def ask_some(asker: int) -> list[float]:
        connections: dict[int, HTTPConnection] = {}
        places = range(asker, count, askers)
        try:
            return [
                _ask(connections, request(asker, number, messages[place % len(messages)]))
                for number, place in enumerate(places)
            ]
        finally:
            for connection in connections.values():
                connection.close()

    began = perf_counter()
    with ThreadPoolExecutor(askers) as pool:
        seconds = [each for some in pool.map(ask_some, range(askers)) for each in some]
    return Asked(tuple(seconds), perf_counter() - began)


def _ask(connections: dict[int, HTTPConnection], request: Request) -> float:
    connection = connections.setdefault(
        request.port, HTTPConnection("127.0.0.1", request.port, timeout=TIMEOUT_SECONDS)
    )
    body = json.dumps(request.body)
    began = perf_counter()
    connection.request("POST", request.path, body, {"Content-Type": "application/json", **request.headers})
    response = connection.getresponse()
    answer = response.read()
    seconds = perf_counter() - began
    if response.status != OK:
        raise ProcessFault(f"{request.path} answered {response.status}: {answer[:200]!r}")
    return seconds
