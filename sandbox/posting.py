"""Posting over connections that are kept: HTTP/1.1 with its answers parsed in C, for what is sent by the thousand.

A library's request costs three times as much, and the carrier shares its cores with whom it calls.
"""

from __future__ import annotations

import select
import socket
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

AT_A_TIME = 65536
BAD_ANSWER = "the answer is not HTTP, or ended too early"


class Answer(NamedTuple):
    status: int
    body: bytes


class Posts:
    """Any number of threads may post; each request has a connection to itself."""

    def __init__(self, *, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._idle: dict[tuple[str, int], list[socket.socket]] = defaultdict(list)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections that are kept open."""
        with self._lock:
            kept = [connection for idle in self._idle.values() for connection in idle]
            self._idle.clear()
        for connection in kept:
            connection.close()

    def post(self, url: str, headers: Mapping[str, str], body: str) -> Answer:
        """Post to an `http:` address.

        Raises:
            OSError: no connection, a broken one, no answer in time, or one that is not HTTP.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "", parts.port or 80)
        connection = self._idle_connection(host) or socket.create_connection(host, self._timeout_seconds)
        try:
            connection.sendall(_written(parts.path or "/", parts.query, parts.netloc, headers, body.encode()))
            answer, goes_on = _read(connection)
        except BaseException:
            connection.close()
            raise
        if goes_on:
            with self._lock:
                self._idle[host].append(connection)
        else:
            connection.close()
        return answer

    def _idle_connection(self, host: tuple[str, int]) -> socket.socket | None:
        while True:
            with self._lock:
                idle = self._idle[host]
                connection = idle.pop() if idle else None
            if connection is None or not _was_dropped(connection):
                return connection
            connection.close()


class _Answered:
    """What httptools tells of one answer."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.body = bytearray()
        self.goes_on = False
        self.complete = False

    def on_headers_complete(self) -> None:
        # Known only now: with the end of the answer the parser has forgotten it.
        self.goes_on = self.parser.should_keep_alive()

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.complete = True


def _written(path: str, query: str, netloc: str, headers: Mapping[str, str], body: bytes) -> bytes:
    target = f"{path}?{query}" if query else path
    lines = [f"POST {target} HTTP/1.1", f"Host: {netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _read(connection: socket.socket) -> tuple[Answer, bool]:
    """The answer, and whether the connection may be used again."""
    answered = _Answered()
    while not answered.complete:
        piece = connection.recv(AT_A_TIME)
        if not piece:
            raise ConnectionError(BAD_ANSWER)
        try:
            answered.parser.feed_data(piece)
        except HttpParserError as fault:
            raise ConnectionError(BAD_ANSWER) from fault
    return Answer(answered.parser.get_status_code(), bytes(answered.body)), answered.goes_on


def _was_dropped(connection: socket.socket) -> bool:
    """Nothing is to be read on a connection that waits: if there is, it is its end."""
    watched = select.poll()
    watched.register(connection, select.POLLIN)
    return bool(watched.poll(0))
