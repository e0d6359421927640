"""The keys of backups: one each, in one small file, and what makes a backup unreadable wherever its copies lie.

Each key is sealed with the key ring, so that this file alone opens nothing, nor does a backup with the key ring alone.
When a key is destroyed, the backup it sealed is noise: on the disk, on the tape and at whoever was given a copy.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from models.ciphers import CIPHER_OF, new_key
from models.crypto import KeyRing

CONTEXT = "backup.key"


class BackupKeyFault(Exception):  # noqa: N818
    """There is no such key any more, or the file of keys is damaged."""


@dataclass(frozen=True)
class BackupKey:
    id: str
    taken_at: datetime
    sealed: str | None
    """None once it is destroyed."""
    destroyed_at: datetime | None = None

    def ends_at(self, lasts: timedelta) -> datetime:
        return self.taken_at + lasts


class BackupKeys:
    def __init__(self, file: Path, ring: KeyRing) -> None:
        self.file, self.ring = file, ring

    def all(self) -> list[BackupKey]:
        """Oldest first, destroyed ones among them.

        Raises:
            BackupKeyFault: the file is damaged.
        """
        if not self.file.exists():
            return []
        with self._locked(fcntl.LOCK_SH):
            return self._load()

    def make(self, *, now: datetime) -> tuple[str, bytes]:
        """A key for one backup, kept before anything is sealed with it, and its id."""
        key = new_key(CIPHER_OF[len(self.ring.keys[self.ring.active])])
        key_id = f"b{now:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"
        sealed = self.ring.seal(b64encode(key).decode(), context=_context(key_id))
        with self._changed() as keys:
            keys.append(BackupKey(key_id, now, sealed))
        return key_id, key

    def key(self, key_id: str) -> bytes:
        """Raises: BackupKeyFault: it is not here, or was destroyed; KeyRingFault: its own key is not on the ring."""
        found = next((one for one in self.all() if one.id == key_id), None)
        if found is None:
            raise BackupKeyFault(f"key {key_id} is not in {self.file}: bring back the copy of that file first")
        if found.sealed is None:
            raise BackupKeyFault(f"the backup cannot be opened any more: its key was destroyed at {found.destroyed_at}")
        return b64decode(self.ring.open(found.sealed, context=_context(key_id)))

    def destroy(self, *, taken_before: datetime, now: datetime) -> list[str]:
        """Destroy the keys of backups taken before then; their ids."""
        if not any(_is_due(one, taken_before) for one in self.all()):
            return []
        with self._changed() as keys:
            due = [one.id for one in keys if _is_due(one, taken_before)]
            keys[:] = [BackupKey(one.id, one.taken_at, None, now) if one.id in due else one for one in keys]
        return due

    def reseal(self) -> int:
        """Seal with the ring's active key whatever another one has sealed; how many."""
        mark = f"{self.ring.active}."
        others = [one.id for one in self.all() if one.sealed and not one.sealed.startswith(mark)]
        if not others:
            return 0
        with self._changed() as keys:
            keys[:] = [self._resealed(one) if one.id in others and one.sealed else one for one in keys]
        return len(others)

    def needs(self, ring_key: str) -> int:
        """How many keys a key of the ring has sealed."""
        return sum(bool(one.sealed and one.sealed.startswith(f"{ring_key}.")) for one in self.all())

    def _resealed(self, one: BackupKey) -> BackupKey:
        opened = self.ring.open(one.sealed or "", context=_context(one.id))
        return BackupKey(one.id, one.taken_at, self.ring.seal(opened, context=_context(one.id)), one.destroyed_at)

    def _load(self) -> list[BackupKey]:
        if not self.file.exists():
            return []
        try:
            return [_read(one) for one in json.loads(self.file.read_text("utf-8"))]
        except (ValueError, KeyError, TypeError) as fault:
            raise BackupKeyFault(f"{self.file} is damaged: restore it from its copy") from fault

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
            fcntl.flock(lock, how)
            yield

    @contextlib.contextmanager
    def _changed(self) -> Iterator[list[BackupKey]]:
        """The keys, to be changed by one process at a time; half a file is never seen."""
        with self._locked(fcntl.LOCK_EX):
            keys = self._load()
            yield keys
            unfinished = self.file.with_name(f".{self.file.name}.new")
            unfinished.unlink(missing_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
                json.dump([_written(one) for one in keys], target, indent=1)
                target.flush()
                os.fsync(target.fileno())
            with self.file.open("r+b") if self.file.exists() else contextlib.nullcontext() as old:
                unfinished.replace(self.file)
                if old is not None:
                    # What a destroyed key was is not left in the blocks of the file that goes.
                    old.write(b"\0" * os.fstat(old.fileno()).st_size)
                    old.flush()
                    os.fsync(old.fileno())


def _is_due(one: BackupKey, taken_before: datetime) -> bool:
    return one.sealed is not None and one.taken_at < taken_before


def _context(key_id: str) -> str:
    return f"{CONTEXT}.{key_id}"


def _written(one: BackupKey) -> dict[str, str | None]:
    fields = asdict(one)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}


def _read(fields: dict[str, str | None]) -> BackupKey:
    destroyed = fields["destroyed_at"]
    return BackupKey(
        id=str(fields["id"]),
        taken_at=datetime.fromisoformat(str(fields["taken_at"])),
        sealed=fields["sealed"],
        destroyed_at=datetime.fromisoformat(destroyed) if destroyed else None,
    )
