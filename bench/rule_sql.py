"""Rules as the SQL somebody would write by hand, to compare with: no Ibis, one predicate text for any engine."""

from __future__ import annotations

from datetime import date

from scheduler.rules.fields import FIELDS
from scheduler.rules.rule import AllOf, AnyOf, Clause, NotOf, Op, Rule
from scheduler.rules.values import membership

SIGNS = {Op.EQ: "=", Op.NE: "<>", Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}


def predicate(rule: Rule) -> str:
    match rule:
        case Clause():
            met = _clause(rule)
            return met if rule.exempt is None else f"({met} OR {predicate(rule.exempt)})"
        case NotOf():
            return f"NOT ({predicate(rule.part)})"
        case AllOf():
            return "(" + " AND ".join(predicate(part) for part in rule.parts) + ")"
        case AnyOf():
            return "(" + " OR ".join(predicate(part) for part in rule.parts) + ")"


def _clause(clause: Clause) -> str:
    if clause.op in (Op.EQ, Op.NE, Op.IN) and FIELDS[clause.field].coarse:
        return _coarse(clause)
    wanted = [_literal(value) for value in clause.values]
    match clause.op:
        case Op.IN:
            return f"{clause.field} IN ({', '.join(wanted)})"
        case Op.BETWEEN:
            return f"{clause.field} BETWEEN {wanted[0]} AND {wanted[1]}"
        case _:
            return f"{clause.field} {SIGNS[clause.op]} {wanted[0]}"


def _coarse(clause: Clause) -> str:
    """A code that leaves open what is meant is NULL where it may or may not be among those asked for."""
    found = membership(clause.field, clause.values)
    met = f"{clause.field} IN ({', '.join(_literal(code) for code in sorted(map(str, found.sure)))})"
    if found.unsure:
        open_ = ", ".join(_literal(code) for code in sorted(map(str, found.unsure)))
        met = f"(CASE WHEN {clause.field} IN ({open_}) THEN NULL ELSE {met} END)"
    return f"NOT {met}" if clause.op is Op.NE else met


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str | date):
        return "'" + str(value).replace("'", "''") + "'"
    return str(value)


def derived_sql(people: str, on: date) -> str:
    """Everybody, with what follows from their dates on a day. The day is none on which 29 February matters."""
    school = date(on.year if on.month > 8 else on.year - 1, 8, 31)
    derived = {
        "age_years": _age("birth_date", on),
        "age_on_jan1": _age("birth_date", on.replace(month=1, day=1)),
        "child_age_years": _age("child_birth_date", on),
        "child_age_months": _months("child_birth_date", on),
        "child_age_on_aug31": _age("child_birth_date", school),
        "residence_months_shenzhen": _months("resident_since", on),
        "enterprise_age_months": _months("established_on", on),
        "disability_cert_valid": f"disability_valid_until >= DATE '{on}'",
        "last_check_same_year": f"year(last_check_on) = {on.year}",
    }
    own = _own_as_child(people, on)
    return f"SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in derived.items())} FROM ({own})"  # noqa: S608


def _own_as_child(people: str, on: date) -> str:
    """Somebody under 18 is the child that a family's benefit is about."""
    minor = f"({_age('birth_date', on)}) < 18"
    born = f"coalesce(child_birth_date, CASE WHEN {minor} THEN birth_date END) AS child_birth_date"
    sources = {"child_sex": "sex", "child_hukou": "hukou", "child_hukou_city": "hukou"}
    others = ", ".join(f"CASE WHEN {minor} THEN {source} END AS {name}" for name, source in sources.items())
    return f"SELECT * REPLACE ({born}), {others} FROM {people}"  # noqa: S608


def _age(born: str, on: date) -> str:
    not_yet = f"(month({born}) * 100 + day({born}) > {on.month * 100 + on.day})::INTEGER"
    return f"CASE WHEN {born} <= DATE '{on}' THEN {on.year} - year({born}) - {not_yet} END"


def _months(since: str, on: date) -> str:
    months = f"({on.year} - year({since})) * 12 + {on.month} - month({since}) - (day({since}) > {on.day})::INTEGER"
    return f"CASE WHEN {since} <= DATE '{on}' THEN {months} END"
