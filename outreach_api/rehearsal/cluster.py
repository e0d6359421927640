"""A throw-away PostgreSQL server: in a folder that goes away, on a local socket only, not waiting for disks."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import psycopg

START_SECONDS = 30
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    # A copied database is copied file by file; the other way writes every page into a log that nobody will replay.
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class Owner(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass
class Cluster:
    folder: Path
    programs: Path
    settings: Mapping[str, str]
    owner: Owner
    numbers: Iterator[int] = field(default_factory=itertools.count)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def start(self) -> None:
        """Start the server, again perhaps; it answers when this returns."""
        options = [option for name, value in self.settings.items() for option in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self.folder / "db"), "-k", str(self.folder), *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self.owner)
        _wait_until_it_answers(self._process, self.folder)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server. SIGINT is its fast shutdown: sessions are ended, not waited for; SIGQUIT is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        address = f"host={self.folder} user=postgres dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def create_database(self, *, template: str = "template1") -> str:
        name = f"made_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop_database(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


def _owner() -> Owner:
    """PostgreSQL refuses to run as root; root hands it to an account that exists for this."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextmanager
def running_cluster(programs: Path, settings: Mapping[str, str] = SETTINGS) -> Iterator[Cluster]:
    """Start a server from the folder that holds initdb and postgres; it ends with the block."""
    # A socket's path may have about 100 characters, which pytest's own folders can exceed.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    owner = _owner()
    try:
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        # No locale and not the machine's locale: sorting is then the same everywhere.
        initdb = [
            str(programs / "initdb"),
            "-D",
            str(folder / "db"),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run([*initdb, "--no-locale"], check=True, capture_output=True, cwd=folder, **owner)
        cluster = Cluster(folder, programs, settings, owner)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_answers(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(f"host={folder} user=postgres dbname=postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text('utf-8', 'replace')}")
