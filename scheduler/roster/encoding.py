"""What a text file is written in, found by looking at all of it once."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from scheduler.roster.faults import FileRefused

BLOCK = 1 << 20
LONGEST_LINE = 1_000_000
ENCODINGS = ("utf-8", "gb18030")

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Files that are not text at all, by their first bytes.
_NOT_TEXT = (
    (b"%PDF", "is a PDF", "ask for the table itself as CSV, XLSX or Parquet"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel file (.xls)", "open it and save it as .xlsx or CSV"),
    (b"\x1f\x8b", "is compressed (gzip)", "unpack it first"),
    (b"Rar!", "is compressed (RAR)", "unpack it first"),
    (b"\x89PNG", "is a picture", "ask for the table itself as CSV, XLSX or Parquet"),
)


def find_encoding(path: Path) -> str:
    """One of utf-8-sig, utf-16 (with or without mark), utf-8 and gb18030, which contains GBK.

    Where neither UTF-8 nor GB18030 fits throughout, the one with fewer broken characters is taken: their rows are
    rejected one by one.

    Raises:
        FileRefused: not text, or a line longer than any row can be.
    """
    head = next(_blocks(path))[:4096]
    for magic, what, remedy in _NOT_TEXT:
        if head.startswith(magic):
            raise FileRefused(f"{path.name} {what}; {remedy}")
    _refuse_endless_lines(path)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        return _utf16_without_mark(path, head)
    if sum(byte < 32 and byte not in b"\t\r\n\f" for byte in head) > len(head) // 50:
        raise FileRefused(f"{path.name} is not a table but binary data; export it as CSV, XLSX or Parquet")
    fitting = (name for name in ENCODINGS if _fits(path, name))
    return next(fitting, None) or min(ENCODINGS, key=lambda name: _broken(path, name))


def _utf16_without_mark(path: Path, head: bytes) -> str:
    even, odd = head[0::2].count(0), head[1::2].count(0)
    # Digits, commas and line breaks have a zero byte each; random bytes have them everywhere and seldom.
    if odd > max(4 * even, len(head) // 32):
        return "utf-16-le"
    if even > max(4 * odd, len(head) // 32):
        return "utf-16-be"
    raise FileRefused(f"{path.name} is not a table but binary data; export it as CSV, XLSX or Parquet")


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _refuse_endless_lines(path: Path) -> None:
    length, line = 0, 1
    for block in _blocks(path):
        first, newline, _ = block.partition(b"\n")
        length += len(first)
        if newline:
            longest = max((len(part) for part in block.split(b"\n")[1:-1]), default=0)
            length = max(length, longest)
        if length > LONGEST_LINE:
            raise FileRefused(
                f"{path.name}: a line near line {line:,} is longer than {LONGEST_LINE:,} bytes; "
                "check that the rows end with line breaks and that no quotation mark is left open"
            )
        line += block.count(b"\n")
        length = len(block) - block.rfind(b"\n") - 1 if newline else length


def _fits(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _broken(path: Path, encoding: str) -> int:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    return sum(decoder.decode(block).count("\ufffd") for block in _blocks(path))
