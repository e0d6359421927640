"""What this program is made of, from its lock files: CycloneDX 1.6."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from outreach_api.commands.console import OUT
from outreach_api.settings import ROOT

LOCKS = (ROOT / "uv.lock", ROOT / "bot" / "uv.lock")


def sbom() -> None:
    OUT.print(json.dumps(bill(LOCKS), indent=1), markup=False, highlight=False, soft_wrap=True)


def bill(locks: tuple[Path, ...]) -> dict[str, Any]:
    """Every package of the lock files with its version and the hash of its source."""
    found = {component["purl"]: component for lock in locks for component in _components(lock)}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "benefit-outreach"}},
        "components": [found[purl] for purl in sorted(found)],
    }


def _components(lock: Path) -> list[dict[str, Any]]:
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return [_component(one) for one in packages if "registry" in one["source"]]


def _component(package: dict[str, Any]) -> dict[str, Any]:
    name, version = package["name"], package["version"]
    files = [package["sdist"]] if "sdist" in package else package.get("wheels", [])
    hashes = sorted({one["hash"].removeprefix("sha256:") for one in files if "hash" in one})
    purl = f"pkg:pypi/{name}@{version}"
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": purl,
        "bom-ref": purl,
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in hashes],
    }
