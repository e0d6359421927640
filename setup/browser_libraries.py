"""Browser libraries of the console: npm tarballs, fetched and verified by the lock file, without Node.

package.json says under "vendor" which files of which package are needed; licences are among them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import os
import shutil
import sys
import tarfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit, urlunsplit

ATTEMPTS = 3
TIMEOUT_SECONDS = 60
LARGEST_FILE = 20_000_000

Fetch = Callable[[str], bytes]


class RefusedError(Exception):
    """What arrived is not what the lock promised, or must not be unpacked."""


@dataclass(frozen=True)
class Package:
    name: str
    url: str
    integrity: str
    files: tuple[str, ...]


def locked_packages(folder: Path) -> list[Package]:
    wanted = json.loads((folder / "package.json").read_text("utf-8"))["vendor"]
    locked = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    return [
        Package(name, entry["resolved"], entry["integrity"], tuple(files))
        for name, files in wanted.items()
        for entry in [locked[f"node_modules/{name}"]]
    ]


def configured_registry() -> str | None:
    """The npm registry this machine was told to use, from the environment or ~/.npmrc."""
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        lines = (Path.home() / ".npmrc").read_text("utf-8").splitlines()
    except (OSError, RuntimeError, UnicodeDecodeError):
        return None
    settings = (line.partition("=") for line in lines)
    return next((value.strip(" \"'") for key, _, value in settings if key.strip() == "registry"), None)


def address(url: str, registry: str | None) -> str:
    """The tarball's address on the configured registry; its content is checked against the lock either way."""
    if not registry:
        return url
    base, path = urlsplit(registry), urlsplit(url).path
    return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + path, "", ""))


def download(url: str) -> bytes:
    if urlsplit(url).scheme not in {"https", "http"}:
        raise RefusedError(f"{url}: neither https nor http")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked above
                content: bytes = answer.read()
        except OSError as error:
            print(f"{url}: attempt {attempt}: {error}", flush=True)  # noqa: T201 - goes to the step's log
            if attempt == ATTEMPTS:
                raise
        else:
            return content
    raise AssertionError("unreachable")


def verify(package: Package, tarball: bytes) -> None:
    """Raises: RefusedError: the tarball's SHA-512 is not the lock's, or the lock has none."""
    promised = [part for part in package.integrity.split() if part.startswith("sha512-")]
    arrived = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    if not any(hmac.compare_digest(arrived, each) for each in promised):
        raise RefusedError(f"{package.name}: SHA-512 is {arrived}, the lock says {package.integrity}")


def unpack(package: Package, tarball: bytes) -> dict[str, bytes]:
    """The wanted files by their last name. Read by exact name and never extracted, so no entry chooses its place."""
    contents = {}
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for wanted in package.files:
            path = PurePosixPath(wanted)
            if path.is_absolute() or ".." in path.parts:
                raise RefusedError(f"{package.name}: {wanted} leaves the package")
            contents[path.name] = _member(archive, package.name, f"package/{path}")
    return contents


def _member(archive: tarfile.TarFile, package: str, path: str) -> bytes:
    try:
        member = archive.getmember(path)
    except KeyError as error:
        raise RefusedError(f"{package}: no {path} in the tarball") from error
    if not member.isfile() or member.size > LARGEST_FILE:
        raise RefusedError(f"{package}: {path} is not a plain file of reasonable size")
    opened = archive.extractfile(member)
    if opened is None:
        raise RefusedError(f"{package}: {path} has no content")
    return opened.read()


def install(folder: Path, fetch: Fetch = download) -> None:
    """Put the wanted files into static/vendor/<package>/; the old folder stays until the new one is whole."""
    vendor = folder / "static" / "vendor"
    aside = vendor.with_name("vendor.new")
    shutil.rmtree(aside, ignore_errors=True)
    registry = configured_registry()
    for package in locked_packages(folder):
        tarball = fetch(address(package.url, registry))
        verify(package, tarball)
        for name, content in unpack(package, tarball).items():
            place = aside / package.name / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    shutil.rmtree(vendor, ignore_errors=True)
    aside.replace(vendor)


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]))
    except (RefusedError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
