"""What every command can be told: apart from what reads cards, which loads their whole form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scheduler.policies.card_file import Fault


class CardsRefused(Exception):  # noqa: N818
    """The folder has faults; none of its cards is used until they are mended."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))
