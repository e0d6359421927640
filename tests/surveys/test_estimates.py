"""Weighting gives back the share of all, and the interval holds it about as often as it says."""

from __future__ import annotations

from random import Random

import pytest

from outreach_api.surveys.estimates import Stratum, weighted_share


def test_a_stratum_counts_by_its_people_not_by_its_answers() -> None:
    share = weighted_share({"big": Stratum(900, 10, 9), "small": Stratum(100, 90, 9)})
    assert share is not None
    assert share.estimate == pytest.approx(0.9 * 0.9 + 0.1 * 0.1)


def test_when_all_have_answered_nothing_is_uncertain() -> None:
    share = weighted_share({"all": Stratum(40, 40, 30)})
    assert share is not None
    assert (share.low, share.high) == (0.75, 0.75)


def test_a_unanimous_few_claim_no_certainty() -> None:
    share = weighted_share({"all": Stratum(1000, 5, 5)})
    assert share is not None
    assert share.estimate == 1
    assert share.low < 0.8


def test_nobody_answered_is_no_share() -> None:
    assert weighted_share({"all": Stratum(10, 0, 0)}) is None


def test_the_interval_holds_the_truth_in_ninety_of_a_hundred() -> None:
    shares = {"a": (600, 40, 0.9), "b": (300, 40, 0.6), "c": (100, 20, 0.3)}
    truth = sum(people * share for people, _, share in shares.values()) / 1000
    inside = 0
    for seed in range(100):
        dice = Random(seed)
        drawn = {n: Stratum(p, k, sum(dice.random() < s for _ in range(k))) for n, (p, k, s) in shares.items()}
        found = weighted_share(drawn)
        assert found is not None
        inside += found.low <= truth <= found.high
    assert inside >= 90
