"""The import: population sources merged to people, registers and enrolment lists beside them, rejects in a report."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from models.crypto import KeyRing
from scheduler.roster.cleaned import clean_file
from scheduler.roster.faults import FileRefused, RowFault
from scheduler.roster.feed import FeedKind, RosterFile
from scheduler.roster.firms import Firms
from scheduler.roster.freshness import REPORT_FILE, DatedFile, dated_on
from scheduler.roster.merge import Merge, MergeCounts
from scheduler.roster.people import write_people
from scheduler.roster.registers import import_register
from scheduler.roster.rejects import Outcome, Reject, Rejects

REJECTS_FILE = "rejects.csv"


class Progress(Protocol):
    def __call__(self, step: str, done: int, total: int | None) -> None: ...


@dataclass(slots=True)
class FileReport:
    file: str
    feed: str
    dated: date
    policy: str | None = None
    """The item whose recipients the file lists."""
    rows: int = 0
    rejected: int = 0
    values_dropped: int = 0
    people: int | None = None
    refused: str | None = None


@dataclass(slots=True)
class ImportReport:
    """What came of an import; also written to `import.json` beside the Parquet files."""

    taken_on: date
    files: list[FileReport] = field(default_factory=list)
    people: int = 0
    firms: int = 0
    records: int = 0
    found_by_name: int = 0
    ties: int = 0
    rejects: Path | None = None

    @property
    def refused(self) -> list[str]:
        """The files that could not be read at all, each with the reason and the remedy."""
        return [file.refused for file in self.files if file.refused]

    def stale(self, on: date) -> list[DatedFile]:
        """The files that are too old to be believed on a day."""
        read = [DatedFile(file.file, file.feed, file.dated, file.policy) for file in self.files if not file.refused]
        return [file for file in read if file.is_stale(on)]


def _entry(file: RosterFile, today: date) -> FileReport:
    policy = file.policy or (file.feed.enrols.policy if file.feed.enrols else None)
    dated = dated_on(file.path, today) if file.path.exists() else today
    return FileReport(file.path.name, file.feed.id, dated, policy)


def import_population(
    files: Sequence[RosterFile],
    out_dir: Path,
    keyring: KeyRing,
    *,
    today: date,
    progress: Progress = lambda step, done, total: None,
) -> ImportReport:
    """Import a set of files into a fresh snapshot folder.

    A file that cannot be read is named in the report and the others go on; a population of nobody is refused.

    Raises:
        FileRefused: no population source could be read.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    report = ImportReport(today, rejects=out_dir / REJECTS_FILE)
    spill_dir = TemporaryDirectory(dir=out_dir)
    with Rejects(out_dir / REJECTS_FILE, keyring) as rejects, spill_dir as spill, _paused_collection():
        merge = Merge(Path(spill))
        try:
            _take_sources(files, merge, report, rejects, today, progress)
            _write_merged(merge, out_dir, keyring, report, rejects, progress)
        finally:
            merge.close()
        _take_firms(files, out_dir, keyring, report, rejects, today, progress)
        _take_registers(files, out_dir, keyring, report, rejects, today, progress)
    _count_rejects(report, rejects)
    text = json.dumps(asdict(report), ensure_ascii=False, indent=1, default=str)
    (out_dir / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
    return report


@contextmanager
def _paused_collection() -> Iterator[None]:
    """Millions of rows without a reference cycle: searching them for garbage would take a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _take_sources(
    files: Sequence[RosterFile],
    merge: Merge,
    report: ImportReport,
    rejects: Rejects,
    today: date,
    progress: Progress,
) -> None:
    for file in files:
        if file.feed.kind is not FeedKind.POPULATION:
            continue
        entry = _entry(file, today)
        report.files.append(entry)
        try:
            for batch in clean_file(file, rejects, today=today):
                merge.take(batch, file)
                entry.rows += batch.read
                progress(file.path.name, entry.rows, None)
        except FileRefused as refused:
            entry.refused = str(refused)
    if not any(entry.rows for entry in report.files):
        raise FileRefused("; ".join(report.refused) or "no population source among the files; name at least one")


def _write_merged(
    merge: Merge, out_dir: Path, keyring: KeyRing, report: ImportReport, rejects: Rejects, progress: Progress
) -> None:
    counts: MergeCounts = merge.resolve()
    report.people, report.records = counts.people, counts.records
    report.found_by_name, report.ties = counts.found_by_name, counts.ties
    for tie in merge.ties():
        rejects.add(Reject(tie.file, tie.row, "", RowFault.TIE, Outcome.KEPT))
    write_people(merge.people(), out_dir, keyring, lambda done: progress("people", done, counts.people))


def _take_firms(
    files: Sequence[RosterFile],
    out_dir: Path,
    keyring: KeyRing,
    report: ImportReport,
    rejects: Rejects,
    today: date,
    progress: Progress,
) -> None:
    firms = Firms(keyring)
    for file in files:
        if file.feed.kind is not FeedKind.ENTERPRISES:
            continue
        entry = _entry(file, today)
        report.files.append(entry)
        try:
            for batch in clean_file(file, rejects, today=today):
                firms.take(batch)
                entry.rows += batch.read
                progress(file.path.name, entry.rows, None)
        except FileRefused as refused:
            entry.refused = str(refused)
    if firms:
        firms.write(out_dir)
    report.firms = len(firms)


def _take_registers(
    files: Sequence[RosterFile],
    out_dir: Path,
    keyring: KeyRing,
    report: ImportReport,
    rejects: Rejects,
    today: date,
    progress: Progress,
) -> None:
    for file in files:
        if file.feed.kind not in (FeedKind.REGISTER, FeedKind.ENROLMENT):
            continue
        entry = _entry(file, today)
        report.files.append(entry)
        done = _row_counter(progress, file.path.name)
        try:
            imported = import_register(file, out_dir, keyring, rejects, today=today, done=done)
        except FileRefused as refused:
            entry.refused = str(refused)
        else:
            entry.rows, entry.people = imported.rows_read, imported.people


def _row_counter(progress: Progress, step: str) -> Callable[[int], None]:
    return lambda done: progress(step, done, None)


def _count_rejects(report: ImportReport, rejects: Rejects) -> None:
    for entry in report.files:
        entry.rejected = rejects.of(entry.file, Outcome.ROW_REJECTED)
        entry.values_dropped = rejects.of(entry.file, Outcome.VALUE_DROPPED)
