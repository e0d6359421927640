"""SM4 and SM3 against the published vectors, and an installation that moves over to them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SM3, Hash
from sqlalchemy import select

from models.audit_chain import verify
from models.ciphers import CipherName, HashName, Sm4Gcm, keyed_digests
from models.column_types import key_ring, use_key_ring
from models.crypto import KeyRing, KeyRingFault, new_key_ring, read_key_ring, with_another_key, write_key_ring
from models.event import AuditEntry
from models.reseal import keys_in_use, reseal
from models.resident import Resident
from outreach_api.web.auth import _csrf, _token_hash
from outreach_api.web.tokens import _digest
from scheduler.planning.chat_links import token_digest
from tests.builders import NOON, a_contact, a_database, a_key_ring, a_match

BLOCK = bytes.fromhex("0123456789abcdeffedcba9876543210")


def test_sm4_is_that_of_gb_t_32907() -> None:
    sealing = Cipher(algorithms.SM4(BLOCK), modes.ECB()).encryptor()  # noqa: S305 - as the standard's example is given
    assert (sealing.update(BLOCK) + sealing.finalize()).hex() == "681edf34d206965e86b3e94f536e4246"


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_is_that_of_gb_t_32905(text: bytes, digest: str) -> None:
    hashed = Hash(SM3())
    hashed.update(text)
    assert hashed.finalize().hex() == digest


def test_sm4_gcm_is_that_of_rfc_8998() -> None:
    cipher, nonce = Sm4Gcm(BLOCK), bytes.fromhex("00001234567800000000abcd")
    bound = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plain = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    sealed = cipher.encrypt(nonce, plain, bound)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert cipher.decrypt(nonce, sealed, bound) == plain
    for spoilt in (sealed[:-1] + b"\0", sealed[:8]):
        with pytest.raises(InvalidTag):
            cipher.decrypt(nonce, spoilt, bound)


def test_the_keyed_hash_of_sm3_is_not_that_of_sha_256() -> None:
    digests = {keyed_digests(BLOCK, name)(b"abc") for name in HashName}
    assert {len(digest) for digest in digests} == {32}
    assert len(digests) == len(HashName)


def test_a_key_file_of_sm4_is_written_and_read_and_opens_column_by_column(tmp_path: Path) -> None:
    ring = new_key_ring(CipherName.SM4)
    assert (ring.hash, len(ring.keys[ring.active])) == (HashName.SM3, 16)
    write_key_ring(ring, tmp_path / "keys.json")
    assert read_key_ring(tmp_path / "keys.json") == ring
    sealed = ring.seal("陈秀兰", context="resident.name")
    assert ring.open(sealed, context="resident.name") == "陈秀兰"
    assert ring.open_many([sealed], context="resident.name") == ["陈秀兰"]
    with pytest.raises(KeyRingFault, match="does not open"):
        ring.open(sealed, context="resident.address")


def test_old_values_move_over_to_sm4_and_both_can_be_read_meanwhile() -> None:
    sessions = a_database()
    with sessions.write() as session:
        a_contact(session, a_match(session))
    before = keys_in_use(sessions)["k1"]
    both = with_another_key(a_key_ring(), CipherName.SM4)
    newest = list(both.keys)[-1]
    use_key_ring(both.with_keys(both.keys, active=newest))
    with sessions.write() as session:
        assert session.scalars(select(Resident.name)).one() == "陈秀兰"
    assert reseal(sessions, both.with_keys(both.keys, active=newest)) == before
    use_key_ring(both.with_keys({newest: both.keys[newest]}, active=newest))
    with sessions.read() as session:
        assert session.scalars(select(Resident.name)).one() == "陈秀兰"


def test_the_record_is_chained_by_sm3_where_the_installation_is() -> None:
    sessions = a_database()
    ring = a_key_ring()
    national = KeyRing(ring.active, ring.keys, ring.index_key, HashName.SM3)
    use_key_ring(national)
    with sessions.write() as session:
        session.add(AuditEntry(at=NOON, actor="staff:1", action="sign_in", subject="staff:1", facts={}))
    with sessions.engine.connect() as connection:
        assert verify(connection).faults == ()
        use_key_ring(ring)
        assert verify(connection).faults != ()
    use_key_ring(ring)


def test_what_is_kept_of_a_token_is_of_the_hash_the_house_keeps() -> None:
    kept = {cipher: new_key_ring(cipher).token_digest("a-random-token") for cipher in CipherName}
    assert kept[CipherName.AES] == hashlib.sha256(b"a-random-token").hexdigest()
    made = Hash(SM3())
    made.update(b"a-random-token")
    assert kept[CipherName.SM4] == made.finalize().hex()


def test_sessions_and_tokens_of_a_house_with_sm3_are_kept_by_it() -> None:
    before = key_ring()
    use_key_ring(new_key_ring(CipherName.SM4))
    try:
        made = Hash(SM3())
        made.update(b"token")
        assert {_token_hash("token"), _digest("token"), token_digest("token")} == {made.finalize().hex()}
        assert _csrf("token") == keyed_digests(b"token", HashName.SM3)(b"csrf").hex()
    finally:
        use_key_ring(before)
