"""What this program is made of, from its lock files: CycloneDX 1.6."""

from __future__ import annotations

import json
import tomllib
from base64 import b64decode
from pathlib import Path
from typing import Any

from outreach_api.commands.console import OUT
from outreach_api.settings import ROOT

LOCKS = (ROOT / "uv.lock", ROOT / "bot" / "uv.lock")
BROWSER = ROOT / "outreach_api" / "web"


def sbom() -> None:
    OUT.print(json.dumps(bill(LOCKS, BROWSER), indent=1), markup=False, highlight=False, soft_wrap=True)


def bill(locks: tuple[Path, ...], browser: Path) -> dict[str, Any]:
    """Every package of the lock files, and every library that the browser loads, with version and hash."""
    found = {component["purl"]: component for lock in locks for component in _components(lock)}
    found |= {component["purl"]: component for component in _libraries(browser)}
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


def _libraries(folder: Path) -> list[dict[str, Any]]:
    """What the console's pages load; it is taken from npm's tarballs at set-up."""
    wanted = json.loads((folder / "package.json").read_text("utf-8"))["vendor"]
    locked = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    entries = {name: locked[f"node_modules/{name}"] for name in wanted}
    return [_library(name, entry["version"], entry["integrity"]) for name, entry in entries.items()]


def _library(name: str, version: str, integrity: str) -> dict[str, Any]:
    purl = f"pkg:npm/{name.replace('@', '%40')}@{version}"
    digests = [
        b64decode(part.removeprefix("sha512-")).hex() for part in integrity.split() if part.startswith("sha512-")
    ]
    return _listed(name, version, purl, [{"alg": "SHA-512", "content": digest} for digest in digests])


def _component(package: dict[str, Any]) -> dict[str, Any]:
    name, version = package["name"], package["version"]
    files = [package["sdist"]] if "sdist" in package else package.get("wheels", [])
    hashes = sorted({one["hash"].removeprefix("sha256:") for one in files if "hash" in one})
    purl = f"pkg:pypi/{name}@{version}"
    return _listed(name, version, purl, [{"alg": "SHA-256", "content": digest} for digest in hashes])


def _listed(name: str, version: str, purl: str, hashes: list[dict[str, str]]) -> dict[str, Any]:
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl, "hashes": hashes}
