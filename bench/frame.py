"""What every bench says of itself, and the one object it prints."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Progress = Callable[[str], None]

NO_AIM = "none"


@dataclass(frozen=True)
class Aim:
    """A bound on a figure, given as the smallest or the largest value that still meets it."""

    at_most: float | None = None
    at_least: float | None = None

    def __str__(self) -> str:
        bounds = ((">=", self.at_least), ("<=", self.at_most))
        return " ".join(f"{sign}{bound:g}" for sign, bound in bounds if bound is not None) or NO_AIM

    def is_met(self, value: float) -> bool:
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


@dataclass(frozen=True)
class Measure:
    """A figure that a bench promises to give. One without an aim is met whatever it is."""

    name: str
    unit: str
    aim: Aim = Aim()


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str
    aim: str
    met: bool


@dataclass(frozen=True)
class Comparison:
    """The same work done in another way, in the same run. `ratio`: how many times as good ours is."""

    name: str
    value: float
    ratio: float


@dataclass(frozen=True)
class NotMeasured:
    """A comparison that this machine could not make, and why."""

    name: str
    not_measured: str


@dataclass
class Measured:
    """What a run found: a value for each promised figure, and for others worth giving."""

    values: Mapping[str, float]
    compared_with: Sequence[Comparison | NotMeasured] = ()
    machine: dict[str, Any] = field(default_factory=dict)
    """What else must be known about the machine or the run to read the figures."""


@dataclass(frozen=True)
class Bench:
    name: str
    measures: tuple[Measure, ...]
    run: Callable[[Namespace, Progress], Measured]
    add_arguments: Callable[[ArgumentParser], None] = lambda _: None


class FigureMissing(Exception):  # noqa: N818
    """A bench did not give the figures that it promises."""


@dataclass(frozen=True)
class Result:
    bench: str
    machine: dict[str, Any]
    figures: tuple[Figure, ...]
    compared_with: tuple[Comparison | NotMeasured, ...]

    @property
    def met(self) -> bool:
        return all(figure.met for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def result_of(bench: Bench, measured: Measured, machine: Mapping[str, Any]) -> Result:
    """Hold what was measured against what was promised.

    Raises:
        FigureMissing: a promised figure is absent, or one was given that was not promised.
    """
    promised = {measure.name for measure in bench.measures}
    if promised != set(measured.values):
        raise FigureMissing(f"{bench.name}: promised {sorted(promised)}, measured {sorted(measured.values)}")
    figures = (_figure(measure, measured.values[measure.name]) for measure in bench.measures)
    return Result(bench.name, {**machine, **measured.machine}, tuple(figures), tuple(measured.compared_with))


def _figure(measure: Measure, value: float) -> Figure:
    # Judged before rounding: 60.04 is above 60.
    rounded = value if isinstance(value, int) else round(value, 3)
    return Figure(measure.name, rounded, measure.unit, str(measure.aim), measure.aim.is_met(value))
