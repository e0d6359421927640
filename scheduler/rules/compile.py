"""A rule as an Ibis expression: true, false, or NULL where the population data does not say."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

import ibis
import ibis.expr.types as ir

from scheduler.rules.fields import FIELDS
from scheduler.rules.rule import AllOf, AnyOf, Clause, NotOf, Op, Rule
from scheduler.rules.values import membership, typed


def compile_rule(rule: Rule, table: ir.Table) -> ir.BooleanValue:
    """Eligible, not eligible or NULL (not known), by SQL's three-valued logic, which is also `evaluate`'s.

    A field the table has no column for is NULL throughout: no feed brings it.
    """
    match rule:
        case Clause():
            return _clause(rule, table)
        case NotOf():
            return ~compile_rule(rule.part, table)
        case AllOf():
            return reduce(and_, (compile_rule(part, table) for part in rule.parts))
        case AnyOf():
            return reduce(or_, (compile_rule(part, table) for part in rule.parts))


def _column(name: str, table: ir.Table) -> ir.Value:
    value = table[name]
    # Engines order NaN above every number; to us it is a missing value.
    return value.isnan().ifelse(ibis.null("float64"), value) if value.type().is_floating() else value


def _clause(clause: Clause, table: ir.Table) -> ir.BooleanValue:
    # Not a comparison with a NULL literal: Ibis reads that as IS NULL, which is false and not unknown.
    known = clause.field in table.columns
    met = _compare(_column(clause.field, table), clause) if known else ibis.null("boolean")
    return met if clause.exempt is None else met | compile_rule(clause.exempt, table)


def _compare(seen: ir.Value, clause: Clause) -> ir.BooleanValue:
    if clause.op in (Op.EQ, Op.NE, Op.IN) and FIELDS[clause.field].coarse:
        return _among(seen, clause)
    wanted = [ibis.literal(typed(clause.field, value)) for value in clause.values]
    match clause.op:
        case Op.IN:
            return seen.isin(wanted)
        case Op.BETWEEN:
            return seen.between(wanted[0], wanted[1])
        case Op.EQ:
            return seen == wanted[0]
        case Op.NE:
            return seen != wanted[0]
        case Op.LT:
            return seen < wanted[0]
        case Op.LTE:
            return seen <= wanted[0]
        case Op.GT:
            return seen > wanted[0]
        case Op.GTE:
            return seen >= wanted[0]


def _among(seen: ir.Value, clause: Clause) -> ir.BooleanValue:
    """Equality over codes of which some are coarse: those may be meant or not, which is NULL."""
    found = membership(clause.field, clause.values)
    met = seen.isin(sorted(map(str, found.sure)))
    if found.unsure:
        met = seen.isin(sorted(map(str, found.unsure))).ifelse(ibis.null("boolean"), met)
    return ~met if clause.op is Op.NE else met
