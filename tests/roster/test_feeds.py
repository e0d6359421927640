"""Departments' tables joined by identity number: what they bring, which is believed, and when they are too old."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scheduler.matching.population import KEY, Population
from scheduler.policies.coverage import Origin, coverage
from scheduler.policies.load import load_cards
from scheduler.roster.feed import Feed, FeedKind, feeds, recognise
from scheduler.roster.freshness import dated_on
from scheduler.roster.import_population import ImportReport, import_population
from scheduler.rules.derive import with_derived
from scheduler.rules.evaluate import Verdict, evaluate
from scheduler.rules.fields import FIELDS
from scheduler.rules.rule import field_names
from tests.builders import a_key_ring
from tests.matching.conftest import AS_OF, FANG, HEADER, MEI, Person

CARDS = load_cards(Path(__file__).parents[2] / "policies")
BABY = Person("林小宝", date(2024, 6, 1), 11)
PUPIL = Person("林大宝", date(2018, 5, 1), 12)

Files = Mapping[str, Sequence[str]]
Take = Callable[[Files], tuple[ImportReport, Population]]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    def imported(files: Files, *, as_of: date = AS_OF) -> tuple[ImportReport, Population]:
        folder = tmp_path / "files"
        folder.mkdir()
        people = [HEADER, *(person.row() for person in (MEI, FANG, BABY, PUPIL))]
        for name, lines in {"全员人口20260301.csv": people, **files}.items():
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        report = import_population(recognise(sorted(folder.iterdir())), tmp_path / "out", a_key_ring(), today=as_of)
        return report, Population(tmp_path / "out", as_of=as_of)

    return imported


def facts_of(population: Population, person: Person) -> dict[str, Any]:
    key = a_key_ring().blind_index(person.number, kind="id_number")
    (row,) = population.fetch(population.people.filter(population.people[KEY] == key))
    return row


def test_a_table_of_true_false_and_numbers_needs_only_its_description(take: Take) -> None:
    lines = [
        "身份证号,是否在缴,累计缴费月数,医保状态",
        f"{MEI.number},在缴,１２８个月,参保",
        f"{FANG.number},是,三十,？",
    ]
    report, population = take({"社保20260228.csv": lines})
    mei, fang, baby = (facts_of(population, person) for person in (MEI, FANG, BABY))
    assert (mei["social_insurance_active_shenzhen"], mei["social_insurance_months_total"]) == (True, 128)
    assert (fang["social_insurance_active_shenzhen"], fang["social_insurance_months_total"]) == (True, None)
    assert [file.values_dropped for file in report.files if file.feed == "social_insurance"] == [2]
    # The list is complete: whoever is not in it pays nothing.
    assert (baby["social_insurance_active_shenzhen"], baby["social_insurance_months_total"]) == (False, 0)


def test_money_and_codes_are_read_as_departments_write_them(take: Take) -> None:
    means = ["身份证号,人均年收入,家庭财产总额", f'{MEI.number},"54,000元",66万']
    work = ["身份证号,单位类别", f"{MEI.number},中小微企业"]
    _, population = take({"家庭经济状况20260101.csv": means, "就业登记20260201.csv": work})
    mei = facts_of(population, MEI)
    assert (mei["household_income_per_capita_year"], mei["household_assets"]) == (54000.0, 660000.0)
    assert mei["employer_type"] == "sme"


def test_of_two_registers_the_authority_is_believed(take: Take) -> None:
    disabled = ["身份证号,证件类型,有效期至,家庭困难类型", f"{MEI.number},残疾人证,2030-01-01,无"]
    poor = ["身份证号,救助类型", f"{MEI.number},低保"]
    _, population = take({"残疾20260201.csv": disabled, "低保20260201.csv": poor})
    assert facts_of(population, MEI)["household_class"] == "dibao"
    assert facts_of(population, FANG)["household_class"] == "ordinary"


def test_a_stale_register_is_reported_and_its_values_are_unknown(take: Take) -> None:
    poor = ["身份证号,救助类型", f"{MEI.number},低保"]
    report, population = take({"低保20251201.csv": poor})
    assert [(file.feed, file.days_overdue(AS_OF)) for file in report.stale(AS_OF)] == [("subsistence", 51)]
    assert [file.feed for file in population.stale] == ["subsistence"]
    assert "household_class" not in facts_of(population, MEI)


@pytest.mark.parametrize(
    ("name", "dated"),
    [
        ("社保20260228.csv", date(2026, 2, 28)),
        ("social_insurance_2026-02.xlsx", date(2026, 2, 1)),
        ("低保2026年1月15日.csv", date(2026, 1, 15)),
        ("住房20270101.csv", AS_OF),
        ("住房.csv", date(2026, 1, 9)),
        ("住房20260231.csv", date(2026, 1, 9)),
    ],
)
def test_a_file_speaks_for_the_day_in_its_name_or_that_it_was_written(tmp_path: Path, name: str, dated: date) -> None:
    path = tmp_path / name
    path.touch()
    written = datetime(2026, 1, 9, 12, tzinfo=UTC).timestamp()
    os.utime(path, (written, written))
    assert dated_on(path, AS_OF) == dated


def test_a_childs_benefit_is_decided_on_the_childs_own_row(take: Take) -> None:
    health = ["儿童身份证号,是否依法生育,HPV剂次", f"{BABY.number},是,0", f"{PUPIL.number},是,0"]
    _, population = take({"儿保20260220.csv": health})
    rule = CARDS["childcare-subsidy"].rule
    verdicts = [
        evaluate(rule, with_derived(facts_of(population, child), AS_OF)).verdict for child in (BABY, PUPIL, MEI)
    ]
    assert verdicts == [Verdict.TRUE, Verdict.FALSE, Verdict.UNKNOWN]


def test_a_misspelt_field_of_a_feed_is_refused() -> None:
    told = {**feeds()["subsistence"].model_dump(), "fields": ("id_number", "houshold_class"), "needs": ("id_number",)}
    with pytest.raises(ValidationError, match="no field is called houshold_class"):
        Feed.model_validate(told)


def test_every_rule_field_is_told_as_brought_derived_or_asked() -> None:
    for card in CARDS.values():
        told = coverage(card, feeds())
        assert {field.field for field in told.fields} == field_names(card.rule)
        assert all(field.by for field in told.fields if field.origin is not Origin.ASK)


def test_what_no_feed_brings_makes_an_item_ask() -> None:
    by_item = {card.id: coverage(card, feeds()) for card in CARDS.values()}
    assert not by_item["temporary-relief"].can_match
    assert {field.field for field in by_item["temporary-relief"].of(Origin.ASK)} >= {"sudden_hardship"}
    matched = {name for name, told in by_item.items() if told.can_match}
    assert {"elderly-allowance", "severe-disability-care-subsidy", "childcare-subsidy", "startup-subsidy"} <= matched


def test_every_field_that_a_feed_brings_is_one_a_rule_may_ask_for_or_the_roster_needs() -> None:
    registers = [feed for feed in feeds().values() if feed.kind is FeedKind.REGISTER]
    assert len(registers) >= 12
    needed = ("id_number", "credit_code", "name")
    assert all(name in FIELDS or name in needed for feed in registers for name in feed.fields)
