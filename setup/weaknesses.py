"""`./outreach dependencies`: the packages of both lock files held against the list of known weaknesses (OSV)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from setup.steps import ROOT, STATE
from setup.words import Text

PROJECTS = {"main": ROOT, "bot": ROOT / "bot"}
TIMEOUT_S = 60
# One try: a machine without a way out is told so in a second.
ENVIRONMENT = {"UV_HTTP_RETRIES": "0", "UV_HTTP_TIMEOUT": "10"}
USAGE = Text(
    "用法: ./outreach dependencies [--service-url URL]\n  核对两个锁文件中的依赖有无已知漏洞；有则退出码为 1",
    "Usage: ./outreach dependencies [--service-url URL]\n"
    "  Looks for known weaknesses of the packages in both lock files; exit status 1 if there are any",
)


@dataclass(frozen=True)
class Audit:
    packages: int
    weaknesses: tuple[str, ...]
    """One line each: package, version, id, and the versions that are mended."""


class NotAudited(Exception):  # noqa: N818
    """The list could not be asked; the message says why."""


def audit(project: Path, service_url: str | None = None) -> Audit:
    """What is known of the packages a lock file names, those of development apart.

    Raises:
        NotAudited: the service was not reached, or this uv cannot ask it.
    """
    uv = (STATE / "uv").read_text("utf-8").strip()
    command = [uv, "audit", "--frozen", "--no-dev", "--project", str(project), "--output-format", "json"]
    if service_url:
        command += ["--service-url", service_url]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAudited(f"no answer within {TIMEOUT_S} s") from None
    if not done.stdout.strip():
        raise NotAudited(_reason(done.stderr))
    try:
        answer = json.loads(done.stdout)
        return Audit(answer["summary"]["audited_packages"], tuple(_line(one) for one in answer["vulnerabilities"]))
    except (ValueError, KeyError) as unknown:
        # The command is new to uv, and its form may change.
        raise NotAudited(f"uv answered in an unknown form: {unknown!r}") from unknown


def _line(weakness: dict[str, Any]) -> str:
    dependency, mended = weakness["dependency"], weakness["fix_versions"]
    known = f"{dependency['name']} {dependency['version']}  {weakness['display_id']}  {weakness['summary'] or ''}"
    return f"{known.rstrip()}  → {', '.join(mended) or '-'}"


def _reason(errors: str) -> str:
    said = [line.strip() for line in errors.splitlines() if line.strip() and not line.startswith("warning:")]
    return said[0] if said else "uv said nothing"


def tell(service_url: str | None = None) -> bool:
    """Show what is known of each project's packages. Whether all were audited and nothing was found."""
    clean = True
    for name, project in PROJECTS.items():
        try:
            found = audit(project, service_url)
        except NotAudited as why:
            _show(f"  - {Text('依赖未核对', 'dependencies not audited')} ({name}): {why}")
            clean = False
            continue
        mark = "✗" if found.weaknesses else "✓"
        known = Text("已知漏洞", "known weaknesses")
        _show(f"  {mark} {name}: {found.packages} {Text('个依赖', 'packages')}, {known} {len(found.weaknesses)}")
        for line in found.weaknesses:
            _show(f"      {line}")
        clean = clean and not found.weaknesses
    return clean


def _show(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what the command shows


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            return int(not tell())
        case ["--service-url", url]:
            return int(not tell(url))
        case ["-h" | "--help"]:
            _show(str(USAGE))
            return 0
        case _:
            _show(str(USAGE))
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
