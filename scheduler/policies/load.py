"""Reading a folder of policy cards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from scheduler.policies.card import PolicyCard
from scheduler.policies.catalogue import Catalogue
from scheduler.policies.check import Fault, read_folder


class CardsRefused(Exception):  # noqa: N818
    """The folder has faults; none of its cards is used until they are mended."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def load_catalogue(folder: Path) -> Catalogue:
    """Every version of every card of the folder.

    Raises:
        CardsRefused: any card has a fault.
    """
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
