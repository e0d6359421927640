"""`python -m sandbox.serve --port P`: the outside world on a loopback port."""

from __future__ import annotations

import argparse

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from sandbox.alibaba.sms import router as alibaba
from sandbox.carrier import api as carrier
from sandbox.carrier.call_api import router as calls
from sandbox.carrier.connections import CuttableProtocol
from sandbox.carrier.errors import CarrierError, error_answer
from sandbox.control import router as control
from sandbox.identity.door import answer_refused
from sandbox.identity.door import router as identity
from sandbox.identity.provider import Refused
from sandbox.phone.page import router as phone
from sandbox.vendors import router as vendors
from sandbox.wechat.platform import router as wechat


def build_app() -> FastAPI:
    app = FastAPI(title="Sandbox", openapi_url=None)
    app.state.outside = None
    app.include_router(carrier.router)
    app.include_router(calls)
    app.include_router(control)
    app.include_router(phone)
    app.add_exception_handler(CarrierError, _answer_error)
    app.state.wechat = app.state.alibaba = app.state.identity = None
    app.include_router(vendors)
    app.include_router(wechat)
    app.include_router(alibaba, prefix="/alibaba")
    app.include_router(identity, prefix="/identity")
    app.add_exception_handler(Refused, answer_refused)
    return app


async def _answer_error(_: Request, error: Exception) -> JSONResponse:
    """Not for a thread of its own: it waits for nothing."""
    if not isinstance(error, CarrierError):
        raise error
    return error_answer(error)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.serve", description="Run the outside world on loopback.")
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args().port
    uvicorn.run(
        carrier.ShortWay(build_app()),
        host="127.0.0.1",
        port=port,
        http=CuttableProtocol,
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        # As long as a carrier keeps one: a connection closed just when it is used again leaves a create unanswered.
        timeout_keep_alive=75,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
