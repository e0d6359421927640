"""How readings are counted."""

from __future__ import annotations

import pytest

from bench import understanding
from bench.understanding import BENCH, Read


def a_read(meant: str, taken: str) -> Read:
    return Read("话", meant, taken, (taken, meant))


READS = [
    a_read("opt_out", "opt_out"),
    a_read("opt_out", "busy"),
    a_read("busy", "busy"),
    a_read("busy", "opt_out"),
    a_read("busy", "busy"),
]


def test_every_promised_figure_is_counted() -> None:
    values = understanding._values(READS)
    assert set(values) == {measure.name for measure in BENCH.measures}
    assert values["accuracy"] == pytest.approx(3 / 5)
    assert values["opt_out_recall"] == values["opt_out_precision"] == pytest.approx(1 / 2)
    assert values["macro_f1"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert values["top3"] == 1.0


def test_a_share_has_its_wilson_interval() -> None:
    assert understanding._wilson([True] * 95 + [False] * 5) == "0.888-0.978"
    assert understanding._wilson([]) == "-"


def test_confusions_are_counted_worst_first() -> None:
    worst = understanding._confusions([*READS, a_read("busy", "opt_out")])
    assert worst[0] == {"meant": "busy", "taken_for": "opt_out", "times": 2}


def test_a_learnt_line_is_known_whatever_its_signs() -> None:
    learnt = understanding._learnt()
    assert understanding._bare("退订。") in learnt
    assert understanding._bare("?") == "?"
