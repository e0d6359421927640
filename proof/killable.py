"""A part of the house that is killed and started again: afresh, or by a process that has loaded everything already."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from outreach_api.processes import ProcessFault
from proof.killed_house import NURSERY
from proof.outside import program_of, wait_for


class Killable:
    """One process at a time. Leaving the block ends it, and the process that forks."""

    def __init__(self, part: str, environment: Mapping[str, str]) -> None:
        self._part = part
        self._afresh = program_of(part, environment)
        self._environment = {**os.environ, **environment}
        self._log = Path(environment["OUTREACH_HOME"]) / f"{part}.log"
        self._nursery: subprocess.Popen[str] | None = None
        self._pid = 0

    def __enter__(self) -> Self:
        command = [sys.executable, "-P", "-m", "proof.killed_house", self._part, NURSERY]
        with self._log.open("ab") as log:
            self._nursery = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=self._environment, text=True
            )
        self.start(afresh=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._nursery is not None:
            self._nursery.communicate()

    def start(self, *, afresh: bool) -> None:
        """Raises: ProcessFault: it does not start."""
        if afresh:
            self._afresh.start()
            self._pid = self._afresh.pid
            return
        nursery = self._nursery
        if nursery is None or nursery.stdin is None or nursery.stdout is None:
            raise ProcessFault(f"{self._part} has no process to come from")
        with contextlib.suppress(BrokenPipeError):
            nursery.stdin.write("\n")
            nursery.stdin.flush()
        told = nursery.stdout.readline()
        if not told:
            raise ProcessFault(f"what forks {self._part} ended: see {self._log}")
        self._pid = int(told)

    def kill(self) -> float:
        """End it by SIGKILL, and wait until it is gone; when that began."""
        began = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._afresh.stop()
        wait_for(lambda: not self._lives())
        return began

    def check(self) -> None:
        """Raises: ProcessFault: it has ended by itself."""
        if not self._lives():
            raise ProcessFault(f"{self._part} ended: see {self._log}")

    def _lives(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return True
