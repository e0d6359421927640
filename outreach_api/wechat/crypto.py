"""Signatures and sealed messages, as the platform publishes them: SHA-1 over sorted parts, AES-256-CBC in a frame."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

WINDOW = timedelta(minutes=5)
KEY_SIGNS = 43
BLOCK = 32
"""The padding's, twice the cipher's own."""
NOISE = 16


class NotGenuine(Exception):  # noqa: N818
    """Not from the platform, not lately, not for us, or not sealed as it should be."""


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def check_signature(given: str, *parts: str) -> None:
    """Raises: NotGenuine: the signature does not fit."""
    if not hmac.compare_digest(signature(*parts).encode(), given.encode()):
        raise NotGenuine("the signature does not fit")


def check_time(timestamp: str, *, now: datetime) -> None:
    """Raises: NotGenuine: it was signed too long ago, or by a clock that is ahead of ours."""
    is_time = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
    if not is_time or abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise NotGenuine("signed too long ago, or by another clock")


class Envelope:
    """Opens and seals messages with an account's EncodingAESKey."""

    def __init__(self, aes_key: str, app_id: str) -> None:
        if len(aes_key) != KEY_SIGNS:
            raise ValueError(f"an EncodingAESKey has {KEY_SIGNS} signs")
        self._key = base64.b64decode(aes_key + "=")
        self._app_id = app_id.encode()

    def open(self, sealed: str) -> bytes:
        """Raises: NotGenuine: it is not sealed with this key, or for another account."""
        try:
            content = base64.b64decode(sealed, validate=True)
            if not content or len(content) % NOISE:
                raise NotGenuine("not whole blocks")
            decryptor = self._cipher().decryptor()
            plain = decryptor.update(content) + decryptor.finalize()
        except binascii.Error as fault:
            raise NotGenuine("not base64") from fault
        pad = plain[-1]
        if not 1 <= pad <= BLOCK or len(plain) < NOISE + 4 + pad:
            raise NotGenuine("the padding is wrong")
        framed = plain[NOISE:-pad]
        (length,) = struct.unpack(">I", framed[:4])
        message, app_id = framed[4 : 4 + length], framed[4 + length :]
        if len(message) != length or not hmac.compare_digest(app_id, self._app_id):
            raise NotGenuine("sealed for another account")
        return message

    def seal(self, message: bytes) -> str:
        framed = secrets.token_bytes(NOISE) + struct.pack(">I", len(message)) + message + self._app_id
        pad = BLOCK - len(framed) % BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(framed + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
