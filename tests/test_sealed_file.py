"""A sealed file opens as it was, and is found out where it was touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach_api import sealed_file
from outreach_api.sealed_file import SealedFileFault, open_file, seal_file

KEYS = (bytes(32), bytes(16))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "BLOCK_BYTES", 8)


def _sealed(folder: Path, plain: bytes, key: bytes) -> Path:
    (folder / "plain").write_bytes(plain)
    seal_file(folder / "plain", folder / "sealed", key, context="b1")
    return folder / "sealed"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 16, 40])
def test_what_is_sealed_opens_as_it_was(tmp_path: Path, length: int, key: bytes) -> None:
    plain = bytes(range(length))
    sealed = _sealed(tmp_path, plain, key)
    assert not plain or plain not in sealed.read_bytes()
    open_file(sealed, tmp_path / "opened", key, context="b1")
    assert (tmp_path / "opened").read_bytes() == plain


def test_cut_short_reordered_changed_or_of_another_backup_it_does_not_open(tmp_path: Path) -> None:
    sealed = _sealed(tmp_path, bytes(range(24)), KEYS[0])
    whole, block = sealed.read_bytes(), 8 + 16
    touched = (
        whole[:block],
        whole[: 2 * block],
        whole[block : 2 * block] + whole[:block] + whole[2 * block :],
        whole[:-1] + bytes([whole[-1] ^ 1]),
        whole + whole[:block],
        b"",
    )
    for changed in touched:
        sealed.write_bytes(changed)
        with pytest.raises(SealedFileFault):
            open_file(sealed, tmp_path / "opened", KEYS[0], context="b1")
    sealed.write_bytes(whole)
    for key, context in ((bytes([1]) * 32, "b1"), (KEYS[0], "b2")):
        with pytest.raises(SealedFileFault):
            open_file(sealed, tmp_path / "opened", key, context=context)
