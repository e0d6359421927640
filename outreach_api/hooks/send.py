"""Sending what waits: claimed, committed, then sent; tried again with growing pauses until it is given up.

A telling may arrive twice, where a process died between the answer and its note of it; it carries the same id then.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Protocol

import httpx
import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session, joinedload

from models.ciphers import HashName
from models.event import AuditEntry
from models.hook import HookDelivery, HookTarget
from models.session import Sessions
from models.vocabulary import HookState
from outreach_api.hooks.addresses import AddressRefused, Destination, Network, Resolve, destination, resolve
from outreach_api.hooks.signing import headers_for
from outreach_api.privacy.undertakings import stands

MOST_AT_A_TIME = 8
SECONDS = 10.0
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 24 * 3600)
)
"""After each try that came to nothing; after the last it is given up."""
CUT_OFF_AFTER = timedelta(minutes=2)
KEPT_FOR = timedelta(days=30)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claimed:
    id: int
    message_id: str
    url: str
    secret: str
    body: bytes
    attempts: int


@dataclass(frozen=True)
class Outcome:
    """What a try came to: a status, or why there is none."""

    status: int | None = None
    fault: str | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Post(Protocol):
    def __call__(self, telling: Claimed, *, at: datetime) -> Outcome: ...


@dataclass(frozen=True)
class Poster:
    """Posts to the one address that was checked, follows no redirect, reads no answer but its status."""

    allowed: Sequence[Network] = ()
    look_up: Resolve = resolve
    signed_by: HashName = HashName.SHA256
    seconds: float = SECONDS
    """For all of a try: a receiver that answers drop by drop holds up nobody else."""

    def __call__(self, telling: Claimed, *, at: datetime) -> Outcome:
        try:
            to = destination(telling.url, allowed=self.allowed, look_up=self.look_up)
        except AddressRefused:
            return Outcome(fault="address_refused")
        except OSError:
            return Outcome(fault="name_not_found")
        headers = headers_for(telling.message_id, telling.body, telling.secret, at=at, by=self.signed_by)
        headers |= {"host": to.host_header, "content-type": "application/json", "user-agent": "outreach-webhooks/1"}
        try:
            return Outcome(asyncio.run(self._post(to, telling.body, headers)))
        except (httpx.HTTPError, TimeoutError) as fault:
            return Outcome(fault=type(fault).__name__)

    async def _post(self, to: Destination, body: bytes, headers: Mapping[str, str]) -> int:
        # No proxy of the environment either: it would resolve the name anew.
        async with (
            asyncio.timeout(self.seconds),
            httpx.AsyncClient(timeout=self.seconds, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST", to.url, content=body, headers=headers, extensions={"sni_hostname": to.host}
            ) as answer,
        ):
            return answer.status_code


def send_due(sessions: Sessions, post: Post, *, now: datetime) -> int:
    """Send what is due, several at a time; how many tries that were."""
    claimed = _claim(sessions, now)
    if not claimed:
        return 0
    with ThreadPoolExecutor(MOST_AT_A_TIME) as threads:
        outcomes = list(threads.map(lambda telling: post(telling, at=now), claimed))
    with sessions.write() as session:
        for telling, outcome in zip(claimed, outcomes, strict=True):
            _settle(session, telling, outcome, now)
        _forget_old(session, now)
    return len(claimed)


def _forget_old(session: Session, now: datetime) -> None:
    done = (HookState.DELIVERED, HookState.GIVEN_UP)
    session.execute(delete(HookDelivery).where(HookDelivery.state.in_(done), HookDelivery.created_at < now - KEPT_FOR))


def _claim(sessions: Sessions, now: datetime) -> list[Claimed]:
    due = or_(
        (HookDelivery.state == HookState.WAITING) & (HookDelivery.due_at <= now),
        (HookDelivery.state == HookState.SENDING) & (HookDelivery.claimed_at <= now - CUT_OFF_AFTER),
    )
    with sessions.read() as session:
        if session.scalar(select(HookDelivery.id).where(due).limit(1)) is None:
            return []
    with sessions.write() as session:
        query = (
            select(HookDelivery)
            .where(due)
            .options(joinedload(HookDelivery.target, innerjoin=True).joinedload(HookTarget.undertaking))
        )
        query = query.order_by(HookDelivery.due_at, HookDelivery.id).limit(MOST_AT_A_TIME)
        rows = session.scalars(query.with_for_update(skip_locked=True, of=HookDelivery)).all()
        for row in rows:
            row.state, row.claimed_at, row.attempts = HookState.SENDING, now, row.attempts + 1
        return [
            Claimed(row.id, row.message_id, row.target.url, row.target.secret, _body(row), row.attempts)
            for row in rows
            if not _is_over(row, now)
        ]


def _is_over(row: HookDelivery, now: datetime) -> bool:
    """A target that has ended, or whose application has, is told nothing more."""
    if row.target.ended_at is None and stands(row.target.undertaking, now):
        return False
    fault = "target_ended" if row.target.ended_at is not None else "application_over"
    row.state, row.settled_at, row.fault = HookState.GIVEN_UP, now, fault
    return True


def _body(row: HookDelivery) -> bytes:
    return json.dumps(row.body, ensure_ascii=False, separators=(",", ":")).encode()


def _settle(session: Session, telling: Claimed, outcome: Outcome, now: datetime) -> None:
    row = session.get(HookDelivery, telling.id, with_for_update=True, populate_existing=True)
    if row is None or row.attempts != telling.attempts or row.state is not HookState.SENDING:
        return  # cut off, and taken up by another meanwhile
    row.status, row.fault, row.claimed_at = outcome.status, outcome.fault, None
    if outcome.is_taken:
        row.state, row.settled_at = HookState.DELIVERED, now
    elif outcome.status == HTTPStatus.GONE:
        row.state, row.settled_at = HookState.GIVEN_UP, now
        _end(session, row.target_id, now)
    elif row.attempts > len(PAUSES):
        row.state, row.settled_at = HookState.GIVEN_UP, now
        log.warning("hook_given_up", delivery=row.id, target=row.target_id, status=row.status, fault=row.fault)
    else:
        row.state, row.due_at = HookState.WAITING, now + PAUSES[row.attempts - 1]


def _end(session: Session, target_id: int, now: datetime) -> None:
    """The receiver says that it is gone for good."""
    session.execute(
        update(HookTarget)
        .where(HookTarget.id == target_id, HookTarget.ended_at.is_(None))
        .values(ended_at=now, ended_because="gone")
    )
    session.add(AuditEntry(at=now, actor="system", action="hook.end", subject=f"hook:{target_id}"))
