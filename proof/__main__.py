"""`./outreach prove --seeds N`: faults by seed until something breaks; the same object as a bench on standard output.

Exit status: 0 nothing was lost, doubled or broken; 1 something was, or the run failed; 2 the call was wrong.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import signal
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from rich.console import Console

from bench.databases import ENGINES
from bench.frame import Aim, Bench, Measure, Measured, Result, result_of
from bench.machine import describe_machine
from outreach_api.conversations.bot_process import bot_program
from outreach_api.language import say
from outreach_api.logs import log_to_terminal
from outreach_api.processes import ProcessFault, end_what_was_started, free_port
from proof.bugs import BUGS
from proof.crew import run_seeds
from proof.life import Run
from proof.stage import Stage, build_stage

NONE = Aim(at_most=0)
KINDS = (
    "lost", "duplicates", "after_stop", "unknown_unlisted", "invalid_transitions", "rule_breaches", "audit_breaks",
)  # fmt: skip
TELL_EVERY_SECONDS = 30.0
TEN_MINUTES = 600
ERR = Console(stderr=True, highlight=False)


def main(arguments: Sequence[str]) -> int:
    log_to_terminal(logging.ERROR)
    end_what_was_started()
    chosen = _parser().parse_args(arguments)
    machine = describe_machine()
    try:
        bench, measure = _chosen(chosen)
        measured = measure(chosen)
    except ProcessFault as fault:
        ERR.print(f"✗ {fault}", markup=False)
        return 1
    result = result_of(bench, measured, machine)
    if chosen.json:
        sys.stdout.write(json.dumps(result.as_json(), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _show(result)
    return 0 if result.met else 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="./outreach prove",
        description=say(
            "按种子演练故障：每次提交、每次对外调用处都可能崩溃，然后逐条核对运营商台账",
            "Faults by seed: a crash at any commit and any call of the outside, then the carrier's ledger is checked",
        ),
    )
    parser.add_argument("--seeds", type=_count, default=100, metavar="N", help=say("多少个种子", "how many seeds"))
    first = say("从哪个种子起；配合 --seeds 1 重演一个", "the first seed; with --seeds 1, one run again")
    parser.add_argument("--from", dest="first", type=int, default=1, metavar="SEED", help=first)
    parser.add_argument(
        "--processes", type=_count, default=2, metavar="N", help=say("同时几个进程", "at the same time")
    )
    killed = say("改为真杀进程：每种数据库各杀多少次", "real kills in place of seeds: so many on each database")
    parser.add_argument("--kills", type=_count, metavar="N", help=killed)
    on = say("只在这一种数据库上杀", "kill on this database alone")
    parser.add_argument("--on", choices=ENGINES, help=on)
    away = say("改为停掉 PostgreSQL 这么多秒，其间来信不断", "PostgreSQL away for so many seconds while texts come in")
    parser.add_argument("--outage", type=_count, nargs="?", const=TEN_MINUTES, metavar="SECONDS", help=away)
    others = say(
        "改为：磁盘满、运营商不应答、两个调度、助手很慢",
        "a full disk, a hanging carrier, two schedulers, a slow assistant",
    )
    parser.add_argument("--faults", action="store_true", help=others)
    planted = say("植入一个缺陷，应当被发现", "plant a bug, which must be found")
    parser.add_argument("--bug", choices=sorted(BUGS), help=planted)
    parser.add_argument("--json", action="store_true", help=say("只输出一个 JSON 对象", "print one JSON object only"))
    return parser


def _chosen(chosen: Namespace) -> tuple[Bench, Callable[[Namespace], Measured]]:
    if chosen.kills:
        return KILLS, _prove_by_kills
    if chosen.outage:
        return OUTAGE, _prove_by_outage
    return (FAULTS, _prove_by_faults) if chosen.faults else (PROOF, _prove)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _prove(chosen: Namespace) -> Measured:
    totals: Counter[str] = Counter()
    crashes: Counter[str] = Counter()
    outages: Counter[str] = Counter()
    broken: list[int] = []
    cpu_seconds = 0.0
    began, done = time.monotonic(), 0
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    with contextlib.ExitStack() as stack:
        enough = stack.enter_context(_interrupt_means_enough())
        stage = stack.enter_context(_staged())
        runs = run_seeds(stage, seeds, processes=chosen.processes, bug=chosen.bug)
        told = staged = time.monotonic()
        for done, run in enumerate(stack.enter_context(contextlib.closing(runs)), start=1):
            totals.update(run.findings.counts())
            totals.update({"sends": run.sends, "heard": run.heard, "by_chat": run.by_chat, "overlaps": run.overlaps})
            outages.update(run.outages)
            cpu_seconds += run.cpu_seconds
            crashes.update(run.crashes)
            if run.findings:
                broken.append(run.seed)
                _tell(run)
            if time.monotonic() - told >= TELL_EVERY_SECONDS or done == len(seeds):
                told = time.monotonic()
                _progress(done, len(seeds), told - staged)
            if enough():
                break
        took = time.monotonic() - staged
    values = {"seeds": done, **{kind: totals[kind] for kind in KINDS}}
    about = {
        "seconds": round(time.monotonic() - began, 1),
        "seconds_per_seed": round(took / done, 3),
        "cpu_seconds_per_seed": round(cpu_seconds / done, 3),
        "sends": totals["sends"],
        "texts_heard": totals["heard"],
        "by_chat": totals["by_chat"],
        "crashes": crashes.total(),
        "outages": dict(sorted(outages.items())),
        "overlaps": totals["overlaps"],
        "crash_places": dict(sorted(crashes.items())),
        "broken_seeds": sorted(broken)[:100],
        "bug": chosen.bug,
    }
    return Measured(values, machine=about)


def _prove_by_kills(chosen: Namespace) -> Measured:
    from proof.kills import Plan, kill_house, kill_naive

    tolls = {}
    with _interrupt_means_enough() as enough:
        plan = Plan(chosen.kills, Random(chosen.first), lambda told: ERR.print(told, markup=False), enough)
        for engine in [chosen.on] if chosen.on else ENGINES:
            tolls[engine] = kill_house(engine, plan)
            ERR.print(f"{engine}: {tolls[engine].told()}", markup=False)
        naive = kill_naive(plan)
    ERR.print(f"notify style: {naive.told()}", markup=False)
    both = tolls.values()
    values = {
        "kills": sum(toll.kills for toll in both),
        **{kind: sum(getattr(toll, kind) for toll in both) for kind in ("lost", "duplicates", "unknown_unlisted")},
        "recovery_p95_s": max(toll.recovery_p95_s for toll in both),
        **{f"notify_style_{kind}": getattr(naive, kind) for kind in ("kills", "lost", "duplicates")},
    }
    about = {engine: toll.told() for engine, toll in tolls.items()} | {"notify_style": naive.told()}
    # Beside ours, not as a ratio: of a count to none there is no ratio.
    return Measured(values, machine=about)


@contextlib.contextmanager
def _interrupt_means_enough() -> Iterator[Callable[[], bool]]:
    """Ctrl-C ends no run of hours without its figures: what was is judged.

    The programs of the run inherit that it is held back: they would end by the same keys.
    """
    enough = threading.Event()
    handler = signal.signal(signal.SIGINT, lambda *_: enough.set())
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        # A library's own thread may take it, or nobody.
        yield lambda: enough.is_set() or signal.SIGINT in signal.sigpending()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)


def _prove_by_outage(chosen: Namespace) -> Measured:
    from proof.outage import stop_postgres

    came_of_it = stop_postgres(chosen.outage, lambda told: ERR.print(told, markup=False))
    toll = came_of_it.toll
    values = {
        "outage_s": chosen.outage,
        "acknowledged": toll.acknowledged,
        "lost": toll.lost,
        "duplicates": toll.duplicates,
        "after_stop": came_of_it.after_stop,
        "unknown_unlisted": toll.unknown_unlisted,
        "spooled": came_of_it.spooled,
        "drained_s": came_of_it.drained_s,
    }
    about = {"slowest_answer_s": round(came_of_it.slowest_answer_s, 2), "refused": came_of_it.refused}
    return Measured(values, machine=about | {"sent": toll.sent})


def _prove_by_faults(_: Namespace) -> Measured:
    from proof.full_disk import fill_disk
    from proof.hanging_carrier import let_carrier_hang
    from proof.slow_assistant import slow_the_assistant
    from proof.two_schedulers import run_two_schedulers

    runs = {
        "disk": fill_disk,
        "hang": let_carrier_hang,
        "schedulers": run_two_schedulers,
        "assistant": slow_the_assistant,
    }
    values: dict[str, float] = {}
    for name, run in runs.items():
        figures = run()
        ERR.print(f"{name}: {figures}", markup=False)
        values |= {f"{name}_{figure}": value for figure, value in figures.items()}
    return Measured(values)


@contextlib.contextmanager
def _staged() -> Iterator[Stage]:
    secret, port = secrets.token_urlsafe(24), free_port()
    with tempfile.TemporaryDirectory(prefix="outreach-stage-") as folder:
        home = Path(folder)
        bot = bot_program(port=port, secret=secret, log=home / "bot.log")
        bot.start()
        try:
            ERR.print(say("导入并比对一条小街道…", "importing and matching a small street…"), markup=False)
            stage = build_stage(home / "home", bot=(f"http://127.0.0.1:{port}", secret))
            bot.wait_until_ready()
            yield stage
        finally:
            bot.stop()


def _tell(run: Run) -> None:
    again = f"./outreach prove --seeds 1 --from {run.seed}"
    ERR.print(say(f"✗ 种子 {run.seed}（重演：{again}）", f"✗ seed {run.seed} (again: {again})"), markup=False)
    for kind in KINDS:
        for finding in getattr(run.findings, kind):
            ERR.print(f"    {kind}: {finding}", markup=False)


def _progress(done: int, total: int, seconds: float) -> None:
    rate = done / seconds if seconds else 0.0
    left = (total - done) / rate if rate else 0.0
    zh = f"{done:,}/{total:,} 个种子，每秒 {rate:.2f} 个，还要 {left:.0f} 秒"
    ERR.print(say(zh, f"{done:,}/{total:,} seeds, {rate:.2f} a second, {left:.0f} s left"), markup=False)


def _show(result: Result) -> None:
    for figure in result.figures:
        mark = "✓" if figure.met else "✗"
        print(f"{mark} {figure.name:<22}{figure.value:>10,} {figure.unit}")  # noqa: T201 - what the command is for
    for name in (
        "seconds",
        "cpu_seconds_per_seed",
        "crashes",
        "outages",
        "overlaps",
        "sends",
        "texts_heard",
        "by_chat",
        "sqlite",
        "postgres",
        "notify_style",
    ):
        if name in result.machine:
            print(f"  {name:<22}{result.machine[name]}")  # noqa: T201


PROOF = Bench(
    name="prove",
    measures=(Measure("seeds", "runs"), *(Measure(kind, "findings", NONE) for kind in KINDS)),
    run=lambda chosen, _progress: _prove(chosen),
)

KILLS = Bench(
    name="prove",
    measures=(
        Measure("kills", "kills"),
        *(Measure(kind, "findings", NONE) for kind in ("lost", "duplicates", "unknown_unlisted")),
        Measure("recovery_p95_s", "s", Aim(at_most=5)),
        *(Measure(f"notify_style_{kind}", "of the usual sender") for kind in ("kills", "lost", "duplicates")),
    ),
    run=lambda chosen, _progress: _prove_by_kills(chosen),
)

OUTAGE = Bench(
    name="prove",
    measures=(
        Measure("outage_s", "s"),
        Measure("acknowledged", "texts", Aim(at_least=1)),
        *(Measure(kind, "findings", NONE) for kind in ("lost", "duplicates", "after_stop", "unknown_unlisted")),
        Measure("spooled", "arrivals", Aim(at_least=1)),
        Measure("drained_s", "s"),
    ),
    run=lambda chosen, _progress: _prove_by_outage(chosen),
)

AT_ONCE = Aim(at_most=5)
"""Who waits least for an answer to a webhook, WeChat, gives up then."""

FAULTS = Bench(
    name="prove",
    measures=(
        Measure("disk_acknowledged", "texts", Aim(at_least=1)),
        Measure("disk_spooled", "texts", Aim(at_least=1)),
        Measure("disk_refused", "texts"),
        Measure("disk_lost", "findings", NONE),
        Measure("disk_duplicates", "findings", NONE),
        Measure("hang_texts_begun", "texts", Aim(at_least=1)),
        Measure("hang_begun_twice", "findings", NONE),
        Measure("hang_calls_sent", "calls", Aim(at_least=1)),
        Measure("hang_slowest_answer_s", "s", AT_ONCE),
        Measure("hang_unanswered", "texts", NONE),
        Measure("hang_longest_transaction_s", "s", Aim(at_most=1)),
        Measure("schedulers_due", "slots", Aim(at_least=1)),
        Measure("schedulers_ran_twice", "findings", NONE),
        Measure("schedulers_not_run", "findings", NONE),
        Measure("assistant_acknowledged", "texts", Aim(at_least=1)),
        Measure("assistant_slowest_answer_s", "s", AT_ONCE),
        Measure("assistant_lost", "findings", NONE),
        Measure("assistant_stop_binds_s", "s", Aim(at_most=15)),
    ),
    run=lambda chosen, _progress: _prove_by_faults(chosen),
)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
