"""One rule, any warehouse: DuckDB, PostgreSQL and Spark count the same people as the rule in words does."""

from __future__ import annotations

import importlib.util
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from outreach_api.settings import ROOT
from scheduler.policies.card import PolicyCard
from scheduler.policies.load import load_cards
from scheduler.rules.compile import compile_rule
from scheduler.rules.derived_columns import derived_columns
from scheduler.rules.evaluate import Verdict, evaluate
from scheduler.rules.fields import FIELDS, Field, FieldType
from scheduler.rules.rule import field_names
from tests.conftest import NOT_RUN
from tests.engines import databases

AS_OF = date(2026, 3, 2)
PEOPLE = 300
ARROW = {
    FieldType.INT: pa.int64(),
    FieldType.NUMBER: pa.float64(),
    FieldType.BOOL: pa.bool_(),
    FieldType.DATE: pa.date32(),
    FieldType.CODE: pa.string(),
}
# A number's bounds are in the rules; values about them are what tells engines apart.
NUMBERS = (0, 1, 2, 3, 6, 12, 18, 60, 65, 70, 80, 90, 100)
IN_WORDS = {True: Verdict.TRUE, False: Verdict.FALSE, None: Verdict.UNKNOWN}

Counts = dict[str, Counter[Verdict]]


@pytest.fixture(scope="module")
def cards() -> Mapping[str, PolicyCard]:
    return load_cards(ROOT / "policies")


@pytest.fixture(scope="module")
def people(cards: Mapping[str, PolicyCard]) -> pa.Table:
    """Random people with every field that any card asks for; one value in five is not known."""
    dice = random.Random(23)
    names = sorted({name for card in cards.values() for name in field_names(card.rule)} | {"birth_date"})
    columns = {name: [_value(FIELDS[name], dice) for _ in range(PEOPLE)] for name in names}
    arrays = {name: pa.array(values, ARROW[FIELDS[name].type]) for name, values in columns.items()}
    return pa.table({"person_key": [f"p{number}" for number in range(PEOPLE)], **arrays})


def _value(entry: Field, dice: random.Random) -> Any:
    if dice.random() < 0.2:
        return None
    match entry.type:
        case FieldType.INT:
            return dice.choice(NUMBERS)
        case FieldType.NUMBER:
            return float(dice.choice([*NUMBERS, 1500, 5000]))
        case FieldType.BOOL:
            return dice.random() < 0.5
        case FieldType.DATE:
            return AS_OF - timedelta(days=dice.randrange(36_000))
        case FieldType.CODE:
            return dice.choice(sorted(entry.codes) or ["a", "b"])


def counted(cards: Mapping[str, PolicyCard], table: ir.Table, fetch: Callable[[ir.Table], pa.Table]) -> Counts:
    """How many people each card's rule finds eligible, not eligible, or cannot say of."""
    verdicts = table.select(**{card.id.replace("-", "_"): compile_rule(card.rule, table) for card in cards.values()})
    found = fetch(verdicts)
    return {
        card.id: Counter(IN_WORDS[verdict] for verdict in found[card.id.replace("-", "_")].to_pylist())
        for card in cards.values()
    }


@pytest.fixture(scope="module")
def in_words(cards: Mapping[str, PolicyCard], people: pa.Table) -> Counts:
    rows = people.to_pylist()
    return {card.id: Counter(evaluate(card.rule, row).verdict for row in rows) for card in cards.values()}


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Any]:
    backend = ibis.duckdb.connect()
    yield backend
    backend.disconnect()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Any]:
    cluster = databases.cluster()
    name = cluster.create_database()
    backend = ibis.postgres.connect(host=str(cluster.folder), user="postgres", database=name)
    yield backend
    backend.disconnect()
    cluster.drop_database(name)


@pytest.fixture(scope="module")
def spark(java: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip(NOT_RUN + "PySpark is missing. uv sync --group spark")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.warehouse.dir", str(folder))
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield ibis.pyspark.connect(session)
    session.stop()


def load(backend: Any, name: str, table: pa.Table) -> ir.Table:
    """DuckDB reads what lies there, as it does in production; the others keep tables."""
    return ibis.memtable(table) if backend.name == "duckdb" else backend.create_table(name, table)


def check(backend: Any, cards: Mapping[str, PolicyCard], people: pa.Table, in_words: Counts) -> None:
    table = load(backend, "people", people)
    assert counted(cards, table, backend.to_pyarrow) == in_words
    enrolled = load(backend, "enrolled", people.select(["person_key"]).slice(0, 50))
    rest = table.anti_join(enrolled, "person_key")
    assert backend.to_pyarrow(rest.count()).as_py() == PEOPLE - 50


def ages(backend: Any, people: pa.Table) -> list[int | None]:
    """What follows from a date of birth on a day, which each engine's calendar has to say alike."""
    born = load(backend, "born", people.select(["person_key", "birth_date"]))
    derived = derived_columns(born, AS_OF)
    found: list[int | None] = backend.to_pyarrow(derived.order_by("person_key").age_years).to_pylist()
    return found


def test_duckdb_counts_as_the_rule_in_words(
    duckdb: Any, cards: Mapping[str, PolicyCard], people: pa.Table, in_words: Counts
) -> None:
    assert any(counts[Verdict.TRUE] for counts in in_words.values())
    check(duckdb, cards, people, in_words)


@pytest.mark.postgres
def test_postgresql_counts_as_the_rule_in_words(
    postgres: Any, duckdb: Any, cards: Mapping[str, PolicyCard], people: pa.Table, in_words: Counts
) -> None:
    check(postgres, cards, people, in_words)
    assert ages(postgres, people) == ages(duckdb, people)


@pytest.mark.java
@pytest.mark.exhaustive
# Spark plans 23 rules at once, which takes minutes where others work too. It warns of a pandas newer than itself.
@pytest.mark.timeout(1200)
@pytest.mark.filterwarnings("ignore")
def test_spark_counts_as_the_rule_in_words(
    spark: Any, duckdb: Any, cards: Mapping[str, PolicyCard], people: pa.Table, in_words: Counts
) -> None:
    check(spark, cards, people, in_words)
    assert ages(spark, people) == ages(duckdb, people)
