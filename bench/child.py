"""Work in a process of its own, so that its memory and its CPU time are its own too."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from outreach_api.processes import ProcessFault
from outreach_api.settings import ROOT

# Linux counts in kilobytes, macOS in bytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
LOG_TAIL_CHARACTERS = 2000


@dataclass(frozen=True)
class Done:
    result: Any
    peak_mb: float
    cpu_s: float


def run_in_child(function: str, **given: Any) -> Done:
    """Call `module:function` with values that JSON can carry; what it returns, and what it used.

    Raises:
        ProcessFault: it failed; the message ends with what it said.
    """
    command = [sys.executable, "-P", "-m", "bench.child", function, json.dumps(given)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise ProcessFault(f"{function} ended with status {done.returncode}\n{done.stderr[-LOG_TAIL_CHARACTERS:]}")
    return Done(**json.loads(done.stdout.splitlines()[-1]))


def used() -> Mapping[str, float]:
    """Peak memory and CPU time of this process, threads included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"peak_mb": usage.ru_maxrss * RSS_UNIT / 1_000_000, "cpu_s": usage.ru_utime + usage.ru_stime}


def main() -> None:
    module, _, name = sys.argv[1].partition(":")
    result = getattr(import_module(module), name)(**json.loads(sys.argv[2]))
    print(json.dumps({"result": result, **used()}))


if __name__ == "__main__":
    main()
