"""Rows of a CSV file in any of its encodings, with their line numbers; a broken row never takes others with it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from pathlib import Path

from scheduler.roster.encoding import find_encoding
from scheduler.roster.faults import RowFault

DELIMITERS = ",\t;|"
# A quoted cell may hold line breaks, but a mark left open must not swallow the rest of the file.
LINES_IN_A_ROW = 20
CHUNK_LINES = 1_000

Cells = Sequence[str]
Row = tuple[int, Cells, RowFault | None]
Line = tuple[int, str]


def csv_rows(path: Path) -> Iterator[Row]:
    """Line number, cells, and the fault of a row that could not be split (its text is then the only cell)."""
    with path.open(encoding=find_encoding(path), errors="replace", newline=None) as file:
        lines = ((number, line) for number, line in enumerate(file, start=1) if line.strip("\ufeff\r\n "))
        head = next(lines, None)
        if head is None:
            return
        delimiter = max(DELIMITERS, key=head[1].count)
        header = _split(head[1].lstrip("\ufeff"), delimiter)
        yield head[0], header, None
        while chunk := list(islice(lines, CHUNK_LINES)):
            text = "".join(line for _, line in chunk)
            if '"' in text or "\ufffd" in text:
                yield from _read_with_care(chunk, lines, delimiter, len(header))
            else:
                cells = [line.split(delimiter) for line in text.removesuffix("\n").split("\n")]
                yield from zip((number for number, _ in chunk), cells, repeat(None))


def _read_with_care(chunk: Sequence[Line], rest: Iterator[Line], delimiter: str, width: int) -> Iterator[Row]:
    """Read a chunk with quotation marks or broken characters in it, and the lines a quoted cell at its end needs."""
    waiting = deque(chunk)
    for number, text in _whole_rows(waiting, rest, delimiter, width):
        if "\ufffd" in text:
            yield number, (text,), RowFault.UNREADABLE
        elif '"' not in text:
            yield number, text.rstrip("\r\n").split(delimiter), None
        elif text.count('"') % 2:
            yield number, (text,), RowFault.QUOTES
        else:
            yield number, _split(text, delimiter), None


def _split(text: str, delimiter: str) -> Cells:
    return next(csv.reader([text], delimiter=delimiter))


def _whole_rows(waiting: deque[Line], rest: Iterator[Line], delimiter: str, width: int) -> Iterator[Line]:
    """The lines waiting, joined where a quoted cell runs over them and, at their end, into the rest.

    A line whose quotation mark never closes, or only so that the row no longer fits the header, is given as it is, and
    the lines after it stand for themselves.
    """
    while waiting:
        line = waiting.popleft()
        if '"' not in line[1] or line[1].count('"') % 2 == 0:
            yield line
            continue
        following = _until_closed(waiting, rest)
        joined = line[1] + "".join(text for _, text in following)
        if joined.count('"') % 2 == 0 and len(_split(joined, delimiter)) == width:
            yield line[0], joined
        else:
            yield line
            waiting.extendleft(reversed(following))


def _until_closed(waiting: deque[Line], rest: Iterator[Line]) -> list[Line]:
    following: list[Line] = []
    while len(following) < LINES_IN_A_ROW:
        line = waiting.popleft() if waiting else next(rest, None)
        if line is None:
            break
        following.append(line)
        if line[1].count('"') % 2:
            break
    return following
