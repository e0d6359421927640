"""A file sealed under one key, in blocks: neither changed, cut short, nor put together anew without being found out.

Each block's nonce counts it and says whether it is the last (as in Rogaway's STREAM), which is safe because a key here
seals one file alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag

from models.ciphers import TAG_BYTES, cipher_with

BLOCK_BYTES = 1 << 20
_MORE, _LAST = b"\0", b"\1"
_COUNT_BYTES = 11


class SealedFileFault(ValueError):  # noqa: N818
    """The file does not open with this key, or is not as it was sealed."""


def seal_file(plain: Path, sealed: Path, key: bytes, *, context: str) -> None:
    cipher = cipher_with(key)
    with plain.open("rb") as source, sealed.open("wb") as target:
        for nonce, block in _numbered(_blocks(source.read, BLOCK_BYTES)):
            target.write(cipher.encrypt(nonce, block, context.encode()))


def open_file(sealed: Path, plain: Path, key: bytes, *, context: str) -> None:
    """Raises: SealedFileFault: it does not open; what was written of `plain` is worth nothing then."""
    cipher = cipher_with(key)
    with sealed.open("rb") as source, plain.open("wb") as target:
        for nonce, block in _numbered(_blocks(source.read, BLOCK_BYTES + TAG_BYTES)):
            try:
                target.write(cipher.decrypt(nonce, block, context.encode()))
            except InvalidTag as fault:
                raise SealedFileFault(f"{sealed} does not open: another key sealed it, or it was changed") from fault


def _numbered(blocks: Iterator[tuple[bytes, bool]]) -> Iterator[tuple[bytes, bytes]]:
    for number, (block, is_last) in enumerate(blocks):
        yield number.to_bytes(_COUNT_BYTES, "big") + (_LAST if is_last else _MORE), block


def _blocks(read: Callable[[int], bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """Each block, and whether it is the last; an empty file is one empty block."""
    block = read(size)
    while True:
        following = read(size) if len(block) == size else b""
        yield block, not following
        if not following:
            return
        block = following
