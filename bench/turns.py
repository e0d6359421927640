"""A turn of the assistant: how long, how many a second, how large, how soon ready; beside stock Rasa on the same data.

Both serve from two processes, and four askers put the same messages to both, each a new turn as soon as the last is
answered. Ours carries the state with the turn; stock Rasa keeps a tracker for each sender in SQLite.
"""

from __future__ import annotations

import json
import secrets
import subprocess
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from bench.asking import Request, ask_all
from bench.frame import Aim, Bench, Comparison, Measure, Measured, Progress
from bench.stock_rasa import DIET_EPOCHS, TED_EPOCHS, StockRasa
from outreach_api.conversations.bot_process import bot_program
from outreach_api.processes import Program, free_port
from outreach_api.settings import ROOT

MESSAGES = ROOT / "tests" / "bot" / "unseen" / "utterances.jsonl"
PROCESSES = 2
ASKERS = 4
WARM_UP = 100
# Stock Rasa reads the whole tracker at each message; a resident who never comes to an end would be unfair to it.
MESSAGES_A_SENDER = 5

Message = Mapping[str, str]


@dataclass(frozen=True)
class Served:
    """What one kind of server did."""

    p50_ms: float
    p95_ms: float
    turns_per_s: float
    rss_mb: float
    ready_s: float


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--turns", type=int, default=3000, metavar="N", help="turns put to ours")
    parser.add_argument("--stock-turns", type=int, default=600, metavar="N", help="turns put to stock Rasa")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    messages = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()]
    with _ours(progress) as (programs, ready_s, requests):
        ours = _measure(programs, ready_s, requests, messages, chosen.turns)
    progress(f"ours: {ours}")
    stock_rasa = StockRasa(ROOT / "var" / "bench" / "stock-rasa")
    training_s = stock_rasa.train(progress)
    with _stock(stock_rasa, progress) as (programs, ready_s, requests):
        stock = _measure(programs, ready_s, requests, messages, chosen.stock_turns)
    progress(f"stock: {stock}")
    return Measured(
        values=vars(ours),
        compared_with=_compare(ours, stock),
        machine={
            "processes": PROCESSES,
            "askers": ASKERS,
            "turns": chosen.turns,
            "stock_turns": chosen.stock_turns,
            "stock_training": f"{training_s:.0f} s for {DIET_EPOCHS} DIET and {TED_EPOCHS} TED epochs",
        },
    )


Running = tuple[Sequence[Program], float, Callable[[int, int, Message], Request]]


@contextmanager
def _ours(progress: Progress) -> Iterator[Running]:
    secret = secrets.token_urlsafe(24)
    ports = [free_port() for _ in range(PROCESSES)]
    log = ROOT / "var" / "log" / "bench-turns.log"
    with ExitStack() as stack:
        programs, ready_s = _start(stack, [bot_program(port=port, secret=secret, log=log) for port in ports])
        progress(f"ours is ready in {ready_s:.1f} s")

        def request(asker: int, number: int, message: Message) -> Request:
            state: dict[str, Any] = {
                "stage": message["stage"],
                "asked": None,
                "channel": message["channel"],
                "misses": 0,
                "menu": [],
            }
            return Request(
                ports[number % PROCESSES],
                "/webhooks/turn/webhook",
                {"text": message["text"], "state": state},
                {"Authorization": f"Bearer {secret}"},
            )

        yield programs, ready_s, request


@contextmanager
def _stock(stock: StockRasa, progress: Progress) -> Iterator[Running]:
    ports = [free_port() for _ in range(PROCESSES)]
    with ExitStack() as stack:
        programs, ready_s = _start(stack, [stock.program(port) for port in ports])
        progress(f"stock Rasa is ready in {ready_s:.1f} s")
        run = secrets.token_hex(4)

        def request(asker: int, number: int, message: Message) -> Request:
            sender = f"{run}-{asker}-{number // MESSAGES_A_SENDER}"
            port = ports[number // MESSAGES_A_SENDER % PROCESSES]
            return Request(port, "/webhooks/rest/webhook", {"sender": sender, "message": message["text"]}, {})

        yield programs, ready_s, request


def _start(stack: ExitStack, programs: Sequence[Program]) -> tuple[Sequence[Program], float]:
    """Start one after the other; the slower one's time counts."""
    seconds = []
    for program in programs:
        began = perf_counter()
        stack.enter_context(program)
        seconds.append(perf_counter() - began)
    return programs, max(seconds)


def _measure(
    programs: Sequence[Program],
    ready_s: float,
    requests: Callable[[int, int, Message], Request],
    messages: Sequence[Message],
    turns: int,
) -> Served:
    ask_all(requests, messages, WARM_UP, ASKERS)
    asked = ask_all(requests, messages, turns, ASKERS)
    return Served(
        p50_ms=asked.quantile_ms(0.5),
        p95_ms=asked.quantile_ms(0.95),
        turns_per_s=asked.per_second,
        rss_mb=max(_rss_mb(program.pid) for program in programs),
        ready_s=ready_s,
    )


def _rss_mb(pid: int) -> float:
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) * 1024 / 1_000_000


def _compare(ours: Served, stock: Served) -> list[Comparison]:
    """How many times as good ours is: more turns a second, less of all else."""
    values: dict[str, Any] = vars(ours)
    return [
        Comparison(f"stock Rasa REST {name}", round(value, 3), round(_times(name, values[name], value), 2))
        for name, value in vars(stock).items()
    ]


def _times(name: str, ours: float, stock: float) -> float:
    return ours / stock if name == "turns_per_s" else stock / ours


BENCH = Bench(
    "turns",
    (
        Measure("p50_ms", "ms", Aim(at_most=40)),
        Measure("p95_ms", "ms", Aim(at_most=80)),
        Measure("turns_per_s", "1/s", Aim(at_least=150)),
        Measure("rss_mb", "MB", Aim(at_most=700)),
        Measure("ready_s", "s", Aim(at_most=20)),
    ),
    _run,
    _add_arguments,
)
