"""Backups of the operational database, taken while the house works, and their way back.

A backup is a folder: the database, sealed whole under a key of its own, and a manifest. No key is ever in it: who finds
a backup must not be able to read it, and when its key is destroyed nobody can, whoever has a copy. Population files are
not in it either: they are imported anew from the departments' files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, inspect, select
from sqlalchemy.engine import URL, make_url

from models.contact import Contact
from models.crypto import KeyRingFault
from models.resident import Phone
from models.session import Sessions
from outreach_api.backup_keys import BackupKeyFault, BackupKeys
from outreach_api.sealed_file import SealedFileFault, open_file, seal_file

MANIFEST = "manifest.json"
FILES = {"sqlite": "outreach.db", "postgresql": "outreach.dump"}
SEALED = ".sealed"
HASH_BLOCK = 1 << 20


class BackupFault(Exception):  # noqa: N818
    """The backup cannot be taken or brought back; says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    taken_at: datetime
    """By the house's clock, before the first page was copied: whatever happened later may be missing."""
    engine: str
    sha256: str
    key_ids: list[str]
    """Keys on the ring then; the values open with these alone."""
    sealed_with: str | None = None
    """Its own key; None: taken before backups were sealed."""

    def write(self, folder: Path) -> None:
        fields = {**asdict(self), "taken_at": self.taken_at.isoformat()}
        (folder / MANIFEST).write_text(json.dumps(fields, indent=1) + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Raises: BackupFault: there is none, or it is damaged."""
    try:
        fields = json.loads((folder / MANIFEST).read_text("utf-8"))
        return Manifest(**{**fields, "taken_at": datetime.fromisoformat(fields["taken_at"])})
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise BackupFault(f"{folder} holds no whole backup: its {MANIFEST} is missing or damaged") from fault


def back_up(engine: Engine, keys: BackupKeys, folder: Path, *, now: datetime) -> Manifest:
    """Copy the database as it is at one moment, without holding anybody up; `folder` appears only when it is whole.

    Its key is kept first. A backup that fails leaves one that seals nothing.

    Raises:
        BackupFault: the folder exists, or the server's own program failed.
    """
    if folder.exists():
        raise BackupFault(f"{folder} exists already: a backup is never written over another")
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    kind = engine.dialect.name
    file = unfinished / FILES[kind]
    _copy_sqlite(Path(engine.url.database or ""), file) if kind == "sqlite" else _dump(engine.url, file)
    key_id, key = keys.make(now=now)
    sealed = file.with_name(file.name + SEALED)
    seal_file(file, sealed, key, context=key_id)
    file.unlink()
    manifest = Manifest(now, kind, _sha256(sealed), sorted(keys.ring.keys), key_id)
    manifest.write(unfinished)
    unfinished.rename(folder)
    return manifest


def bring_back(folder: Path, url: str, keys: BackupKeys) -> Manifest:
    """Put a backup in the place of a database that does not exist or is empty.

    Raises:
        BackupFault: the backup is damaged, of another engine, or sealed with keys that are not here or were destroyed;
            or the database is in use.
    """
    manifest = read_manifest(folder)
    target = make_url(url)
    if manifest.engine != target.get_backend_name():
        raise BackupFault(f"the backup is of {manifest.engine}, the database is {target.get_backend_name()}")
    absent = sorted(set(manifest.key_ids) - set(keys.ring.keys))
    if absent:
        raise BackupFault(f"keys {', '.join(absent)} are not on the key ring: restore the key file of that time first")
    file = folder / (FILES[manifest.engine] + (SEALED if manifest.sealed_with else ""))
    if not file.exists() or _sha256(file) != manifest.sha256:
        raise BackupFault(f"{file} is missing or not as it was written: take another backup")
    with _opened(file, manifest.sealed_with, keys) as plain:
        _place_sqlite(plain, Path(target.database or "")) if manifest.engine == "sqlite" else _load(plain, target)
    return manifest


@contextlib.contextmanager
def _opened(file: Path, key_id: str | None, keys: BackupKeys) -> Iterator[Path]:
    """The database's file as it was copied, for as long as it is needed."""
    if key_id is None:
        yield file
        return
    with tempfile.TemporaryDirectory(dir=keys.file.parent) as aside:
        plain = Path(aside) / file.name.removesuffix(SEALED)
        try:
            open_file(file, plain, keys.key(key_id), context=key_id)
        except (BackupKeyFault, SealedFileFault, KeyRingFault) as fault:
            raise BackupFault(str(fault)) from fault
        yield plain


def opens(sessions: Sessions) -> None:
    """Read what a restored house needs first. Raises: KeyRingFault: the keys are not those of this database."""
    with sessions.read() as session:
        session.execute(select(Phone.number).limit(1)).all()
        session.execute(select(Contact.text).limit(1)).all()


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup: begun anew by itself when somebody writes meanwhile, so that it is of one moment."""
    reading, writing = sqlite3.connect(source), sqlite3.connect(target)
    try:
        with reading, writing:
            reading.backup(writing)
    finally:
        reading.close()
        writing.close()


def _place_sqlite(file: Path, target: Path) -> None:
    if target.exists():
        raise BackupFault(f"{target} exists: move it away first, it may hold what the backup lacks")
    checked = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        found = checked.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        checked.close()
    if found != "ok":
        raise BackupFault(f"{file} is damaged: {found}")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    shutil.copyfile(file, unfinished)
    for side in ("-wal", "-shm"):
        target.with_name(target.name + side).unlink(missing_ok=True)
    unfinished.rename(target)


def _dump(url: URL, file: Path) -> None:
    _run(["pg_dump", "--format=custom", "--no-owner", f"--file={file}"], url)


def _load(file: Path, url: URL) -> None:
    from models.session import make_engine

    engine = make_engine(url.render_as_string(hide_password=False))
    try:
        if inspect(engine).get_table_names():
            raise BackupFault("the database has tables: create an empty one, what is there may lack in the backup")
    finally:
        engine.dispose()
    _run(["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "--dbname", "", str(file)], url)


def _run(command: list[str], url: URL) -> None:
    """The server's own program, told the address by its environment: a command line can be read by others."""
    environment = {
        "PGHOST": url.host or str(url.query.get("host", "")),
        "PGPORT": str(url.port or ""),
        "PGUSER": url.username or "",
        "PGPASSWORD": str(url.password or ""),
        "PGDATABASE": url.database or "",
    }
    told = {name: value for name, value in environment.items() if value}
    command = [url.database or "" if word == "" else word for word in command]
    program = _program(command[0])
    try:
        subprocess.run([program, *command[1:]], check=True, capture_output=True, env={**os.environ, **told})
    except FileNotFoundError as fault:
        raise BackupFault(f"{command[0]} is not installed: it comes with the PostgreSQL client programs") from fault
    except subprocess.CalledProcessError as fault:
        raise BackupFault(f"{command[0]} failed: {fault.stderr.decode(errors='replace').strip()[-500:]}") from fault


def _program(name: str) -> str:
    from setup import programs

    if shutil.which(name):
        return name
    folder = programs.find_postgres()
    return str(folder / name) if folder is not None and (folder / name).exists() else name


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
