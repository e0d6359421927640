"""Fetch uv without pip: for a Python that came without pip or venv.

Runs under whatever Python 3.11 the machine has, before any environment exists: standard library only.
"""

from __future__ import annotations

import hashlib
import io
import platform
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path

TIMEOUT_SECONDS = 180


def wheel_for(lock: str, *, system: str, machine: str) -> tuple[str, str]:
    """Choose the wheel for this machine; its address and SHA-256.

    Raises:
        LookupError: uv publishes no wheel for this machine.
    """
    system = {"Linux": "linux", "Darwin": "macosx"}.get(system, system.lower())
    machine = {"arm64": "aarch64"}.get(machine, machine) if system == "linux" else machine
    packages = tomllib.loads(lock)["package"]
    for wheel in next(package["wheels"] for package in packages if package["name"] == "uv"):
        tags = wheel["url"].rsplit("/", 1)[-1].removesuffix(".whl").split("-")[-1].split(".")
        # The manylinux and musllinux builds are both static enough; the first that fits is taken.
        if any(system in tag and tag.endswith(machine) for tag in tags):
            return wheel["url"], wheel["hash"].removeprefix("sha256:")
    raise LookupError(f"no uv for {system} {machine}")


def program_in(wheel: bytes, sha256: str) -> bytes:
    """The uv program inside the wheel, once the wheel is what the lock promised."""
    if hashlib.sha256(wheel).hexdigest() != sha256:
        raise ValueError("the uv that arrived is not the one in the lock (SHA-256 differs)")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        return archive.read(name)


def main(lock: Path, program: Path) -> None:
    url, sha256 = wheel_for(lock.read_text("utf-8"), system=platform.system(), machine=platform.machine())
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - https, from our own lock
        content = program_in(answer.read(), sha256)
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(content)
    program.chmod(0o755)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (OSError, LookupError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
