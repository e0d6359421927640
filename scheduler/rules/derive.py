"""Facts that follow from others on a given day: age, months of residence, life-cycle stage, focus groups."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from scheduler.rules.evaluate import Verdict, evaluate
from scheduler.rules.fields import Value
from scheduler.rules.rule import AnyOf, Clause, Label, Op, Rule
from scheduler.rules.values import typed


class LifeStage(StrEnum):
    INFANT = "婴幼儿"
    PRESCHOOL = "学龄前"
    SCHOOL_AGE = "学龄"
    YOUTH = "青年"
    MIDDLE_AGED = "中年"
    OLDER = "老年"


# First year of age of each stage, oldest first.
STAGE_FROM: Mapping[int, LifeStage] = MappingProxyType(
    {
        60: LifeStage.OLDER,
        35: LifeStage.MIDDLE_AGED,
        18: LifeStage.YOUTH,
        6: LifeStage.SCHOOL_AGE,
        3: LifeStage.PRESCHOOL,
        0: LifeStage.INFANT,
    }
)


class FocusGroup(StrEnum):
    OLDEST_OLD = "高龄"
    LIVING_ALONE = "独居"
    DISABLED = "残疾"
    DIBAO = "低保"
    NEAR_DIBAO = "低保边缘"


def _one(group: FocusGroup, field: str, op: Op, *, value: Value) -> Clause:
    return Clause(field=field, op=op, value=value, label=Label(zh=group.value, en=group.name.lower()))


# Groups are rules like any other, so that the warehouse and a single resident's page agree on them.
FOCUS_GROUPS: Mapping[FocusGroup, Rule] = MappingProxyType(
    {
        FocusGroup.OLDEST_OLD: _one(FocusGroup.OLDEST_OLD, "age_years", Op.GTE, value=80),
        FocusGroup.LIVING_ALONE: _one(FocusGroup.LIVING_ALONE, "living_alone", Op.EQ, value=True),
        FocusGroup.DISABLED: _one(FocusGroup.DISABLED, "disability_cert_valid", Op.EQ, value=True),
        FocusGroup.DIBAO: AnyOf(
            parts=(
                _one(FocusGroup.DIBAO, "household_class", Op.EQ, value="dibao"),
                _one(FocusGroup.DIBAO, "household_class", Op.EQ, value="destitute"),
            )
        ),
        FocusGroup.NEAR_DIBAO: _one(FocusGroup.NEAR_DIBAO, "household_class", Op.EQ, value="dibao_edge"),
    }
)


LAST_MONTH_OF_SCHOOL_YEAR = 8
ADULT_FROM = 18

# What each derived fact follows from; `policies coverage` reads it.
DERIVED_FROM: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "age_years": ("birth_date",),
        "age_on_jan1": ("birth_date",),
        "residence_months_shenzhen": ("resident_since",),
        "enterprise_age_months": ("established_on",),
        "disability_cert_valid": ("disability_valid_until",),
        "last_check_same_year": ("last_check_on",),
        # Somebody under 18 is the child that a family's benefit is about.
        "child_birth_date": ("birth_date",),
        "child_sex": ("sex",),
        "child_hukou": ("hukou",),
        "child_hukou_city": ("hukou",),
        "child_age_years": ("child_birth_date",),
        "child_age_months": ("child_birth_date",),
        "child_age_on_aug31": ("child_birth_date",),
    }
)


OF_THE_CHILD: Mapping[str, str] = {
    name: DERIVED_FROM[name][0] for name in ("child_birth_date", "child_sex", "child_hukou", "child_hukou_city")
}


def age_on(born: date, on: date) -> int | None:
    """Completed years. Born on 29 February, one turns a year older on the 28th where there is no 29th.

    That is the Civil Code's rule for a period whose last month lacks the day (art. 202). Before birth: `None`.
    """
    if born > on:
        return None
    return on.year - born.year - ((on.month, on.day) < _birthday(born.month * 100 + born.day, on))


def months_between(since: date, on: date) -> int | None:
    """Completed months, with the last day of a shorter month counting as the day that it lacks."""
    if since > on:
        return None
    months = (on.year - since.year) * 12 + on.month - since.month
    return months - (on.day < since.day and not last_of_month(on))


def life_stage(age_years: int) -> LifeStage:
    return next(stage for first, stage in STAGE_FROM.items() if age_years >= first)


def focus_groups(facts: Mapping[str, object]) -> tuple[FocusGroup, ...]:
    return tuple(group for group, rule in FOCUS_GROUPS.items() if evaluate(rule, facts).verdict is Verdict.TRUE)


def with_derived(facts: Mapping[str, object], on: date) -> dict[str, object]:
    """One resident's facts with what follows from them on that day."""
    facts = {**_own_as_child(facts, on), **{name: value for name, value in facts.items() if value is not None}}
    born, since = typed("birth_date", facts.get("birth_date")), typed("resident_since", facts.get("resident_since"))
    founded = typed("established_on", facts.get("established_on"))
    checked = typed("last_check_on", facts.get("last_check_on"))
    until = typed("disability_valid_until", facts.get("disability_valid_until"))
    derived: dict[str, object] = {
        **_ages_of(born, on),
        **_childs_ages(typed("child_birth_date", facts.get("child_birth_date")), on),
        "residence_months_shenzhen": months_between(since, on) if isinstance(since, date) else None,
        "enterprise_age_months": months_between(founded, on) if isinstance(founded, date) else None,
        "disability_cert_valid": until >= on if isinstance(until, date) else None,
        "last_check_same_year": checked.year == on.year if isinstance(checked, date) else None,
    }
    return {**facts, **{name: value for name, value in derived.items() if value is not None}}


def _ages_of(born: object, on: date) -> dict[str, object]:
    if not isinstance(born, date):
        return {}
    return {"age_years": age_on(born, on), "age_on_jan1": age_on(born, on.replace(month=1, day=1))}


def _own_as_child(facts: Mapping[str, object], on: date) -> dict[str, object]:
    born = typed("birth_date", facts.get("birth_date"))
    age = age_on(born, on) if isinstance(born, date) else None
    if age is None or age >= ADULT_FROM:
        return {}
    own = {name: facts.get(source) for name, source in OF_THE_CHILD.items()}
    return {name: value for name, value in own.items() if value is not None}


def _childs_ages(born: object, on: date) -> dict[str, object]:
    if not isinstance(born, date):
        return {}
    return {
        "child_age_years": age_on(born, on),
        "child_age_months": months_between(born, on),
        "child_age_on_aug31": age_on(born, school_year_cutoff(on)),
    }


def school_year_cutoff(on: date) -> date:
    """The 31 August before the school year that a day falls in."""
    return date(on.year if on.month > LAST_MONTH_OF_SCHOOL_YEAR else on.year - 1, LAST_MONTH_OF_SCHOOL_YEAR, 31)


def _birthday(month_day: int, on: date) -> tuple[int, int]:
    if month_day == 229 and not isleap(on.year):
        return 2, 28
    return divmod(month_day, 100)


def last_of_month(on: date) -> bool:
    return date.fromordinal(on.toordinal() + 1).month != on.month
