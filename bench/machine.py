"""The machine a figure was measured on, with what makes figures differ: cores, disk, and who else was busy."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

SYNCS = 15
PAGE = b"\0" * 4096


def describe_machine() -> dict[str, Any]:
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 1,
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "disk_sync_ms": round(disk_sync_ms(), 2),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def disk_sync_ms() -> float:
    """How long this disk takes to make a page durable, which bounds every commit."""
    with tempfile.NamedTemporaryFile(dir=Path(__file__).resolve().parent.parent / "var") as file:
        return median(_sync(file.fileno()) for _ in range(SYNCS)) * 1000


def _sync(descriptor: int) -> float:
    os.write(descriptor, PAGE)
    began = time.perf_counter()
    os.fsync(descriptor)
    return time.perf_counter() - began


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
