"""What protection costs: a turn and a page as in service, beside the same without sealing, masking and audit.

Two houses in one process, one with its keys, one whose ring writes everything in the clear, shows everything and puts
nothing on record; the same work is done by one and the other in turns, and processor time is what counts.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.frame import Aim, Bench, Comparison, Measure, Measured, Progress
from bench.protection_house import Side, open_side
from bench.street import working_folder
from models.ciphers import CipherName
from models.crypto import KeyRing, new_key_ring

PAIRS = 100
WARM_UP = 3
ROUNDS = 2000
SAID = "我想问一下高龄津贴要带什么材料，家里老人走不动"
CONTEXT = "message.text"
MOST_PERCENT = 25


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--pairs", type=int, default=PAIRS, metavar="N", help="turns and pages of each, in turns")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    pairs = max(1, chosen.pairs)
    with working_folder() as folder, ExitStack() as stack:
        ours = _open(stack, folder / "ours", people=pairs + WARM_UP, protected=True)
        bare = _open(stack, folder / "bare", people=pairs + WARM_UP, protected=False)
        values: dict[str, float] = {}
        for name, work in (("turn", Side.turn), ("page", Side.page)):
            with_it, without = _in_turns(ours, bare, work, pairs)
            values[f"{name}_ms"], values[f"{name}_ms_unprotected"] = median(with_it), median(without)
            shares = [one / other for one, other in zip(with_it, without, strict=True)]
            values[f"overhead_{name}_percent"] = 100 * (median(shares) - 1)
            progress(f"{name}: {median(with_it):.2f} ms, without {median(without):.2f} ms")
    rings = {cipher: new_key_ring(cipher) for cipher in CipherName}
    seal_us, open_us = _cost_of(rings[CipherName.AES])
    others = zip(("seal with SM4", "open with SM4"), _cost_of(rings[CipherName.SM4]), (seal_us, open_us), strict=True)
    compared = [Comparison(name, value, value / ours_us) for name, value, ours_us in others]
    return Measured(
        values | {"seal_us": seal_us, "open_us": open_us},
        compared_with=compared,
        machine={"pairs": pairs, "measured": "processor time of the process", "database": "sqlite"},
    )


def _open(stack: ExitStack, home: Path, *, people: int, protected: bool) -> Side:
    return stack.enter_context(open_side(home, people=people, protected=protected))


def _in_turns(ours: Side, bare: Side, work: Callable[[Side, int], None], pairs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each, pair by pair; who begins changes."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(pairs + WARM_UP):
        for side in (ours, bare) if number % 2 else (bare, ours):
            with side.in_force():
                began = time.process_time()
                work(side, number)
                took = time.process_time() - began
            if number >= WARM_UP:
                times[side.protected].append(1000 * took)
    return times[True], times[False]


def _cost_of(ring: KeyRing) -> tuple[float, float]:
    """Microseconds of processor time to seal and to open one sentence."""
    began = time.process_time()
    sealed = [ring.seal(SAID, context=CONTEXT) for _ in range(ROUNDS)]
    sealing = time.process_time() - began
    began = time.process_time()
    for value in sealed:
        ring.open(value, context=CONTEXT)
    opening = time.process_time() - began
    return 1e6 * sealing / ROUNDS, 1e6 * opening / ROUNDS


BENCH = Bench(
    "protection",
    (
        Measure("turn_ms", "ms"),
        Measure("turn_ms_unprotected", "ms"),
        Measure("overhead_turn_percent", "%", Aim(at_most=MOST_PERCENT)),
        Measure("page_ms", "ms"),
        Measure("page_ms_unprotected", "ms"),
        Measure("overhead_page_percent", "%", Aim(at_most=MOST_PERCENT)),
        Measure("seal_us", "us"),
        Measure("open_us", "us"),
    ),
    _run,
    _add_arguments,
)
