from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from setup.browser_libraries import (
    Package,
    RefusedError,
    address,
    configured_registry,
    download,
    install,
    locked_packages,
    unpack,
)
from setup.steps import ROOT

WEB = ROOT / "outreach_api" / "web"
URL = "https://registry.example/thing/-/thing-1.0.0.tgz"


def a_tarball(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def a_tarball_with_a_link(name: str, target: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = tarfile.SYMTYPE, target
        archive.addfile(member)
    return buffer.getvalue()


def a_package(*files: str) -> Package:
    return Package("thing", URL, "sha512-", files)


def a_web_folder(tmp_path: Path, tarball: bytes) -> Path:
    web = tmp_path / "web"
    web.mkdir()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    lock = {"packages": {"node_modules/thing": {"resolved": URL, "integrity": integrity}}}
    (web / "package.json").write_text(json.dumps({"vendor": {"thing": ["dist/thing.js", "LICENSE"]}}), "utf-8")
    (web / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    return web


GOOD = a_tarball(("package/dist/thing.js", b"thing()"), ("package/LICENSE", b"free"), ("package/src/more.js", b"more"))


def test_only_the_wanted_files_arrive(tmp_path: Path) -> None:
    web = a_web_folder(tmp_path, GOOD)

    install(web, fetch=lambda _: GOOD)

    vendor = web / "static" / "vendor"
    assert {path.relative_to(vendor).as_posix() for path in vendor.rglob("*.*")} == {"thing/thing.js"}
    assert (vendor / "thing" / "LICENSE").read_bytes() == b"free"


def test_a_tarball_that_is_not_the_locks_is_refused_and_the_old_files_stay(tmp_path: Path) -> None:
    web = a_web_folder(tmp_path, GOOD)
    install(web, fetch=lambda _: GOOD)
    other = a_tarball(("package/dist/thing.js", b"steal()"), ("package/LICENSE", b"free"))

    with pytest.raises(RefusedError, match="SHA-512"):
        install(web, fetch=lambda _: other)

    assert (web / "static/vendor/thing/thing.js").read_bytes() == b"thing()"


def test_a_weaker_hash_in_the_lock_is_refused(tmp_path: Path) -> None:
    web = a_web_folder(tmp_path, GOOD)
    lock = web / "package-lock.json"
    sha1 = "sha1-" + base64.b64encode(hashlib.sha1(GOOD, usedforsecurity=False).digest()).decode()
    lock.write_text(json.dumps({"packages": {"node_modules/thing": {"resolved": URL, "integrity": sha1}}}), "utf-8")

    with pytest.raises(RefusedError, match="SHA-512"):
        install(web, fetch=lambda _: GOOD)


@pytest.mark.parametrize("name", ["../../escaped.js", "/escaped.js", "package/../../../escaped.js"])
def test_a_tarball_cannot_choose_where_its_files_go(tmp_path: Path, name: str) -> None:
    tarball = a_tarball((name, b"evil"), ("package/dist/thing.js", b"thing()"), ("package/LICENSE", b"free"))
    web = a_web_folder(tmp_path, tarball)

    install(web, fetch=lambda _: tarball)

    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "LICENSE",
        "package-lock.json",
        "package.json",
        "thing.js",
    ]


@pytest.mark.parametrize("wanted", ["../outside.js", "dist/../../outside.js", "/etc/passwd"])
def test_a_wanted_file_outside_the_package_is_refused(wanted: str) -> None:
    with pytest.raises(RefusedError, match="leaves the package"):
        unpack(a_package(wanted), GOOD)


def test_a_link_in_place_of_a_file_is_refused() -> None:
    tarball = a_tarball_with_a_link("package/dist/thing.js", "/etc/passwd")

    with pytest.raises(RefusedError, match="not a plain file"):
        unpack(a_package("dist/thing.js"), tarball)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(RefusedError, match=r"package/dist/gone\.js"):
        unpack(a_package("dist/gone.js"), GOOD)


def test_a_mirror_replaces_the_host_and_keeps_the_path() -> None:
    assert address(URL, None) == URL
    assert address(URL, "https://mirror.example/npm/") == "https://mirror.example/npm/thing/-/thing-1.0.0.tgz"


def test_the_mirror_comes_from_the_environment_before_npmrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert configured_registry() is None

    (tmp_path / ".npmrc").write_text("audit=false\nregistry = https://from-file.example/\n", "utf-8")
    assert configured_registry() == "https://from-file.example/"

    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://from-environment.example/")
    assert configured_registry() == "https://from-environment.example/"


def test_a_local_file_is_no_address() -> None:
    with pytest.raises(RefusedError, match="neither https nor http"):
        download("file:///etc/passwd")


def test_the_lock_holds_every_wanted_package_with_sha512_over_https() -> None:
    packages = locked_packages(WEB)

    assert {"htmx.org", "htmx-ext-sse", "echarts"} <= {package.name for package in packages}
    for package in packages:
        assert package.url.startswith("https://")
        assert package.integrity.startswith("sha512-")
        assert any("LICENSE" in file for file in package.files), f"{package.name} comes without its licence"
