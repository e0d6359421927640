"""A decision in plain Chinese, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.rules.evaluate import ClauseTrace, Verdict
from scheduler.rules.fields import FIELDS, in_words

_MARKS = {Verdict.TRUE: "符合", Verdict.FALSE: "不符合", Verdict.UNKNOWN: "还不清楚"}


def in_plain_chinese(trace: ClauseTrace, *, depth: int = 0) -> Iterator[str]:
    """One line a part, indented by depth: the condition, the verdict, the value seen, and the citation."""
    yield "  " * depth + f"{trace.label.zh}：{_MARKS[trace.verdict]}{_seen(trace)}{_cite(trace)}"
    if trace.field and trace.parts:
        yield "  " * (depth + 1) + "下面这种情况可以不看这一条："
        depth += 1
    for part in trace.parts:
        yield from in_plain_chinese(part, depth=depth + 1)


def _seen(trace: ClauseTrace) -> str:
    if trace.field is None:
        return ""
    entry = FIELDS[trace.field]
    return f"（{entry.zh}：{in_words(entry, trace.seen)}）"


def _cite(trace: ClauseTrace) -> str:
    return f"，依据{trace.cite}" if trace.cite else ""
