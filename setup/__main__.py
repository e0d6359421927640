"""Run the steps that are still to do, or with --check only say by the exit status whether there are any.

python -m setup [--check] all|main    (main: the main environment, which is in place once this runs)
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import FrameType

from setup.stamps import leave
from setup.steps import LOGS, ROOT, STATE, Step, environment_for, missing_steps
from setup.words import Text

TAIL_LINES = 30


def show(line: str = "", *, end: str = "\n") -> None:
    print(line, end=end, flush=True)  # noqa: T201 - this is what set-up shows


def run(step: Step) -> bool:
    """Do one step with its noise in a log, and stamp it when it has finished."""
    made_from = step.made_from()
    began = time.monotonic()
    with step.log.open("wb") as log:
        process = subprocess.Popen(
            step.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=environment_for(step)
        )
        try:
            succeeded = _wait(process, step, began) == 0 and step.has_product()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    seconds = time.monotonic() - began
    if succeeded:
        leave(step.stamp, made_from)
        show(f"{_clear()}  ✓ {step.title}  {seconds:.1f} s")
    else:
        show(f"{_clear()}  ✗ {step.title}  {seconds:.1f} s")
        explain_failure(step)
    return succeeded


def _clear() -> str:
    return "\r\x1b[K" if sys.stdout.isatty() else ""


def _wait(process: subprocess.Popen[bytes], step: Step, began: float) -> int:
    """Wait for the end, counting the seconds on a terminal.

    A launcher that was killed outright can't tell us: its lock is free then, and two of us would do the same step.
    """
    launcher = os.getppid()
    while os.getppid() == launcher:
        if sys.stdout.isatty():
            show(f"{_clear()}  … {step.title}  {time.monotonic() - began:.0f} s", end="")
        try:
            return process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
    sys.exit(1)


def explain_failure(step: Step) -> None:
    lines = step.log.read_text("utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    rest = Text(f"完整日志: {step.log}", f"Whole log: {step.log}")
    sys.stderr.write("\n".join([*lines, "", str(rest), str(step.remedy), ""]))


def _interrupted(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def main(arguments: list[str]) -> int:
    wanted_all = arguments[-1:] == ["all"]
    if "--check" in arguments:
        return int(wanted_all and any(True for _ in missing_steps()))
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    for folder in (STATE, LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    return int(wanted_all and not all(run(step) for step in missing_steps()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
