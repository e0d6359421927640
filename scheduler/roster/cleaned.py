"""A file's batches with every field cleaned and the rows that cannot be taken set aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.id_number import IdNumber
from scheduler.roster import cleaning
from scheduler.roster.cleaning import Cleaned, Cleaner, Remembered
from scheduler.roster.faults import RowFault
from scheduler.roster.feed import FeedKind, RosterFile, codes, find_columns
from scheduler.roster.rejects import Outcome, Reject, RejectSink
from scheduler.roster.tabular import Batch, open_table


@dataclass(slots=True)
class CleanBatch:
    """Accepted rows: their numbers, and each field's values in the same order. `id_number` holds `IdNumber`s."""

    numbers: list[int]
    fields: dict[str, list[Cleaned]]
    read: int


def clean_file(file: RosterFile, rejects: RejectSink, *, today: date) -> Iterator[CleanBatch]:
    """Read, clean and sift one file.

    A needed field that is faulty or a row of the wrong shape rejects the row; any other fault drops the value. An
    identity number outranks the birth date written beside it.

    Raises:
        FileRefused: the file cannot be read, lacks a needed column, or goes beyond what was applied for.
    """
    if file.terms is not None:
        file.terms.check(file.path, file.feed)
    table = open_table(file.path)
    columns = find_columns(table.header, file.feed, table.name)
    cleaners = {name: _cleaner(name, today) for name in columns}
    sieve = _Sieve(file, table.header, columns, rejects)
    for batch in table.batches:
        for bad in batch.bad:
            rejects.add(Reject(table.name, bad.number, "", bad.fault, Outcome.ROW_REJECTED, bad.cells))
        fields = {name: _clean(cleaners[name], batch.columns[at]) for name, at in columns.items()}
        yield sieve.sift(batch, fields)


def _cleaner(name: str, today: date) -> Cleaner | Remembered:
    if name in codes():
        return Remembered(cleaning.code_cleaner(codes()[name]))
    match name:
        case "id_number":
            return cleaning.id_cleaner(today)
        case "credit_code":
            return cleaning.clean_credit_code
        case "name" | "clerk":
            return Remembered(cleaning.clean_name)
        case "phone":
            return cleaning.clean_phone
        case "address":
            return cleaning.clean_address
        case "birth_date" | "resident_since" | "last_check_on" | "updated_on" | "happened_on" | "established_on":
            return Remembered(cleaning.past_date_cleaner(today))
        case "disability_valid_until" | "enrolled_on":
            return Remembered(cleaning.clean_date)
        case _:
            return Remembered(cleaning.fact_cleaner(name, codes()))


def _clean(cleaner: Cleaner | Remembered, column: Sequence[str]) -> list[Cleaned]:
    if isinstance(cleaner, Remembered):
        return [cleaner[text] for text in column]
    return [cleaner(text) for text in column]


class _Sieve:
    def __init__(
        self, file: RosterFile, header: Sequence[str], columns: Mapping[str, int], rejects: RejectSink
    ) -> None:
        self._file = file
        self._header = header
        self._columns = columns
        self._rejects = rejects

    def sift(self, batch: Batch, fields: dict[str, list[Cleaned]]) -> CleanBatch:
        read = len(batch.numbers) + len(batch.bad)
        refused: set[int] = set()
        if self._file.feed.kind is FeedKind.POPULATION:
            # A source may leave out what the identity number says anyway.
            for name in ("birth_date", "sex"):
                fields.setdefault(name, [None] * len(batch.numbers))
        self._faulty_cells(batch, fields, refused)
        self._absent_cells(batch, fields, refused)
        if self._file.feed.kind is FeedKind.POPULATION:
            self._follow_id_number(batch, fields, refused)
        if not refused:
            return CleanBatch(batch.numbers, fields, read)
        kept = [at for at in range(len(batch.numbers)) if at not in refused]
        numbers = [batch.numbers[at] for at in kept]
        return CleanBatch(numbers, {name: [values[at] for at in kept] for name, values in fields.items()}, read)

    def _faulty_cells(self, batch: Batch, fields: Mapping[str, list[Cleaned]], refused: set[int]) -> None:
        for name, values in fields.items():
            faulty = [(at, value) for at, value in enumerate(values) if value.__class__ is RowFault]
            for at, value in faulty:
                values[at] = None
                decides = name in (*self._file.feed.needs, *self._file.feed.one_of) or (
                    name == "birth_date" and not _has_id(fields, at)
                )
                outcome = Outcome.ROW_REJECTED if decides else Outcome.VALUE_DROPPED
                self._report(batch, at, name, RowFault(str(value)), outcome, fields, refused)

    def _absent_cells(self, batch: Batch, fields: Mapping[str, list[Cleaned]], refused: set[int]) -> None:
        for name in self._file.feed.needs:
            # A population row without a number may still be one person's by name, birth date and phone.
            if name == "id_number" and self._file.feed.kind is FeedKind.POPULATION:
                continue
            for at, value in enumerate(fields[name]):
                if value is None and at not in refused:
                    self._report(batch, at, name, RowFault.MISSING, Outcome.ROW_REJECTED, fields, refused)
        if named := [name for name in self._file.feed.one_of if name in fields]:
            for at, values in enumerate(zip(*(fields[name] for name in named), strict=True)):
                if not any(values) and at not in refused:
                    self._report(batch, at, named[0], RowFault.MISSING, Outcome.ROW_REJECTED, fields, refused)

    def _follow_id_number(self, batch: Batch, fields: dict[str, list[Cleaned]], refused: set[int]) -> None:
        born = fields["birth_date"]
        sexes = fields["sex"]
        phones = fields.get("phone", [None] * len(born))
        for at, number in enumerate(fields["id_number"]):
            if isinstance(number, IdNumber):
                if born[at] is not None and born[at] != number.born_on and at not in refused:
                    self._report(batch, at, "birth_date", RowFault.ID_DISAGREES, Outcome.VALUE_DROPPED, fields, refused)
                born[at], sexes[at] = number.born_on, number.sex
            elif at not in refused and (born[at] is None or phones[at] is None):
                self._report(batch, at, "id_number", RowFault.NOBODY, Outcome.ROW_REJECTED, fields, refused)

    def _report(
        self,
        batch: Batch,
        at: int,
        name: str,
        fault: RowFault,
        outcome: Outcome,
        fields: Mapping[str, list[Cleaned]],
        refused: set[int],
    ) -> None:
        if outcome is Outcome.ROW_REJECTED:
            if at in refused:
                return
            refused.add(at)
        cells = [column[at] for column in batch.columns]
        heading = self._header[self._columns[name]] if name in self._columns else name
        number = fields["id_number"][at] if "id_number" in fields else None
        known = number.text if isinstance(number, IdNumber) else None
        self._rejects.add(Reject(self._file.path.name, batch.numbers[at], heading, fault, outcome, cells, known))


def _has_id(fields: Mapping[str, list[Cleaned]], at: int) -> bool:
    return "id_number" in fields and isinstance(fields["id_number"][at], IdNumber)
