"""The same request sent again has its effects once: `Idempotency-Key`, kept in the database.

The key is written down before anything is done and the answer after it. Between the two, or where a process died there,
nobody knows what happened: then 409 is answered, and nothing is done a second time. What is refused has no effects, so
its key may be used again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from models.api_request import ApiRequest
from models.session import Sessions
from outreach_api.web.api.callers import identify
from outreach_api.web.api.refusals import KeyReused, StillAtIt
from outreach_api.web.api.rows_a_day import hold_to_rows
from outreach_api.web.house import house_of
from outreach_api.web.tokens import Caller

HEADER = "idempotency-key"
KEPT_FOR = timedelta(days=7)
REPLAYED = "idempotency-replayed"
KEY_PATTERN = r"^[\x21-\x7e]{8,64}$"

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=KEY_PATTERN,
        description="8 to 64 printable characters of your own making, such as a UUID. Sent again with the same request "
        "within seven days, the first answer comes back and nothing is done twice.",
        examples=["6f2f0f5e-8a7c-4a43-b0a4-1a9c8f0e7d11"],
    ),
]


def documented(_idempotency_key: Key = None) -> None:
    """Lets the document tell of the header, and checks its form."""


ONCE = Depends(documented)


class OnceRoute(APIRoute):
    """A route whose POST is carried out once a key, and whose rows count against a department's application."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def carry_out(request: Request) -> Response:
            answer = await handle(request)
            caller: Caller | None = getattr(request.state, "caller", None)
            if caller is not None and caller.undertaking_id is not None:
                await run_in_threadpool(hold_to_rows, request, answer)
            return answer

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if request.method != "POST" or key is None or not _is_well_formed(key):
                return await carry_out(request)
            digest = _digest(request, await request.body())
            token_id = (await run_in_threadpool(identify, request)).token_id
            sessions, now = house_of(request).sessions, request.app.state.wall_clock.now()
            kept = await run_in_threadpool(_begin, sessions, token_id, key, digest, now)
            if isinstance(kept, Response):
                return kept
            try:
                answer = await carry_out(request)
            except BaseException:
                await run_in_threadpool(_forget, sessions, kept)
                raise
            await run_in_threadpool(_keep, sessions, kept, answer)
            return answer

        return once


def _begin(sessions: Sessions, token_id: int, key: str, digest: str, now: datetime) -> int | Response:
    """The number of the request, written down; or the answer that was given before.

    Raises:
        KeyReused: the key came with another request.
        StillAtIt: no answer is known.
    """
    try:
        with sessions.write() as session:
            session.execute(delete(ApiRequest).where(ApiRequest.received_at < now - KEPT_FOR))
            row = ApiRequest(token_id=token_id, key=key, digest=digest, received_at=now)
            session.add(row)
            session.flush()
            return row.id
    except IntegrityError:
        with sessions.read() as session:
            return _before(session, token_id, key, digest)


def _before(session: Session, token_id: int, key: str, digest: str) -> Response:
    found = session.scalars(select(ApiRequest).where(ApiRequest.token_id == token_id, ApiRequest.key == key)).first()
    if found is not None and found.digest != digest:
        raise KeyReused("this Idempotency-Key came with another request before; make a new one for each request")
    if found is None or found.status is None:
        raise StillAtIt(
            "this request is being carried out, or was cut off; look whether it was done before using a new key"
        )
    return Response(found.answer, found.status, media_type="application/json", headers={REPLAYED: "true"})


def _keep(sessions: Sessions, request_id: int, answer: Response) -> None:
    with sessions.write() as session:
        row = session.get_one(ApiRequest, request_id)
        row.status, row.answer = answer.status_code, bytes(answer.body).decode()


def _forget(sessions: Sessions, request_id: int) -> None:
    with sessions.write() as session:
        session.execute(delete(ApiRequest).where(ApiRequest.id == request_id))


def _is_well_formed(key: str) -> bool:
    return 8 <= len(key) <= 64 and all("\x21" <= character <= "\x7e" for character in key)


def _digest(request: Request, body: bytes) -> str:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(asked + body).hexdigest()
