"""The audit's chain: each entry sealed with a keyed hash over itself and all before it, as its transaction commits.

Who can write to the database but has not the key can neither change, remove, reorder nor cut off what is sealed without
breaking the chain; who has both can be held to an anchor that was taken out earlier.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, event, select, text
from sqlalchemy.orm import Session

from models.ciphers import keyed_digests
from models.column_types import key_ring
from models.event import AuditEntry, AuditHead, AuditSeal

BEGINNING = "0" * 64
HEAD = 1
# Sealing transactions take turns; any number of ours.
SEALING_LOCK = 4_403_002
ROWS_A_FETCH = 10_000
# Made once: a million entries are written this way when the chain is followed.
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
_WRITTEN = "audited"
KeyedHash = Callable[[bytes], bytes]


class FaultKind(StrEnum):
    EDITED = "edited"
    """An entry, or its seal, is not what was sealed; entries that changed places count among these."""
    DELETED = "deleted"
    UNSEALED = "unsealed"
    """An entry that did not come in by the house."""
    TRUNCATED = "truncated"
    """The chain ends before its head or an anchor."""
    HEAD = "head"
    """What says where the chain ends was changed."""


@dataclass(frozen=True)
class ChainFault:
    kind: FaultKind
    number: int
    """Its place in the chain; of an unsealed entry its id."""


@dataclass(frozen=True)
class Anchor:
    """Where the chain ended at some time; kept where the database's administrators cannot reach it."""

    at: str
    number: int
    digest: str


@dataclass(frozen=True)
class Verdict:
    entries: int
    digest: str
    faults: tuple[ChainFault, ...]


def seal_on_commit(sessions: Any) -> None:
    """Have every transaction of these sessions seal what it wrote to the audit, last of all.

    What is locked meanwhile is locked for the commit alone.
    """
    event.listen(sessions, "after_flush", _remember)
    event.listen(sessions, "before_commit", _seal)
    event.listen(sessions, "after_rollback", _forget)


def _remember(session: Session, _flushing: Any) -> None:
    entries = [row for row in session.new if isinstance(row, AuditEntry)]
    if entries:
        session.info.setdefault(_WRITTEN, []).extend(entries)


def _forget(session: Session) -> None:
    session.info.pop(_WRITTEN, None)


def _seal(session: Session) -> None:
    session.flush()
    entries: list[AuditEntry] = session.info.pop(_WRITTEN, [])
    if not entries:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": SEALING_LOCK})
    keyed = _keyed()
    head = session.get(AuditHead, HEAD, populate_existing=True)
    if head is None:
        head = AuditHead(id=HEAD, number=0, digest=BEGINNING, mark="")
        session.add(head)
        # What was written before there was a chain is taken as it is.
        entries = list(session.scalars(select(AuditEntry)))
    for entry in sorted(entries, key=lambda entry: entry.id):
        head.number += 1
        head.digest = _link(keyed, head.digest, _line(head.number, entry.id, *_cells(entry)))
        session.add(AuditSeal(number=head.number, entry_id=entry.id, digest=head.digest))
    head.mark = _mark(keyed, head.number, head.digest)
    session.flush()


def _cells(entry: AuditEntry) -> tuple[str, str, str, str, str | None, Any]:
    facts = json.loads(json.dumps(entry.facts if entry.facts is not None else {}))
    return _instant(entry.at), entry.actor, entry.action, entry.subject, entry.purpose, facts


def _instant(value: datetime | str) -> str:
    """As SQLite has it, without a zone, or as PostgreSQL gives it."""
    if isinstance(value, str):
        return value.replace(" ", "T")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def _line(number: int, entry_id: int, *cells: Any) -> bytes:
    return _encode([number, entry_id, *cells]).encode()


def _keyed() -> KeyedHash:
    ring = key_ring()
    return keyed_digests(ring.derived_key("audit"), ring.hash)


def _link(keyed: KeyedHash, before: str, line: bytes) -> str:
    return keyed(before.encode() + line).hex()


def _mark(keyed: KeyedHash, number: int, digest: str) -> str:
    return keyed(f"head {number} {digest}".encode()).hex()


_CHAIN = """
SELECT s.number, s.entry_id, s.digest, e.id, e.at, e.actor, e.action, e.subject, e.purpose, e.facts
FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id ORDER BY s.number"""
_UNSEALED = """
SELECT e.id FROM audit_entry e LEFT JOIN audit_seal s ON s.entry_id = e.id WHERE s.number IS NULL ORDER BY e.id"""


def verify(connection: Connection, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Follow the whole chain; every entry that was edited, deleted, moved, cut off or put in by other ways is named."""
    keyed = _keyed()
    at_anchor = {anchor.number: anchor.digest for anchor in anchors}
    faults: list[ChainFault] = []
    last, digest = 0, BEGINNING
    for row in _rows(connection, _CHAIN):
        number, entry_id, sealed = row[:3]
        faults += [ChainFault(FaultKind.DELETED, missing) for missing in range(last + 1, number)]
        if row[3] is None:
            faults.append(ChainFault(FaultKind.DELETED, number))
        else:
            due = _link(keyed, digest, _line(number, entry_id, *_read(row[4:])))
            if number != last + 1 or not due == sealed == at_anchor.get(number, sealed):
                faults.append(ChainFault(FaultKind.EDITED, number))
        last, digest = number, sealed
    faults += _at_the_end(connection, keyed, last, digest, at_anchor)
    faults += [ChainFault(FaultKind.UNSEALED, row[0]) for row in _rows(connection, _UNSEALED)]
    return Verdict(last, digest, tuple(faults))


def _read(cells: Sequence[Any]) -> tuple[Any, ...]:
    at, *said, facts = cells
    if isinstance(facts, str):
        facts = {} if facts == "{}" else json.loads(facts)
    return _instant(at), *said, facts


def _at_the_end(
    connection: Connection, keyed: KeyedHash, last: int, digest: str, anchors: Mapping[int, str]
) -> Iterable[ChainFault]:
    furthest = max(anchors, default=0)
    head = connection.execute(text("SELECT number, digest, mark FROM audit_head")).first()
    if head is None:
        if last:
            yield ChainFault(FaultKind.HEAD, last)
    elif head.mark != _mark(keyed, head.number, head.digest):
        yield ChainFault(FaultKind.HEAD, last)
    else:
        furthest = max(furthest, head.number)
        if head.number == last and head.digest != digest:
            yield ChainFault(FaultKind.EDITED, last)
        elif head.number < last:
            yield ChainFault(FaultKind.HEAD, last)
    if furthest > last:
        yield ChainFault(FaultKind.TRUNCATED, last + 1)


def _rows(connection: Connection, query: str) -> Iterator[Any]:
    """The driver's own rows: a million of them are looked at."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(query)
        while part := cursor.fetchmany(ROWS_A_FETCH):
            yield from part
    finally:
        cursor.close()


def anchor_now(connection: Connection, now: datetime) -> Anchor | None:
    """Where the chain ends now; None before its first entry."""
    head = connection.execute(text("SELECT number, digest FROM audit_head")).first()
    return Anchor(_instant(now), head.number, head.digest) if head else None
