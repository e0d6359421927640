from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.rules.derive import (
    FocusGroup,
    LifeStage,
    age_on,
    focus_groups,
    life_stage,
    months_between,
    with_derived,
)
from scheduler.rules.derived_columns import derived_columns

DUCK = ibis.duckdb.connect()
DAYS = st.dates(date(1924, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(1956, 3, 2), date(2026, 3, 1), 69),
        (date(1956, 3, 2), date(2026, 3, 2), 70),
        (date(1956, 2, 29), date(2026, 2, 27), 69),
        (date(1956, 2, 29), date(2026, 2, 28), 70),
        (date(1956, 2, 29), date(2028, 2, 28), 71),
        (date(1956, 2, 29), date(2028, 2, 29), 72),
        (date(2026, 3, 3), date(2026, 3, 2), None),
    ],
)
def test_age_in_completed_years(born: date, on: date, age: int | None) -> None:
    assert age_on(born, on) == age


def test_half_a_year_is_complete_at_the_end_of_a_shorter_month() -> None:
    assert months_between(date(2025, 8, 31), date(2026, 2, 28)) == 6
    assert months_between(date(2025, 8, 31), date(2026, 2, 27)) == 5


@settings(max_examples=15, deadline=None)
@given(days=st.lists(st.tuples(DAYS, DAYS), min_size=1, max_size=40), on=DAYS)
def test_a_population_ages_like_its_people(days: list[tuple[date, date]], on: date) -> None:
    born, since = zip(*days, strict=True)
    columns = {
        "birth_date": born,
        "resident_since": since,
        "last_check_on": since,
        "disability_valid_until": since,
        "established_on": since,
    }
    table = pa.table({name: pa.array(values, pa.date32()) for name, values in columns.items()})
    table = table.append_column("at", pa.array(range(len(days))))
    rows = DUCK.to_pyarrow(derived_columns(ibis.memtable(table), on).order_by("at")).to_pylist()
    for row, (birth, arrival) in zip(rows, days, strict=True):
        facts = {"birth_date": birth, "resident_since": arrival, "last_check_on": arrival, "established_on": arrival}
        expected = with_derived({**facts, "disability_valid_until": arrival}, on)
        assert {name: row[name] for name in expected} == expected


def test_life_stages_and_focus_groups() -> None:
    assert [life_stage(age) for age in (0, 3, 6, 18, 35, 60)] == list(LifeStage)
    facts = {"age_years": 83, "living_alone": True, "household_class": "dibao"}
    assert focus_groups(facts) == (FocusGroup.OLDEST_OLD, FocusGroup.LIVING_ALONE, FocusGroup.DIBAO)
    assert focus_groups({}) == ()
