from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from scheduler.rules.evaluate import ClauseTrace, Verdict, evaluate, unknown_fields
from scheduler.rules.explain import in_plain_chinese
from scheduler.rules.rule import parse_rule

ALLOWANCE = {
    "all": [
        {
            "field": "age_years",
            "op": "gte",
            "value": 70,
            "label": {"zh": "满70周岁", "en": "70 or over"},
            "cite": "文件",
        },
        {"field": "hukou", "op": "eq", "value": "shenzhen", "label": {"zh": "深圳户籍", "en": "of Shenzhen"}},
    ]
}


def a_clause(field: str, op: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value, "label": {"zh": "条件", "en": "condition"}, **more}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"age_years": 83, "hukou": "shenzhen"}, Verdict.TRUE),
        ({"age_years": 69, "hukou": "shenzhen"}, Verdict.FALSE),
        ({"age_years": 83}, Verdict.UNKNOWN),
        ({"age_years": 83, "hukou": None}, Verdict.UNKNOWN),
        ({"age_years": 69}, Verdict.FALSE),
        ({}, Verdict.UNKNOWN),
    ],
)
def test_a_missing_field_is_unknown_never_false(facts: dict[str, Any], verdict: Verdict) -> None:
    assert evaluate(parse_rule(ALLOWANCE), facts).verdict is verdict


def test_what_to_ask_is_what_kept_the_decision_open() -> None:
    trace = evaluate(parse_rule(ALLOWANCE), {"age_years": 83})
    assert unknown_fields(trace) == ("hukou",)
    assert unknown_fields(evaluate(parse_rule(ALLOWANCE), {"age_years": 60})) == ()


def test_an_exception_frees_from_its_clause_only() -> None:
    student = a_clause("founder_type", "eq", "current_student_shenzhen")
    rule = parse_rule(a_clause("founder_social_insurance_months_in_firm", "gte", 6, **{"except": student}))
    assert evaluate(rule, {"founder_type": "current_student_shenzhen"}).verdict is Verdict.TRUE
    assert evaluate(rule, {"founder_type": "veteran"}).verdict is Verdict.UNKNOWN
    assert (
        evaluate(rule, {"founder_type": "veteran", "founder_social_insurance_months_in_firm": 5}).verdict
        is Verdict.FALSE
    )


def test_between_includes_both_ends() -> None:
    rule = parse_rule(a_clause("age_years", "between", [35, 64]))
    assert [evaluate(rule, {"age_years": age}).verdict for age in (34, 35, 64, 65)] == [
        Verdict.FALSE,
        Verdict.TRUE,
        Verdict.TRUE,
        Verdict.FALSE,
    ]


def test_a_trace_survives_the_ledger_and_decides_alike_when_replayed() -> None:
    rule = parse_rule({"all": [a_clause("birth_date", "lt", "1950-01-01"), a_clause("living_alone", "eq", True)]})
    trace = evaluate(rule, {"birth_date": date(1941, 3, 5), "living_alone": True})
    kept = trace.model_dump_json()
    assert ClauseTrace.model_validate_json(kept).verdict is Verdict.TRUE
    seen = {
        part["field"]: part["seen"] for part in ClauseTrace.model_validate_json(kept).model_dump(mode="json")["parts"]
    }
    assert evaluate(rule, seen).verdict is Verdict.TRUE


def test_explanation_names_condition_verdict_value_and_citation() -> None:
    lines = list(in_plain_chinese(evaluate(parse_rule(ALLOWANCE), {"age_years": 83})))
    assert lines == [
        "要同时符合：还不清楚",
        "  满70周岁：符合（年龄：83岁），依据文件",
        "  深圳户籍：还不清楚（户籍地：没有记录）",
    ]
