"""A rule on one resident's facts, with the reason for each part: what the ledger keeps and `explain` reads out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from scheduler.rules.fields import FIELDS, Value
from scheduler.rules.rule import AllOf, Clause, Label, NotOf, Op, Rule, Scalar
from scheduler.rules.values import membership, typed


class Verdict(StrEnum):
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class ClauseTrace(BaseModel):
    """What one part of a rule decided and on which value; `parts` are the parts of a group, or a clause's exception."""

    model_config = ConfigDict(frozen=True)

    kind: str
    verdict: Verdict
    label: Label
    field: str | None = None
    op: Op | None = None
    wanted: tuple[Scalar, ...] = ()
    seen: Scalar | None = None
    cite: str | None = None
    parts: tuple[ClauseTrace, ...] = ()


_GROUP_LABELS = {
    "all": Label(zh="要同时符合", en="all of"),
    "any": Label(zh="符合其中一条即可", en="any of"),
    "not": Label(zh="不能属于", en="none of"),
}
_NEGATED = {Verdict.TRUE: Verdict.FALSE, Verdict.FALSE: Verdict.TRUE, Verdict.UNKNOWN: Verdict.UNKNOWN}

# Values of one field are of one type by the time they are compared; the type checker cannot see that.
_COMPARE: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda seen, wanted: seen == wanted[0],
    Op.NE: lambda seen, wanted: seen != wanted[0],
    Op.IN: lambda seen, wanted: seen in wanted,
    Op.LT: lambda seen, wanted: seen < wanted[0],
    Op.LTE: lambda seen, wanted: seen <= wanted[0],
    Op.GT: lambda seen, wanted: seen > wanted[0],
    Op.GTE: lambda seen, wanted: seen >= wanted[0],
    Op.BETWEEN: lambda seen, wanted: wanted[0] <= seen <= wanted[1],
}


def evaluate(rule: Rule, facts: Mapping[str, object]) -> ClauseTrace:
    """Decide a rule on one resident's facts. A fact that is absent leaves its clause unknown, never false."""
    if isinstance(rule, Clause):
        return _clause(rule, facts)
    if isinstance(rule, NotOf):
        part = evaluate(rule.part, facts)
        return _group("not", _NEGATED[part.verdict], rule.label, (part,))
    parts = tuple(evaluate(part, facts) for part in rule.parts)
    if isinstance(rule, AllOf):
        return _group("all", conjunction(part.verdict for part in parts), rule.label, parts)
    return _group("any", disjunction(part.verdict for part in parts), rule.label, parts)


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """Kleene's and: one false decides; otherwise one unknown leaves it open."""
    seen = set(verdicts)
    if Verdict.FALSE in seen:
        return Verdict.FALSE
    return Verdict.UNKNOWN if Verdict.UNKNOWN in seen else Verdict.TRUE


def disjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """Kleene's or: one true decides; otherwise one unknown leaves it open."""
    return _NEGATED[conjunction(_NEGATED[verdict] for verdict in verdicts)]


def unknown_fields(trace: ClauseTrace) -> tuple[str, ...]:
    """The fields that kept a decision open, in reading order: what the resident has to be asked."""
    if trace.verdict is not Verdict.UNKNOWN:
        return ()
    own = (trace.field,) if trace.field and _is_open(trace.field, trace) else ()
    below = (name for part in trace.parts for name in unknown_fields(part))
    return tuple(dict.fromkeys((*own, *below)))


def _is_open(field: str, trace: ClauseTrace) -> bool:
    """Whether a clause's own value left it unknown: absent, or coarser than what is asked."""
    return trace.op is not None and _verdict(field, trace.op, trace.wanted, trace.seen) is Verdict.UNKNOWN


def _clause(clause: Clause, facts: Mapping[str, object]) -> ClauseTrace:
    seen = typed(clause.field, facts.get(clause.field))
    own = _verdict(clause.field, clause.op, clause.values, seen)
    exempt = () if clause.exempt is None else (evaluate(clause.exempt, facts),)
    return ClauseTrace(
        kind="clause",
        verdict=disjunction((own, *(part.verdict for part in exempt))),
        label=clause.label,
        field=clause.field,
        op=clause.op,
        wanted=clause.values,
        seen=seen,
        cite=clause.cite,
        parts=exempt,
    )


def _verdict(field: str, op: Op, values: Sequence[Value], raw: object) -> Verdict:
    seen = typed(field, raw)
    if seen is None:
        return Verdict.UNKNOWN
    if op in (Op.EQ, Op.NE, Op.IN) and FIELDS[field].coarse:
        return _among(field, op, values, seen)
    wanted = tuple(typed(field, value) for value in values)
    return Verdict.TRUE if _COMPARE[op](seen, wanted) else Verdict.FALSE


def _among(field: str, op: Op, values: Sequence[Value], seen: Value) -> Verdict:
    found = membership(field, values)
    if seen in found.unsure:
        return Verdict.UNKNOWN
    met = Verdict.TRUE if seen in found.sure else Verdict.FALSE
    return _NEGATED[met] if op is Op.NE else met


def _group(kind: str, verdict: Verdict, label: Label | None, parts: tuple[ClauseTrace, ...]) -> ClauseTrace:
    return ClauseTrace(kind=kind, verdict=verdict, label=label or _GROUP_LABELS[kind], parts=parts)
