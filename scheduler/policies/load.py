"""Reading a folder of policy cards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scheduler.policies.card import PolicyCard
from scheduler.policies.check import Fault, read_folder


class CardsRefused(Exception):  # noqa: N818
    """The folder has faults; none of its cards is used until they are mended."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def load_cards(folder: Path) -> dict[str, PolicyCard]:
    """Every card of the folder by its id.

    Raises:
        CardsRefused: any card has a fault.
    """
    cards, faults = read_folder(folder)
    if faults:
        raise CardsRefused(faults)
    return {card.id: card for card in cards}
