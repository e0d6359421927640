from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from setup.steps import ROOT
from setup.uv_wheel import program_in, wheel_for

LOCK = (ROOT / "setup" / "uv" / "uv.lock").read_text("utf-8")


def a_wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("uv-1.0.data/scripts/uv", b"program")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("system", "machine", "tag"),
    [
        ("Linux", "x86_64", "manylinux_2_17_x86_64"),
        ("Linux", "aarch64", "aarch64"),
        ("Linux", "arm64", "aarch64"),
        ("Darwin", "arm64", "macosx_11_0_arm64"),
        ("Darwin", "x86_64", "macosx_10_12_x86_64"),
    ],
)
def test_each_machine_gets_its_wheel(system: str, machine: str, tag: str) -> None:
    url, sha256 = wheel_for(LOCK, system=system, machine=machine)

    assert tag in url
    assert len(sha256) == 64


def test_an_unknown_machine_is_said_to_have_none() -> None:
    with pytest.raises(LookupError, match="no uv for"):
        wheel_for(LOCK, system="Plan9", machine="mips")


def test_the_program_comes_out_of_the_promised_wheel_only() -> None:
    wheel = a_wheel()

    assert program_in(wheel, hashlib.sha256(wheel).hexdigest()) == b"program"
    with pytest.raises(ValueError, match="SHA-256 differs"):
        program_in(wheel + b"x", hashlib.sha256(wheel).hexdigest())
