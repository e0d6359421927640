"""Steps of a long run, each shown with its time: a line per step, or a bar with count and rate on a terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console


@dataclass(frozen=True)
class Step:
    name: str
    seconds: float


class Steps:
    """Collects the steps of a run. `name` is the machine's word for it, `shown` the reader's."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.done: list[Step] = []

    @contextlib.contextmanager
    def step(self, name: str, shown: str) -> Iterator[None]:
        begun = time.perf_counter()
        if self.console.is_terminal:
            with self.console.status(shown):
                yield
        else:
            yield
        took = time.perf_counter() - begun
        self.done.append(Step(name, round(took, 2)))
        self.console.print(f"[green]✓[/] {shown} [dim]{took:.1f} s[/]", highlight=False)
