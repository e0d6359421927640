"""The frame of the benches: what is printed, and what the exit status says."""

from __future__ import annotations

import json
from argparse import Namespace

import pytest
import structlog

from bench import __main__ as command
from bench import frame
from bench.catalogue import BENCHES, Entry
from bench.frame import Aim, Bench, Comparison, FigureMissing, Measure, Measured, NotMeasured, Progress, result_of

SHAPE = {"bench", "machine", "figures", "compared_with"}


def a_bench(**values: float) -> Bench:
    def run(_: Namespace, progress: Progress) -> Measured:
        progress("working")
        structlog.get_logger().warning("logged_meanwhile")
        others = (Comparison("by hand", 2.0, 1.5), NotMeasured("another engine", "it is not installed"))
        return Measured(values or {"seconds": 59.5, "rows": 10}, others)

    return Bench("toy", (Measure("seconds", "s", Aim(at_most=60)), Measure("rows", "rows")), run)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Entry, "load", lambda _: a_bench())
    monkeypatch.setitem(BENCHES, "toy", Entry("", "玩具", "a toy"))


@pytest.mark.usefixtures("toy")
def test_standard_output_is_one_json_object_and_progress_is_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["toy", "--json"]) == 0
    said = capsys.readouterr()
    printed = json.loads(said.out)
    assert set(printed) == SHAPE
    assert printed["figures"] == [
        {"name": "seconds", "value": 59.5, "unit": "s", "aim": "<=60", "met": True},
        {"name": "rows", "value": 10, "unit": "rows", "aim": "none", "met": True},
    ]
    assert printed["compared_with"] == [
        {"name": "by hand", "value": 2.0, "ratio": 1.5},
        {"name": "another engine", "not_measured": "it is not installed"},
    ]
    assert printed["machine"]["cores"] >= 1
    assert "working" in said.err
    assert "logged_meanwhile" in said.err


@pytest.mark.usefixtures("toy")
def test_the_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["toy"]) == 0
    assert "seconds" in capsys.readouterr().out


def test_a_missed_aim_is_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Entry, "load", lambda _: a_bench(seconds=60.0004, rows=1))
    monkeypatch.setitem(BENCHES, "toy", Entry("", "玩具", "a toy"))
    assert command.main(["toy", "--json"]) == 1


@pytest.mark.parametrize("arguments", [["nothing"], ["toy", "--no-such-option"]])
@pytest.mark.usefixtures("toy")
def test_a_wrong_call_is_status_2(arguments: list[str]) -> None:
    try:
        status = command.main(arguments)
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status == 2


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in BENCHES)


def test_a_promised_figure_may_not_be_missing() -> None:
    with pytest.raises(FigureMissing):
        result_of(a_bench(), Measured({"seconds": 1.0}), {})


@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_listed_exists_under_its_name(name: str) -> None:
    bench = BENCHES[name].load()
    assert bench.name == name
    assert isinstance(bench, frame.Bench)
    assert len({measure.name for measure in bench.measures}) == len(bench.measures)
