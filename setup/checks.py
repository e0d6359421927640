"""`./outreach test`: style, types and layers, then the tests; pytest's own closing line comes last."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time

from setup import programs, weaknesses
from setup.steps import ROOT, STATE
from setup.words import Text

CHECKS = {
    "ruff check": ["ruff", "check", "--quiet"],
    "ruff format": ["ruff", "format", "--check", "--quiet"],
    "mypy": ["mypy", "--no-error-summary", "."],
    "import-linter": ["setup.layers"],
}
USAGE = Text(
    "用法: ./outreach test [--all] [--postgres] [pytest 的参数]\n"
    "  --all       连同耗时的完整矩阵\n"
    "  --postgres  所有数据库都用 PostgreSQL",
    "Usage: ./outreach test [--all] [--postgres] [pytest's own arguments]\n"
    "  --all       with the long, exhaustive matrices\n"
    "  --postgres  every database on PostgreSQL",
)
WORKERS = 2


def run_check(name: str, command: list[str]) -> bool:
    """One check; its output is shown only when it fails."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )
    passed = done.returncode == 0
    _show(f"  {'✓' if passed else '✗'} {name}  {time.monotonic() - began:.1f} s")
    if not passed:
        _show((done.stdout + done.stderr).strip())
    return passed


def _show(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what the command shows


def fetch_spark() -> None:
    """PySpark is 400 MB: it is fetched where its tests are asked for and can run. Without it they say "not run"."""
    if importlib.util.find_spec("pyspark") is not None or programs.find_java() is None:
        return
    uv = (STATE / "uv").read_text("utf-8").strip()
    sync = [uv, "sync", "--frozen", "--quiet", "--inexact", "--group", "spark", "--project", str(ROOT)]
    done = subprocess.run(sync, check=False)
    _show(f"  {'✓' if done.returncode == 0 else '✗'} PySpark")


def pytest_command(arguments: list[str]) -> list[str]:
    """Tests share a costly bot, browser or server only within one worker: loadgroup keeps those together."""
    chosen = [] if "--all" in arguments else ["-m", "not exhaustive"]
    own = [argument for argument in arguments if argument != "--all"]
    return ["-m", "pytest", "-n", str(WORKERS), "--dist", "loadgroup", *chosen, *own]


def main(arguments: list[str]) -> int:
    if {"-h", "--help"} & set(arguments):
        _show(str(USAGE))
        return 0
    if "--all" in arguments:
        fetch_spark()
    # Told, and no more: what became known over night is no fault of this change.
    weaknesses.tell()
    failed = [name for name, command in CHECKS.items() if not run_check(name, command)]
    environment = {**os.environ, "OUTREACH_FAILED_CHECKS": ", ".join(failed)}
    status = subprocess.run([sys.executable, *pytest_command(arguments)], cwd=ROOT, env=environment, check=False)
    return status.returncode or int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
