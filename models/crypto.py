"""Encryption at rest: AES-GCM or SM4-GCM with the key id in the value, and an HMAC blind index for look-up."""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hmac import HMAC

from models.ciphers import (
    CIPHER_OF,
    HASH_BESIDE,
    Aead,
    CipherName,
    HashName,
    cipher_with,
    digest_of,
    keyed_hash,
    new_key,
)

INDEX_KEY_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 16

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")


class KeyRingFault(Exception):  # noqa: N818
    """The key file is unusable, or a value does not open with it; says what to do."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of one installation.

    A sealed value reads `{key id}.{base64 of nonce + ciphertext}`; `context` (such as `resident.name`) is bound into
    it, so that a value copied into another column does not open. The blind index is a keyed hash, truncated to 128
    bits: equal values of one `kind` give equal indexes, and nothing else can be learnt from it without the key.

    Which cipher a key is for, its length says; keys of both may be on one ring. The hash is chosen once for good.
    """

    active: str
    keys: dict[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)
    hash: HashName = HashName.SHA256

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ciphers", {key_id: cipher_with(key) for key_id, key in self.keys.items()})
        object.__setattr__(self, "_keyed_hash", keyed_hash(self.index_key, self.hash))

    def seal(self, plaintext: str, *, context: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        body = self._cipher(self.active).encrypt(nonce, plaintext.encode(), context.encode())
        return f"{self.active}.{urlsafe_b64encode(nonce + body).decode()}"

    def seal_many(self, plaintexts: Sequence[str | None], *, context: str) -> list[str | None]:
        """Seal a column, each value under a nonce of its own; an absent value stays absent."""
        encrypt, bound = self._cipher(self.active).encrypt, context.encode()
        nonces = os.urandom(NONCE_BYTES * len(plaintexts))
        lines = []
        for at, text in enumerate(plaintexts):
            if text is not None:
                nonce = nonces[at * NONCE_BYTES : (at + 1) * NONCE_BYTES]
                lines.append(b2a_base64(nonce + encrypt(nonce, text.encode(), bound)))
        bodies = iter(b"".join(lines).translate(_URL_SAFE).decode().split("\n"))
        prefix = f"{self.active}."
        return [None if text is None else prefix + next(bodies) for text in plaintexts]

    def open(self, sealed: str, *, context: str) -> str:
        """The plaintext.

        Raises:
            KeyRingFault: the key is not on this ring, or the value was changed or belongs to another context.
        """
        key_id, _, body = sealed.partition(".")
        raw = urlsafe_b64decode(body)
        try:
            return self._cipher(key_id).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode()).decode()
        except InvalidTag as fault:
            raise _altered(context) from fault

    def open_many(self, sealed: Sequence[str], *, context: str) -> list[str]:
        """Open a column.

        Raises:
            KeyRingFault: as `open` does, of the first that does not.
        """
        bound = context.encode()
        lines = "\n".join(sealed).encode().translate(_STANDARD).split(b"\n") if sealed else []
        key_id, decrypt = b"", None
        opened = []
        for line in lines:
            named, _, body = line.partition(b".")
            if decrypt is None or named != key_id:
                key_id, decrypt = named, self._cipher(named.translate(_URL_SAFE).decode()).decrypt
            raw = a2b_base64(body)
            try:
                opened.append(decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound).decode())
            except InvalidTag as fault:
                raise _altered(context) from fault
        return opened

    def derived_key(self, purpose: str) -> bytes:
        """A key for another purpose, from the one that is never rotated."""
        keyed: HMAC = self._keyed_hash.copy()  # type: ignore[attr-defined]
        keyed.update(f"key for\0{purpose}".encode())
        return keyed.finalize()

    def token_digest(self, token: str) -> str:
        """What is kept of a random token."""
        return digest_of(token.encode(), self.hash).hex()

    def blind_index(self, value: str, *, kind: str) -> str:
        keyed: HMAC = self._keyed_hash.copy()  # type: ignore[attr-defined]
        keyed.update(f"{kind}\0{value}".encode())
        return keyed.finalize()[:INDEX_BYTES].hex()

    def blind_index_many(self, values: Sequence[str | None], *, kind: str) -> list[str | None]:
        return [None if value is None else self.blind_index(value, kind=kind) for value in values]

    def with_keys(self, keys: Mapping[str, bytes], *, active: str) -> KeyRing:
        """This installation's ring with these keys instead."""
        return KeyRing(active, dict(keys), self.index_key, self.hash)

    def _cipher(self, key_id: str) -> Aead:
        ciphers: dict[str, Aead] = self._ciphers  # type: ignore[attr-defined]
        try:
            return ciphers[key_id]
        except KeyError:
            raise KeyRingFault(f"key {key_id!r} is not on the key ring; restore the key file that has it") from None


def _altered(context: str) -> KeyRingFault:
    return KeyRingFault(f"a {context} value does not open: it was altered or sealed elsewhere")


def new_key_ring(cipher: CipherName = CipherName.AES) -> KeyRing:
    key_id = _new_id()
    return KeyRing(key_id, {key_id: new_key(cipher)}, secrets.token_bytes(INDEX_KEY_BYTES), HASH_BESIDE[cipher])


def with_another_key(ring: KeyRing, cipher: CipherName = CipherName.AES) -> KeyRing:
    """The ring with a new key that opens, while the old one still seals."""
    return ring.with_keys({**ring.keys, _new_id(): new_key(cipher)}, active=ring.active)


def _new_id() -> str:
    return "k" + secrets.token_hex(3)


def write_key_ring(ring: KeyRing, path: Path) -> None:
    """Write the key file, readable by its owner only; never over an existing one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(_encoded(ring), file)


def replace_key_ring(ring: KeyRing, path: Path) -> None:
    """Put a changed ring in the place of the key file; half a file is never seen."""
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    write_key_ring(ring, unfinished)
    unfinished.replace(path)


def _encoded(ring: KeyRing) -> dict[str, object]:
    return {
        "active": ring.active,
        "keys": {key_id: urlsafe_b64encode(key).decode() for key_id, key in ring.keys.items()},
        "index_key": urlsafe_b64encode(ring.index_key).decode(),
        "hash": ring.hash.value,
    }


def read_key_ring(path: Path) -> KeyRing:
    """Read the key file.

    Raises:
        KeyRingFault: missing, unreadable, or a key of the wrong length.
    """
    try:
        encoded = json.loads(path.read_text())
        keys = {key_id: _key(text, CIPHER_OF) for key_id, text in encoded["keys"].items()}
        index_key = _key(encoded["index_key"], (INDEX_KEY_BYTES,))
        ring = KeyRing(encoded["active"], keys, index_key, HashName(encoded.get("hash", HashName.SHA256)))
    except FileNotFoundError:
        raise KeyRingFault(f"no key file at {path}: restore it from its backup, or run `./outreach keys new`") from None
    except (ValueError, KeyError, TypeError) as fault:
        raise KeyRingFault(f"the key file {path} is damaged: restore it from its backup") from fault
    if ring.active not in ring.keys:
        raise KeyRingFault(f"the key file {path} names {ring.active!r} as active but does not hold it")
    return ring


def _key(text: str, lengths: Container[int]) -> bytes:
    key = b64decode(text, altchars=b"-_", validate=True)
    if len(key) not in lengths:
        raise ValueError(f"no key is {len(key)} bytes")
    return key
