"""What a sample says of everybody: shares weighted by stratum, each with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

Z95 = 1.959964


@dataclass(frozen=True)
class Stratum:
    """How many are in it, how many answered, and how many of those gave the answer in question."""

    people: int
    answered: int
    chosen: int


@dataclass(frozen=True)
class Share:
    estimate: float
    low: float
    high: float


def weighted_share(strata: Mapping[str, Stratum]) -> Share | None:
    """The share over the strata that somebody answered in, each counted by its people.

    Where nearly everybody answered, the interval closes (finite population). Nobody's answers known: None. The
    interval is Wilson's on the effective number of answers, so that it stays within 0 and 1 and a unanimous few
    claim no certainty.
    """
    usable = [stratum for stratum in strata.values() if stratum.answered and stratum.people]
    people = sum(stratum.people for stratum in usable)
    if not people:
        return None
    estimate = sum(stratum.people * stratum.chosen / stratum.answered for stratum in usable) / people
    variance_per_pq = sum(
        (stratum.people / people) ** 2 * (1 - stratum.answered / stratum.people) / stratum.answered
        for stratum in usable
    )
    if variance_per_pq <= 0:
        return Share(estimate, estimate, estimate)
    return _wilson(estimate, 1 / variance_per_pq)


def _wilson(share: float, effective: float) -> Share:
    z2 = Z95 * Z95
    middle = (share + z2 / (2 * effective)) / (1 + z2 / effective)
    reach = Z95 * math.sqrt(share * (1 - share) / effective + z2 / (4 * effective**2)) / (1 + z2 / effective)
    return Share(share, max(0.0, middle - reach), min(1.0, middle + reach))
