"""`people.parquet`, one row a person: identifiers as blind index and ciphertext, rule fields plain, sources named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from models.crypto import KeyRing
from scheduler.roster.merge import MERGED_FIELDS, PLAIN_FIELDS, SEALED_FIELDS

PEOPLE_FILE = "people.parquet"
CONTEXTS = {name: f"resident.{name}" for name in ("id_number", *SEALED_FIELDS)}

PEOPLE = pa.schema(
    [
        pa.field("person_key", pa.string(), nullable=False),
        pa.field("id_number_sealed", pa.string()),
        *(pa.field(f"{name}_sealed", pa.string()) for name in SEALED_FIELDS),
        pa.field("phone_index", pa.string()),
        *(pa.field(name, kind) for name, kind in PLAIN_FIELDS.items()),
        pa.field("records", pa.int32()),
        pa.field("source_of", pa.struct([pa.field(name, pa.string()) for name in MERGED_FIELDS])),
    ]
)

# Sealed values and indexes never repeat: looking for repeats in them takes longer than writing them.
_REPEATING = [*PLAIN_FIELDS, *(f"source_of.{name}" for name in MERGED_FIELDS)]


def person_key(keyring: KeyRing, id_number: str | None, merge_key: str | None) -> str:
    """The blind index of the identity number; without one, of name, birth date and phone together."""
    if id_number is not None:
        return keyring.blind_index(id_number, kind="id_number")
    return keyring.blind_index(merge_key or "", kind="name_birth_phone")


def write_people(
    batches: Iterable[pa.RecordBatch], out_dir: Path, keyring: KeyRing, done: Callable[[int], None]
) -> Path:
    path = out_dir / PEOPLE_FILE
    written = 0
    with pq.ParquetWriter(path, PEOPLE, compression="zstd", use_dictionary=_REPEATING) as writer:
        for batch in batches:
            writer.write_batch(_seal(batch, keyring))
            written += batch.num_rows
            done(written)
    return path


def _seal(batch: pa.RecordBatch, keyring: KeyRing) -> pa.RecordBatch:
    numbers, merge_keys = batch.column("id_number").to_pylist(), batch.column("merge_key").to_pylist()
    phones = batch.column("phone").to_pylist()
    keys = [person_key(keyring, number, merge) for number, merge in zip(numbers, merge_keys, strict=True)]
    arrays = [
        pa.array(keys, pa.string()),
        pa.array(keyring.seal_many(numbers, context=CONTEXTS["id_number"]), pa.string()),
        *(_sealed_column(batch, name, keyring) for name in SEALED_FIELDS),
        pa.array(keyring.blind_index_many(phones, kind="phone"), pa.string()),
        *(batch.column(name).cast(kind) for name, kind in PLAIN_FIELDS.items()),
        batch.column("records"),
        pa.StructArray.from_arrays([batch.column(f"{name}_source") for name in MERGED_FIELDS], list(MERGED_FIELDS)),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=PEOPLE)


def _sealed_column(batch: pa.RecordBatch, name: str, keyring: KeyRing) -> pa.Array:
    return pa.array(keyring.seal_many(batch.column(name).to_pylist(), context=CONTEXTS[name]), pa.string())
