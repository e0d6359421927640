"""What follows from others on a given day, for a whole population: the same as `derive` says of one person."""

from __future__ import annotations

from calendar import isleap
from datetime import date

import ibis
import ibis.expr.types as ir

from scheduler.rules.derive import ADULT_FROM, OF_THE_CHILD, last_of_month, school_year_cutoff


def derived_columns(table: ir.Table, on: date) -> ir.Table:
    """The table with what follows from its columns; only what they allow is added."""
    if "birth_date" in table.columns:
        table = _with_own_as_child(table, on)
    columns: dict[str, ir.Value] = {}
    if "birth_date" in table.columns:
        columns["age_years"] = _ages(table.birth_date, on)
        columns["age_on_jan1"] = _ages(table.birth_date, on.replace(month=1, day=1))
    if "child_birth_date" in table.columns:
        columns["child_age_years"] = _ages(table.child_birth_date, on)
        columns["child_age_months"] = _months(table.child_birth_date, on)
        columns["child_age_on_aug31"] = _ages(table.child_birth_date, school_year_cutoff(on))
    if "resident_since" in table.columns:
        columns["residence_months_shenzhen"] = _months(table.resident_since, on)
    if "established_on" in table.columns:
        columns["enterprise_age_months"] = _months(table.established_on, on)
    if "last_check_on" in table.columns:
        same_year = table.last_check_on.year() == on.year
        columns["last_check_same_year"] = ibis.coalesce(same_year, _known(table, "last_check_same_year"))
    if "disability_valid_until" in table.columns:
        valid = table.disability_valid_until >= ibis.date(on)
        columns["disability_cert_valid"] = ibis.coalesce(valid, _known(table, "disability_cert_valid"))
    return table.mutate(**columns)


def _with_own_as_child(table: ir.Table, on: date) -> ir.Table:
    minor = _ages(table.birth_date, on) < ADULT_FROM
    own: dict[str, ir.Value] = {}
    for name, source in OF_THE_CHILD.items():
        if source in table.columns:
            value = minor.ifelse(table[source], ibis.null(table[source].type()))
            own[name] = ibis.coalesce(table[name], value) if name in table.columns else value
    return table.mutate(**own)


def _known(table: ir.Table, name: str) -> ir.BooleanValue:
    return table[name] if name in table.columns else ibis.null("boolean")


def _ages(born: ir.DateValue, on: date) -> ir.IntegerValue:
    month_day = born.month().cast("int64") * 100 + born.day().cast("int64")
    if not isleap(on.year):
        month_day = (month_day == 229).ifelse(228, month_day)
    # Not a cast: PostgreSQL makes no number of a boolean.
    not_yet = (month_day > on.month * 100 + on.day).ifelse(1, 0)
    age = on.year - born.year().cast("int64") - not_yet
    return (born <= ibis.date(on)).ifelse(age, ibis.null("int64"))


def _months(since: ir.DateValue, on: date) -> ir.IntegerValue:
    months = (on.year - since.year().cast("int64")) * 12 + on.month - since.month().cast("int64")
    if not last_of_month(on):
        months = months - (since.day().cast("int64") > on.day).ifelse(1, 0)
    return (since <= ibis.date(on)).ifelse(months, ibis.null("int64"))
