"""What the assistant makes of messages it never learnt, with 95 % intervals and the worst confusions."""

from __future__ import annotations

import json
import re
import subprocess
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from bench.frame import Aim, Bench, Measure, Measured, Progress
from outreach_api.conversations.bot_process import BOT_PYTHON
from outreach_api.processes import ProcessFault
from outreach_api.settings import ROOT
from scheduler.plain_yaml import read_yaml

UNSEEN = ROOT / "tests" / "bot" / "unseen"
SETS = ("utterances", "second")
TRAINING = ROOT / "bot" / "data" / "nlu"
WORST = 10
_Z = 1.96
_NOT_WORDS = re.compile(r"[\W_]")


@dataclass(frozen=True)
class Read:
    text: str
    meant: str
    taken: str
    ranking: tuple[str, ...]


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--set", choices=SETS, help="one of the two sets; both without it")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    names = (chosen.set,) if chosen.set else SETS
    lines = [line for name in names for line in (UNSEEN / f"{name}.jsonl").read_text("utf-8").splitlines()]
    learnt = _learnt()
    messages = [message for message in map(json.loads, lines) if _bare(message["text"]) not in learnt]
    progress(f"{len(lines)} messages, {len(lines) - len(messages)} left out since a training line equals them")
    reads = _read(messages)
    return Measured(
        values=_values(reads),
        machine={
            "messages": len(reads),
            "intervals": _intervals(reads),
            "worst_confusions": _confusions(reads),
        },
    )


def _learnt() -> set[str]:
    """The training lines without punctuation and case."""
    blocks = [block for path in sorted(TRAINING.glob("*.yml")) for block in read_yaml(path.read_text("utf-8"))["nlu"]]
    return {_bare(line.removeprefix("- ")) for block in blocks for line in block["examples"].splitlines()}


def _bare(text: str) -> str:
    return _NOT_WORDS.sub("", text.lower()) or text


def _read(messages: Sequence[Mapping[str, str]]) -> list[Read]:
    asked = "".join(
        json.dumps({"text": each["text"], "stage": each["stage"]}, ensure_ascii=False) + "\n" for each in messages
    )
    done = subprocess.run(
        [BOT_PYTHON, "-m", "bot", "parse"], cwd=ROOT, input=asked, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise ProcessFault(f"bot parse ended with status {done.returncode}\n{done.stderr[-2000:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        Read(
            message["text"],
            message["intent"],
            answer["intent"],
            tuple(reading["intent"] for reading in answer["ranking"][:3]),
        )
        for message, answer in zip(messages, answers, strict=True)
    ]


def _values(reads: Sequence[Read]) -> dict[str, float]:
    return {
        "accuracy": _share([read.taken == read.meant for read in reads]),
        "macro_f1": _macro_f1(reads),
        "top3": _share([read.meant in (read.taken, *read.ranking) for read in reads]),
        "opt_out_precision": _share(_precise(reads, "opt_out")),
        **{f"{intent}_recall": _share(_recalled(reads, intent)) for intent in _RECALLS},
    }


def _intervals(reads: Sequence[Read]) -> dict[str, str]:
    counted = {
        "accuracy": [read.taken == read.meant for read in reads],
        "opt_out_precision": _precise(reads, "opt_out"),
        **{f"{intent}_recall": _recalled(reads, intent) for intent in _RECALLS},
    }
    return {name: f"{sum(right)}/{len(right)} ({_wilson(right)})" for name, right in counted.items()}


def _recalled(reads: Sequence[Read], intent: str) -> list[bool]:
    return [read.taken == intent for read in reads if read.meant == intent]


def _precise(reads: Sequence[Read], intent: str) -> list[bool]:
    return [read.meant == intent for read in reads if read.taken == intent]


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 0.0


def _macro_f1(reads: Sequence[Read]) -> float:
    return sum(scores := list(_f1(reads))) / len(scores)


def _f1(reads: Sequence[Read]) -> Iterator[float]:
    for intent in sorted({read.meant for read in reads}):
        recall, precision = _share(_recalled(reads, intent)), _share(_precise(reads, intent))
        yield 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def _wilson(right: Sequence[bool]) -> str:
    """The 95 % interval of a share."""
    number, share = len(right), _share(right)
    if not number:
        return "-"
    spread = _Z * sqrt(share * (1 - share) / number + _Z**2 / (4 * number**2))
    middle, scale = share + _Z**2 / (2 * number), 1 + _Z**2 / number
    return f"{(middle - spread) / scale:.3f}-{(middle + spread) / scale:.3f}"


def _confusions(reads: Sequence[Read]) -> list[dict[str, Any]]:
    wrong = Counter((read.meant, read.taken) for read in reads if read.taken != read.meant)
    return [{"meant": meant, "taken_for": taken, "times": times} for (meant, taken), times in wrong.most_common(WORST)]


_RECALLS = {
    "opt_out": Aim(at_least=0.98),
    "resident_deceased": Aim(at_least=0.95),
    "wrong_number": Aim(at_least=0.95),
    "request_human": Aim(at_least=0.95),
    "out_of_scope": Aim(at_least=0.85),
}
BENCH = Bench(
    "understanding",
    (
        Measure("accuracy", "share", Aim(at_least=0.93)),
        Measure("macro_f1", "share", Aim(at_least=0.92)),
        Measure("top3", "share"),
        Measure("opt_out_precision", "share", Aim(at_least=0.95)),
        *(Measure(f"{intent}_recall", "share", aim) for intent, aim in _RECALLS.items()),
    ),
    _run,
    _add_arguments,
)
