"""The imported populations of this installation: each import a folder of its own, the newest one counts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from models.crypto import KeyRing
from scheduler.matching.population import Population
from scheduler.roster.feed import recognise
from scheduler.roster.freshness import DatedFile, dated_files
from scheduler.roster.import_population import ImportReport, Progress, import_population
from scheduler.roster.terms import FeedTerms

KEPT_IMPORTS = 3
POPULATION_FOLDER = "population"
NOT_DATA = {".json", ".md", ".txt"}


class Populations:
    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._folder = folder
        self._ring = ring

    def take(
        self,
        paths: Sequence[Path],
        *,
        now: datetime,
        as_of: date,
        progress: Progress,
        terms: Mapping[str, FeedTerms] = MappingProxyType({}),
    ) -> ImportReport:
        """Import files beside the earlier imports; a failed import leaves those as they were.

        `terms`: of each feed that rests on an application, what that is for.

        Raises:
            FileRefused: nothing could be read.
        """
        name = f"{now:%Y%m%dT%H%M%S}"
        unfinished = self._folder / f".{name}"
        shutil.rmtree(unfinished, ignore_errors=True)
        files = [replace(file, terms=terms.get(file.feed.id)) for file in recognise(paths)]
        report = import_population(files, unfinished, self._ring, today=as_of, progress=progress)
        finished = self._folder / name
        shutil.rmtree(finished, ignore_errors=True)
        unfinished.rename(finished)
        if report.rejects is not None:
            report.rejects = finished / report.rejects.name
        for old in imports_in(self._folder)[:-KEPT_IMPORTS]:
            shutil.rmtree(old)
        return report

    def newest(self, *, as_of: date) -> Population:
        """The newest import, seen on a day.

        Raises:
            FileNotFoundError: nothing was imported yet.
        """
        imports = imports_in(self._folder)
        return Population(imports[-1] if imports else self._folder, as_of=as_of)


def stale_files(home: Path, *, on: date) -> list[DatedFile]:
    """The files of an installation's newest import that are too old to be believed on a day."""
    imports = imports_in(home / POPULATION_FOLDER)
    return [file for file in dated_files(imports[-1]) if file.is_stale(on)] if imports else []


def imports_in(folder: Path) -> list[Path]:
    """The imports kept in a folder, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def files_in(folder: Path) -> list[Path]:
    """The data files of a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() not in NOT_DATA)
