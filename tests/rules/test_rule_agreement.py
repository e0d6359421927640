"""The compiled rule and the evaluated one are one language: they agree on every rule and every row."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.rules.compile import compile_rule
from scheduler.rules.evaluate import Verdict, evaluate
from scheduler.rules.rule import parse_rule

LABEL = {"zh": "条件", "en": "condition"}
COLUMNS = {
    "age_years": pa.int64(),
    "household_assets": pa.float64(),
    "living_alone": pa.bool_(),
    "birth_date": pa.date32(),
    "hukou": pa.string(),
}
# No feed brings this one: it is unknown in both.
WITHOUT_COLUMN = "disability_level"

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "age_years": st.integers(0, 4),
    "household_assets": st.sampled_from([0.0, 1.5, 2.0, float("nan")]),
    "living_alone": st.booleans(),
    "birth_date": st.dates(date(2000, 2, 27), date(2000, 3, 2)),
    "hukou": st.sampled_from(["shenzhen", "guangdong", "other"]),
    WITHOUT_COLUMN: st.integers(1, 4),
}
ORDERED = ("age_years", "household_assets", "birth_date", WITHOUT_COLUMN)
IN_RULES = {**VALUES, "household_assets": st.sampled_from([0.0, 1.5, 2.0])}


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(sorted(IN_RULES)))
    ops = ["eq", "ne", "in"] + (["lt", "lte", "gt", "gte", "between"] if field in ORDERED else [])
    op = draw(st.sampled_from(ops))
    one = IN_RULES[field]
    many = {"in": st.lists(one, min_size=1, max_size=3), "between": st.lists(one, min_size=2, max_size=2)}
    return {"field": field, "op": op, "value": draw(many.get(op, one)), "label": LABEL}


def with_exception(rules: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(lambda leaf, exempt: {**leaf, "except": exempt}, leaves(), rules)


RULES = st.recursive(
    leaves(),
    lambda rules: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(rules, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(rules, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, rules),
        with_exception(rules),
    ),
    max_leaves=6,
)
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | VALUES[name] for name in COLUMNS}),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def duck() -> ibis.BaseBackend:
    return ibis.duckdb.connect()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=RULES, rows=ROWS)
def test_compiled_and_evaluated_rules_agree(duck: ibis.BaseBackend, raw: dict[str, Any], rows: list[Any]) -> None:
    rule = parse_rule(raw)
    columns = {name: pa.array([row[name] for row in rows], kind) for name, kind in COLUMNS.items()}
    table = ibis.memtable(pa.table({**columns, "at": pa.array(range(len(rows)))}))
    query = table.select("at", verdict=compile_rule(rule, table)).order_by("at")
    compiled = duck.to_pyarrow(query)["verdict"].to_pylist()
    in_words = {True: Verdict.TRUE, False: Verdict.FALSE, None: Verdict.UNKNOWN}
    assert [in_words[verdict] for verdict in compiled] == [evaluate(rule, row).verdict for row in rows]
