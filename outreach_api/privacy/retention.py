"""Keeping and forgetting: what is older than its term loses its words, or goes. With a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Column, ColumnElement, bindparam, delete, func, select
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask
from models.column_types import key_ring
from models.conversation import Conversation
from models.event import AuditEntry
from models.session import Sessions
from models.tables import metadata
from outreach_api.privacy.blanking import blank, says_something
from outreach_api.privacy.grades import GRADES

ROWS_AT_A_TIME = 5_000


class Forgetting(StrEnum):
    WORDS = "words"
    """The row stays for the statistics; what was said in it goes."""
    ROWS = "rows"


@dataclass(frozen=True)
class Rule:
    forgetting: Forgetting
    since: str
    """The column from whose instant on the term runs; a row without one is kept."""
    of_talk: bool = False
    """The instant is that of the conversation that it belongs to."""


WORDS, ROWS = Forgetting.WORDS, Forgetting.ROWS
# One rule for each table whose term in the table of grades has an end; a test holds both together.
RULES: dict[str, Rule] = {
    "contact": Rule(WORDS, "settled_at"),
    "conversation": Rule(WORDS, "last_at"),
    "message": Rule(WORDS, "at"),
    "inbound": Rule(WORDS, "settled_at"),
    "call": Rule(WORDS, "ended_at"),
    "consent": Rule(WORDS, "given_at"),
    "survey_answer": Rule(WORDS, "at"),
    "talk_mark": Rule(WORDS, "at"),
    "word_index": Rule(ROWS, "last_at", of_talk=True),
    "call_word": Rule(ROWS, "at"),
    "receipt": Rule(ROWS, "applied_at"),
    "event": Rule(ROWS, "at"),
    "job_slot": Rule(ROWS, "finished_at"),
    "api_request": Rule(ROWS, "received_at"),
    "caller_pace": Rule(ROWS, "seen_at"),
    "hook_delivery": Rule(ROWS, "settled_at"),
    "wechat_seen": Rule(ROWS, "at"),
    "wechat_code": Rule(ROWS, "expires_at"),
    "proof_code": Rule(ROWS, "expires_at"),
    "staff_session": Rule(ROWS, "last_seen_at"),
}


@dataclass(frozen=True)
class Due:
    table: str
    forgetting: Forgetting
    rows: int


Progress = Callable[[Due], None]


def _silent(_done: Due) -> None:
    """Progress that nobody watches."""


def what_is_due(session: Session, *, now: datetime) -> list[Due]:
    """What a run would do now, table by table; nothing is changed."""
    found = []
    for name, rule in RULES.items():
        table = metadata.tables[name]
        rows = session.scalar(select(func.count()).select_from(table).where(_is_due(name, rule, now))) or 0
        found.append(Due(name, rule.forgetting, rows))
    return found


def forget(sessions: Sessions, *, by: str, now: datetime, progress: Progress = _silent) -> list[Due]:
    """Do it, in steps that hold nobody up for long; what was done is on record."""
    found = []
    # Looked for without a lock: nearly always there is nothing, and what is old does not grow young.
    with sessions.read() as session:
        old = {
            name
            for name in RULES
            if ask(session, _first_due(name, key_ring().active), before=now - _lasts(name)).first()
        }
    for name, rule in RULES.items():
        done = Due(name, rule.forgetting, sum(_in_steps(sessions, name, rule, now)) if name in old else 0)
        found.append(done)
        progress(done)
    facts = {due.table: due.rows for due in found if due.rows}
    if facts:
        with sessions.write() as session:
            session.add(AuditEntry(at=now, actor=by, action="retention", subject="tables", facts=facts))
    return found


def _in_steps(sessions: Sessions, name: str, rule: Rule, now: datetime) -> Iterator[int]:
    table, key = metadata.tables[name], _key(name, rule)
    while True:
        with sessions.read() as session:
            due = session.scalars(select(key).where(_is_due(name, rule, now)).limit(ROWS_AT_A_TIME)).all()
        if not due:
            return
        with sessions.write() as session:
            if rule.forgetting is WORDS:
                blank(session, name, key.in_(due))
            else:
                session.execute(delete(table).where(key.in_(set(due))))
        yield len(due)


def _is_any_due(session: Session, name: str, now: datetime) -> bool:
    query = _first_due(name, key_ring().active)
    return ask(session, query, before=now - _lasts(name)).first() is not None


@cache
def _first_due(name: str, _active_key: str) -> AnyColumns:
    """Kept, as long as the same key seals."""
    rule = RULES[name]
    return select(_key(name, rule)).where(_is_older(name, rule, bindparam("before", type_=AuditEntry.at.type))).limit(1)


def _key(name: str, rule: Rule) -> Column[Any]:
    table = metadata.tables[name]
    return table.c.conversation_id if rule.of_talk else next(iter(table.primary_key.columns))


def _is_due(name: str, rule: Rule, now: datetime) -> ColumnElement[bool]:
    return _is_older(name, rule, now - _lasts(name))


def _is_older(name: str, rule: Rule, before: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    if rule.of_talk:
        over = select(Conversation.id).where(Conversation.last_at < before)
        return metadata.tables[name].c.conversation_id.in_(over)
    old = metadata.tables[name].c[rule.since] < before
    return old & says_something(name) if rule.forgetting is WORDS else old


def _lasts(name: str) -> timedelta:
    lasts = GRADES[name].kept.lasts
    assert lasts is not None  # noqa: S101 - held by a test
    return lasts
