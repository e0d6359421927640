"""Where arrivals wait while the database is away: one sealed line each, on the disk before its sender is answered.

The processes of a machine share the folder, and any of them empties it, in the order of the lines. A line may be taken
twice, after a crash in between: what arrives has its effects once by its own reference.

What knows the database is imported where it is used: a start begins with this module, and SQLAlchemy would take half of
the time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import structlog

from models.crypto import KeyRing, KeyRingFault
from outreach_api.settings import Settings

CONTEXT = "spool"
AT_A_TIME = 200
MEGABYTE = 1_000_000
ROOM_FOR_ONE = 100_000
"""A webhook's body is 64 kB at most."""
ARRIVED, DRAINING, REFUSED = "arrived", "draining", "refused"
STAMP = "%Y%m%dT%H%M%S"
Entry = Mapping[str, Any]
Take = Callable[[Sequence[Entry]], None]
Outcome = TypeVar("Outcome")
log = structlog.get_logger(__name__)


class SpoolFault(Exception):  # noqa: N818
    """Neither the database nor this disk takes what arrived: the sender has to bring it again."""


@dataclass(frozen=True)
class Waiting:
    """What is on the spool."""

    entries: int
    refused: int
    """Lines that no database would take; they are kept for a person to look at."""


class Spool:
    """A folder; all that is known of it is in its files."""

    def __init__(self, folder: Path, ring: KeyRing, *, most_bytes: int) -> None:
        self._ring = ring
        self._most_bytes = most_bytes
        self._folder = folder
        self._arrived, self._draining, self._refused = (folder / name for name in (ARRIVED, DRAINING, REFUSED))

    @classmethod
    def of(cls, settings: Settings, ring: KeyRing) -> Spool:
        """The one of this installation and machine."""
        return cls(settings.spool_folder, ring, most_bytes=settings.spool_megabytes * MEGABYTE)

    def keep(self, write: Callable[[], Outcome], entries: Sequence[Entry]) -> Outcome | None:
        """Write to the database; where that is away, or earlier arrivals still wait for it, put the entries here.

        Raises:
            SpoolFault: there is no room here either.
        """
        from models.session import DATABASE_AWAY

        if self.is_empty():
            try:
                return write()
            except DATABASE_AWAY as fault:
                log.warning("arrivals_spooled", entries=len(entries), fault=type(fault).__name__)
                self.append(entries)
                return None
        self.append(entries)
        return None

    def is_empty(self) -> bool:
        return not (_size(self._arrived) or _size(self._draining))

    def has_room(self) -> bool:
        """Whether another arrival could be kept, as far as can be seen without one."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return False
        left = self._most_bytes - _size(self._arrived) - _size(self._draining)
        return min(left, free) > ROOM_FOR_ONE and os.access(self._folder, os.W_OK)

    def waiting(self) -> Waiting:
        refused = (self._refused, *self._set_aside())
        return Waiting(_lines(self._arrived) + _lines(self._draining), sum(map(_lines, refused)))

    def refused_before(self, instant: datetime) -> int:
        """How many lines that no database took were set aside before then."""
        return sum(_lines(path) for path in self._set_aside() if _set_aside_at(path) < instant)

    def forget_refused(self, *, before: datetime, now: datetime) -> int:
        """Remove what was set aside before then, and set aside what was refused since; how many lines went."""
        gone = self.refused_before(before)
        for path in self._set_aside():
            if _set_aside_at(path) < before:
                path.unlink(missing_ok=True)
        if _size(self._refused):
            # A line says of itself no more than who opens it can read: its term runs from the night it was found.
            with self._locked("drain"):
                self._refused.rename(self._folder / f"{REFUSED}.{now.astimezone(UTC):{STAMP}}")
        return gone

    def _set_aside(self) -> list[Path]:
        return sorted(self._folder.glob(f"{REFUSED}.*"))

    def append(self, entries: Sequence[Entry]) -> None:
        """Put entries at the end, safely on the disk.

        Raises:
            SpoolFault: the spool or its disk is full, or cannot be written.
        """
        sealed = self._ring.seal_many([json.dumps(entry, ensure_ascii=False) for entry in entries], context=CONTEXT)
        block = "".join(f"{line}\n" for line in sealed).encode()
        try:
            with self._locked("append"):
                if _size(self._arrived) + _size(self._draining) + len(block) > self._most_bytes:
                    raise SpoolFault("the spool is full")
                _append(self._arrived, block)
        except OSError as fault:
            log.error("spool_unwritable", entries=len(entries), error=fault.errno)  # noqa: TRY400
            raise SpoolFault("the spool cannot be written") from fault

    def drain(self, take: Take) -> int:
        """Let all that waits be taken, oldest first; how many that were.

        Raises:
            one of DATABASE_AWAY: not yet; everything that was not taken still waits.
        """
        drained = 0
        if self.is_empty():
            return drained
        with self._locked("drain"):
            while self._next_part():
                with self._draining.open(encoding="ascii", errors="replace") as lines:
                    while some := list(islice(lines, AT_A_TIME)):
                        drained += self._take(some, take)
                self._draining.unlink()
        if drained:
            log.warning("spool_drained", entries=drained)
        return drained

    def _next_part(self) -> bool:
        """Whether there is something to drain: what a crash left of it first, else what has arrived since."""
        if self._draining.exists():
            return True
        with self._locked("append"):
            if not _size(self._arrived):
                return False
            self._arrived.rename(self._draining)
            _sync(self._folder)
            return True

    def _take(self, lines: Sequence[str], take: Take) -> int:
        """Together, or, where one is in the way of the others, each by itself."""
        from models.session import DATABASE_AWAY

        whole = [line for line in lines if line.strip()]
        try:
            take([self._opened(line) for line in whole])
        except DATABASE_AWAY:
            raise
        except Exception as fault:
            if len(whole) == 1:
                log.exception("spool_entry_refused", fault=type(fault).__name__)
                _append(self._refused, f"{whole[0].strip()}\n".encode())
                return 0
            return sum(self._take([line], take) for line in whole)
        return len(whole)

    def _opened(self, line: str) -> Entry:
        """The entry of a line.

        Raises:
            KeyRingFault: it is none: half a line, that nobody was answered for, or sealed elsewhere.
        """
        try:
            entry: Entry = json.loads(self._ring.open(line.strip(), context=CONTEXT))
        except ValueError as fault:
            raise KeyRingFault("a line of the spool does not open") from fault
        return entry

    @contextlib.contextmanager
    def _locked(self, what: str) -> Iterator[None]:
        """One at a time, over all processes of the machine; the lock ends with its process."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / f"{what}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _set_aside_at(path: Path) -> datetime:
    return datetime.strptime(path.suffix.removeprefix("."), STAMP).replace(tzinfo=UTC)


def as_entry(kind: str, values: Mapping[str, Any]) -> Entry:
    """A row as it is kept on the spool, its instants as text."""
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    return {"kind": kind, **plain}


def _append(path: Path, block: bytes) -> None:
    """Whole and on the disk, or not at all."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        before = os.fstat(handle).st_size
        torn = before > 0 and os.pread(handle, 1, before - 1) != b"\n"
        try:
            _write(handle, b"\n" + block if torn else block)
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, before)
            raise
    finally:
        os.close(handle)
    if not before:
        _sync(path.parent)


def _write(handle: int, block: bytes) -> None:
    """A disk that fills up takes a part, and says why only when asked for the rest."""
    written = 0
    while written < len(block):
        written += os.write(handle, block[written:])


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(MEGABYTE), b""))
    except FileNotFoundError:
        return 0
