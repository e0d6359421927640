"""Programs the house starts beside itself on loopback (bot, sandbox), and ends again by the id it started."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from outreach_api.language import say

READY_SECONDS = 120.0
STOP_SECONDS = 10.0
LOG_TAIL_LINES = 15


class ProcessFault(Exception):  # noqa: N818
    """A program did not start or ended too early; the message ends with the tail of its log."""


def end_what_was_started() -> None:
    """From here on a SIGTERM leaves every block on its way out: ended from outside, a run ends what it started."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def refuse_taken_port(port: int) -> None:
    """Raises: ProcessFault: something listens on this port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as fault:
            zh = f"端口 {port} 已被占用；用 --port 换一个"
            raise ProcessFault(say(zh, f"port {port} is taken; choose another with --port")) from fault


@contextlib.contextmanager
def sole_use_of(home: Path) -> Iterator[None]:
    """Keep a second run out of a folder that the first still works in; the lock ends with its process.

    Raises:
        ProcessFault: another run has the folder.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            zh, en = f"{home} 正被另一次演示使用；先结束它", f"{home} is in use by another run; end that one first"
            raise ProcessFault(say(zh, en)) from fault
        yield


class Program:
    """One child process with its log. Use as a context manager; leaving the block ends it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        ready_url: str | None,
        ready_seconds: float = READY_SECONDS,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(word) for word in command]
        self._ready_url = ready_url
        self._ready_seconds = ready_seconds
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Program:
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"  # noqa: S101 - a fault of ours, not of the outside
        return self._process.pid

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._env
            )

    def check(self) -> None:
        """Raises: ProcessFault: it has ended."""
        if self._process is not None and self._process.poll() is not None:
            raise ProcessFault(f"{self.name} ended with status {self._process.returncode}\n{self._tail()}")

    def wait_until_ready(self) -> None:
        """Until it answers; a program without an address to ask is ready when it runs."""
        if self._ready_url is None:
            self.check()
            return
        import httpx

        deadline = time.monotonic() + self._ready_seconds
        with httpx.Client(timeout=2.0, trust_env=False) as client:
            while time.monotonic() < deadline:
                self.check()
                try:
                    if client.get(self._ready_url).status_code < 500:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
        raise ProcessFault(f"{self.name} was not ready within {self._ready_seconds:.0f} s\n{self._tail()}")

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tail(self) -> str:
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        except OSError:
            return ""
