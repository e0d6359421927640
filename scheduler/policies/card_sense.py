"""Faults that a card's shape does not show: rule fields and operators, bands, dates, replies.

These read the raw values, so that a misspelt field elsewhere does not hide them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from scheduler.policies.card_file import Steps
from scheduler.rules.fields import FIELDS, FieldType
from scheduler.rules.rule import Op
from scheduler.rules.values import fits

Finding = tuple[Steps, str, str]
Earlier = list[tuple[int, Mapping[str, Any]]]

_ORDERED = (FieldType.INT, FieldType.NUMBER, FieldType.DATE)
_ORDERING = frozenset({Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN})


def sense_faults(card: object) -> Iterator[Finding]:
    if not isinstance(card, Mapping):
        return
    yield from _rule(card.get("rule"), ("rule",))
    yield from _bands(card.get("amount"))
    yield from _dates(card)
    yield from _reply(card)


def _rule(node: object, at: Steps) -> Iterator[Finding]:
    if not isinstance(node, Mapping):
        return
    for group in ("all", "any"):
        parts = node.get(group)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            yield from _rule(part, (*at, group, index))
    yield from _rule(node.get("not"), (*at, "not"))
    yield from _rule(node.get("except"), (*at, "except"))
    if "field" in node:
        yield from _clause(node, at)


def _clause(node: Mapping[str, Any], at: Steps) -> Iterator[Finding]:
    name, op = str(node["field"]), node.get("op")
    if name not in FIELDS:
        yield (*at, "field"), f"no rule field is called {name}", _nearest(name, list(FIELDS))
        return
    if op is not None and op not in set(Op):
        yield (*at, "op"), f"no operator is called {op}", _nearest(str(op), [known.value for known in Op])
        return
    if op in _ORDERING and FIELDS[name].type not in _ORDERED:
        yield (*at, "op"), f"{name} has no order", "use eq, ne or in"
    if "value" in node:
        yield from _value(name, op, node["value"], (*at, "value"))


def _value(name: str, op: object, value: Any, at: Steps) -> Iterator[Finding]:
    if (op in (Op.IN, Op.BETWEEN)) != isinstance(value, list):
        yield at, f"{op} and this value do not go together", "in and between take a list, the others one value"
        return
    values = value if isinstance(value, list) else [value]
    if op == Op.BETWEEN and len(values) != 2:
        yield at, f"between has {len(values)} values", "give the lowest and the highest, both included"
        return
    wrong = [one for one in values if not fits(name, one)]
    for one in wrong:
        yield at, f"{one!r} is no value of {name}", _what_fits(name)
    if op == Op.BETWEEN and not wrong and values[0] > values[1]:
        yield at, f"between {values[0]} and {values[1]} holds nothing", "give the lower one first"
    if op == Op.IN and not values:
        yield at, "an empty list holds nobody", "name at least one value"


def _bands(amount: object) -> Iterator[Finding]:
    bands = amount.get("bands") if isinstance(amount, Mapping) else None
    if not isinstance(amount, Mapping) or not isinstance(bands, list):
        return
    by = amount.get("by")
    if by is not None and by not in FIELDS:
        yield ("amount", "by"), f"no rule field is called {by}", _nearest(str(by), list(FIELDS))
    if by is None and len(bands) > 1:
        yield (
            ("amount", "by"),
            "several bands but nothing to step by",
            "name the rule field they step through",
        )
    seen: Earlier = []
    for index, band in enumerate(bands):
        if isinstance(band, Mapping):
            yield from _band(index, band, seen, by)
            seen.append((index, band))


def _band(index: int, band: Mapping[str, Any], before: Earlier, by: object) -> Iterator[Finding]:
    at: Steps = ("amount", "bands", index)
    for value in band.get("values") or ():
        if by in FIELDS and not fits(str(by), value):
            yield (*at, "values"), f"{value!r} is no value of {by}", _what_fits(str(by))
    low, high = _span(band)
    if low > high:
        yield at, f"from {low} to {high} holds nobody", "give the lower end first"
    for other, earlier in before:
        if _overlap(band, earlier):
            yield at, f"overlaps band {other + 1}", "let each value fall into one band only (both ends are included)"


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    mine, theirs = one.get("values"), other.get("values")
    if mine or theirs:
        return bool(set(mine or ()) & set(theirs or ()))
    (low, high), (other_low, other_high) = _span(one), _span(other)
    return low <= other_high and other_low <= high


def _span(band: Mapping[str, Any]) -> tuple[float, float]:
    low, high = band.get("from"), band.get("to")
    return (low if isinstance(low, int) else float("-inf"), high if isinstance(high, int) else float("inf"))


def _dates(card: Mapping[str, Any]) -> Iterator[Finding]:
    start, end = card.get("effective_from"), card.get("effective_to")
    if isinstance(start, date) and isinstance(end, date) and end < start:
        yield ("effective_to",), f"ends on {end}, before it starts on {start}", "correct one of the two dates"


def _reply(card: Mapping[str, Any]) -> Iterator[Finding]:
    reply = card.get("reply")
    if not isinstance(reply, Mapping) or reply.get("accepts") is not True:
        return
    for name in ("keyword", "consent_text"):
        if not reply.get(name):
            yield ("reply", name), "is missing", "a card that accepts replies says which word and what it means"


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else f"use one of {', '.join(sorted(known)[:12])}"


def _what_fits(name: str) -> str:
    entry = FIELDS[name]
    if entry.codes:
        return f"use one of {', '.join(entry.codes)}"
    words = {FieldType.INT: "a whole number", FieldType.NUMBER: "a number", FieldType.BOOL: "true or false"}
    return f"write {words.get(entry.type, 'a date such as 2026-03-01' if entry.type is FieldType.DATE else 'text')}"
