"""The ciphers and hashes that an installation may keep its data with: AES-256 and SHA-256, or SM4 and SM3."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC

TAG_BYTES = 16


class CipherName(StrEnum):
    AES = "aes"
    """AES-256-GCM."""
    SM4 = "sm4"
    """SM4-GCM (GB/T 32907, RFC 8998)."""


class HashName(StrEnum):
    SHA256 = "sha256"
    SM3 = "sm3"
    """GB/T 32905."""


# A key's length says which cipher it is for: SM4 has keys of 128 bits alone, and AES keys here are of 256.
KEY_BYTES = {CipherName.AES: 32, CipherName.SM4: 16}
CIPHER_OF = {length: name for name, length in KEY_BYTES.items()}
HASH_BESIDE = {CipherName.AES: HashName.SHA256, CipherName.SM4: HashName.SM3}
_ALGORITHMS: dict[HashName, type[HashAlgorithm]] = {HashName.SHA256: SHA256, HashName.SM3: SM3}


class Aead(Protocol):
    """A cipher that also says whether what it opens, and what is bound to it, is as it was sealed."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Raises: InvalidTag: the data, or what is bound to it, was changed."""
        ...


class Sm4Gcm:
    """SM4 in Galois/Counter mode, the tag at the end of what it seals, as `AESGCM` has it."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        sealing = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        sealing.authenticate_additional_data(associated_data or b"")
        return sealing.update(data) + sealing.finalize() + sealing.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        if len(data) < TAG_BYTES:
            raise InvalidTag
        opening = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        opening.authenticate_additional_data(associated_data or b"")
        return opening.update(data[:-TAG_BYTES]) + opening.finalize()


def cipher_with(key: bytes) -> Aead:
    """Raises: ValueError: no cipher has keys of this length."""
    match CIPHER_OF.get(len(key)):
        case CipherName.AES:
            return AESGCM(key)
        case CipherName.SM4:
            return Sm4Gcm(key)
    raise ValueError(f"a key is {' or '.join(map(str, CIPHER_OF))} bytes, not {len(key)}")


def new_key(cipher: CipherName) -> bytes:
    return os.urandom(KEY_BYTES[cipher])


def digest_of(text: bytes, name: HashName) -> bytes:
    """Of what is random and long already: a token's, not a password's."""
    begun = Hash(_ALGORITHMS[name]())
    begun.update(text)
    return begun.finalize()


def keyed_hash(key: bytes, name: HashName) -> HMAC:
    return HMAC(key, _ALGORITHMS[name]())


def keyed_digests(key: bytes, name: HashName) -> Callable[[bytes], bytes]:
    """The keyed hash of one text after the other, as fast as there is."""
    if name is HashName.SHA256:
        return lambda text: hmac.digest(key, text, "sha256")
    begun = keyed_hash(key, name)

    def digest(text: bytes) -> bytes:
        one = begun.copy()
        one.update(text)
        return one.finalize()

    return digest
