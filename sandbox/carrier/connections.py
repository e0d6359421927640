"""Connections that can be cut: a time-out after acceptance is a caller left without an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_open: dict[tuple[str, int], asyncio.Transport] = {}


class CuttableProtocol(HttpToolsProtocol):
    """Remembers each connection by its caller's address, which the request's scope carries as well."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.client is not None:
            _open[self.client] = self.transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            _open.pop(self.client, None)
        super().connection_lost(exc)


class HungUp(Exception):  # noqa: N818
    """A caller within this process is left without an answer."""


async def cut(scope: Scope) -> None:
    """Drop the caller's connection now; whatever the endpoint returns afterwards goes nowhere.

    Raises:
        HungUp: the caller is within this process, and has no connection.
    """
    client = scope.get("client")
    if client is None:
        raise HungUp
    transport = _open.get(tuple(client)) if client else None
    if transport is None:
        raise RuntimeError("this server cannot cut connections; start it with python -m sandbox.serve")
    transport.abort()
    await asyncio.sleep(0.01)
