"""`./outreach bench NAME --json`: the figures on standard output, all else on standard error.

Exit status: 0 ran and met its aims, 1 failed or missed an aim, 2 the call was wrong.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.catalogue import BENCHES, Entry
from bench.frame import Bench, Comparison, Result, result_of
from bench.machine import describe_machine
from outreach_api.language import say
from outreach_api.logs import log_to_terminal
from outreach_api.processes import ProcessFault, end_what_was_started

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)


def main(arguments: Sequence[str]) -> int:
    log_to_terminal(logging.WARNING)
    end_what_was_started()
    if not arguments:
        OUT.print(_listing(), markup=False)
        return 0
    entry = BENCHES.get(arguments[0])
    if entry is None:
        _parser().parse_args(arguments)
        ERR.print(say(f"没有名为 {arguments[0]} 的测量", f"there is no bench {arguments[0]}"))
        ERR.print(_listing(), markup=False)
        return 2
    return _run(entry, arguments)


def _parser(bench: Bench | None = None) -> ArgumentParser:
    parser = ArgumentParser(
        prog="./outreach bench" + (f" {bench.name}" if bench else ""),
        description=_listing() if bench is None else str(BENCHES[bench.name].en),
        formatter_class=RawDescriptionHelpFormatter,
    )
    if bench is None:
        parser.add_argument("name", help=say("测量的名字", "name of the bench"))
        return parser
    parser.add_argument("--json", action="store_true", help=say("只输出一个 JSON 对象", "print one JSON object only"))
    bench.add_arguments(parser)
    return parser


def _run(entry: Entry, arguments: Sequence[str]) -> int:
    bench = entry.load()
    chosen = _parser(bench).parse_args(arguments[1:])
    machine = describe_machine()
    try:
        measured = bench.run(chosen, _Progress())
    except ProcessFault as fault:
        ERR.print(f"✗ {fault}", markup=False)
        return 1
    result = result_of(bench, measured, machine)
    if chosen.json:
        sys.stdout.write(json.dumps(result.as_json(), ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _show(result)
    return 0 if result.met else 1


class _Progress:
    """A line a step on standard error, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, step: str) -> None:
        ERR.print(f"{time.monotonic() - self._began:7.1f} s  {step}", markup=False)


def _listing() -> str:
    lines = [f"  {name:<12}{say(entry.zh, entry.en)}" for name, entry in BENCHES.items()]
    usage = say("用法: ./outreach bench 名字 [--json] [参数]", "Usage: ./outreach bench NAME [--json] [OPTIONS]")
    return "\n".join([usage, "", *lines])


def _show(result: Result) -> None:
    table = Table(title=f"{result.bench}", title_justify="left", pad_edge=False)
    table.add_column(say("数字", "figure"))
    table.add_column(say("值", "value"), justify="right")
    for heading in (say("单位", "unit"), say("目标", "aim"), say("达到", "met")):
        table.add_column(heading)
    for figure in result.figures:
        aim = "-" if figure.aim == "none" else figure.aim
        table.add_row(figure.name, f"{figure.value:,}", figure.unit, aim, "✓" if figure.met else "✗")
    OUT.print(table)
    for other in result.compared_with:
        if isinstance(other, Comparison):
            OUT.print(say("对比", "compared with"), f"{other.name}: {other.value:,} (×{other.ratio:g})", markup=False)
        else:
            OUT.print(say("未测", "not measured"), f"{other.name}: {other.not_measured}", markup=False)
    OUT.print(", ".join(f"{name} {value}" for name, value in result.machine.items()), markup=False, style="dim")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
