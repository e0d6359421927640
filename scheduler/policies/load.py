"""Reading a folder of policy cards."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from scheduler.policies.card import PolicyCard
from scheduler.policies.catalogue import Catalogue
from scheduler.policies.check import read_folder
from scheduler.policies.refused import CardsRefused


def load_catalogue(folder: Path) -> Catalogue:
    """Every version of every card of the folder.

    Raises:
        CardsRefused: any card has a fault.
    """
    files = sorted(path for path in folder.glob("*.y*ml"))
    return _read(folder, tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files))


@lru_cache(maxsize=8)
def _read(folder: Path, _as_it_stands: tuple[tuple[str, int, int], ...]) -> Catalogue:
    """Reading two dozen cards with the line of every value takes a second: once a process is enough."""
    cards, faults = read_folder(folder)
    if faults:
        raise CardsRefused(faults)
    return Catalogue.of(cards)


def load_cards(folder: Path, on: date = date.max) -> dict[str, PolicyCard]:
    """The card of each item that counts on a day; without a day the newest version.

    Raises:
        CardsRefused: any card has a fault.
    """
    return load_catalogue(folder).on(on)
