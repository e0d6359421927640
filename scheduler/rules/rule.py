"""A rule as a tree: `all`, `any` and `not` over clauses of field, operator and value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    TypeAdapter,
)

from scheduler.rules.fields import Value

Scalar = StrictBool | StrictInt | StrictFloat | date | StrictStr
Text = Annotated[str, Field(min_length=1)]


class Op(StrEnum):
    EQ = "eq"
    NE = "ne"
    IN = "in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"


class Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Label(Node):
    zh: Text
    en: Text


class Clause(Node):
    """One condition. `except` names who need not meet it: the clause holds when either does."""

    field: Text
    op: Op
    value: Scalar | tuple[Scalar, ...]
    label: Label
    cite: str | None = None
    exempt: Rule | None = Field(None, alias="except")

    @property
    def values(self) -> tuple[Value, ...]:
        return self.value if isinstance(self.value, tuple) else (self.value,)


class AllOf(Node):
    parts: tuple[Rule, ...] = Field(alias="all", min_length=1)
    label: Label | None = None


class AnyOf(Node):
    parts: tuple[Rule, ...] = Field(alias="any", min_length=1)
    label: Label | None = None


class NotOf(Node):
    part: Rule = Field(alias="not")
    label: Label | None = None


def _kind(node: Any) -> str:
    if isinstance(node, dict):
        return next((key for key in ("all", "any", "not") if key in node), "clause")
    return _TAGS.get(type(node), "clause")


_TAGS: dict[type, str] = {AllOf: "all", AnyOf: "any", NotOf: "not"}

Rule = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NotOf, Tag("not")]
    | Annotated[Clause, Tag("clause")],
    Discriminator(_kind),
]

for _model in (Clause, AllOf, AnyOf, NotOf):
    _model.model_rebuild()

_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)


def parse_rule(raw: object) -> Rule:
    """Read a rule from plain values, as a card or the ledger holds it.

    Raises:
        pydantic.ValidationError: the shape is wrong.
    """
    return _RULE.validate_python(raw)


def clauses(rule: Rule) -> Iterator[Clause]:
    """Every clause of a rule in reading order, exceptions included."""
    match rule:
        case Clause():
            yield rule
            if rule.exempt is not None:
                yield from clauses(rule.exempt)
        case NotOf():
            yield from clauses(rule.part)
        case _:
            for part in rule.parts:
                yield from clauses(part)


def field_names(rule: Rule) -> frozenset[str]:
    return frozenset(clause.field for clause in clauses(rule))
