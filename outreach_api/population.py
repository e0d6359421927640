"""The imported populations of this installation: each import a folder of its own, the newest one counts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from models.crypto import KeyRing
from scheduler.matching.population import Population
from scheduler.roster.feed import recognise
from scheduler.roster.import_population import ImportReport, Progress, import_population

KEPT_IMPORTS = 3
NOT_DATA = {".json", ".md", ".txt"}


class Populations:
    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._folder = folder
        self._ring = ring

    def take(self, paths: Sequence[Path], *, now: datetime, as_of: date, progress: Progress) -> ImportReport:
        """Import files beside the earlier imports; a failed import leaves those as they were.

        Raises:
            FileRefused: nothing could be read.
        """
        name = f"{now:%Y%m%dT%H%M%S}"
        unfinished = self._folder / f".{name}"
        shutil.rmtree(unfinished, ignore_errors=True)
        report = import_population(recognise(paths), unfinished, self._ring, today=as_of, progress=progress)
        finished = self._folder / name
        shutil.rmtree(finished, ignore_errors=True)
        unfinished.rename(finished)
        if report.rejects is not None:
            report.rejects = finished / report.rejects.name
        for old in self._imports()[:-KEPT_IMPORTS]:
            shutil.rmtree(old)
        return report

    def newest(self, *, as_of: date) -> Population:
        """The newest import, seen on a day.

        Raises:
            FileNotFoundError: nothing was imported yet.
        """
        imports = self._imports()
        return Population(imports[-1] if imports else self._folder, as_of=as_of)

    def _imports(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def files_in(folder: Path) -> list[Path]:
    """The data files of a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() not in NOT_DATA)
