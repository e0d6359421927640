"""Asked within the process, an application answers as over a wire; or leaves its caller without an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from urllib3.exceptions import ProtocolError

from proof.asgi import Asked, CarrierWithin, ask
from sandbox.carrier.connections import cut

app = FastAPI()


@app.post("/said/{who}")
async def said(who: str, request: Request) -> dict[str, str]:
    return {"who": who, "query": str(request.query_params), "body": (await request.body()).decode()}


@app.post("/cut")
async def cut_off(request: Request) -> Response:
    await cut(request.scope)
    return Response()


@app.get("/waits")
async def waits() -> Response:
    await asyncio.sleep(1)
    return Response()


@app.get("/stream")
async def stream() -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"enough"
        raise AssertionError("read on past what is enough")

    return StreamingResponse(parts())


def test_a_request_goes_in_and_its_answer_comes_out_as_by_urllib3() -> None:
    answer = CarrierWithin(app).urlopen("POST", "/said/li%20ming?a=1", body="words", headers={"X-Of": "SDK"})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"who": "li ming", "query": "a=1", "body": "words"}


def test_a_connection_that_is_cut_is_no_answer() -> None:
    with pytest.raises(ProtocolError):
        CarrierWithin(app).urlopen("POST", "/cut", body=None, headers={})


def test_a_carrier_that_waits_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="event loop"):
        CarrierWithin(app).urlopen("GET", "/waits", body=None, headers={})


def test_who_has_read_enough_hangs_up() -> None:
    answer = asyncio.run(ask(app, Asked("GET", "/stream", {}, enough=lambda part: part == b"enough")))
    assert answer.body == b"oneenough"
