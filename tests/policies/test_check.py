"""Faults of card files: all in one run, each with file, line, field and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scheduler.policies.check import check_folder
from scheduler.policies.load import load_cards
from scheduler.policies.refused import CardsRefused

SHIPPED = Path(__file__).parents[2] / "policies" / "elderly-allowance.yaml"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return Path(shutil.copy(SHIPPED, tmp_path))


def edit(card: Path, old: str, new: str) -> int:
    """Replace once; the line of the replacement."""
    text = card.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    card.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


EDITS = {
    "misspelt field": ("short_name:", "shortname:", "shortname", "did you mean `short_name`?"),
    "misspelt part": ("  into: 颐年卡", "  inot: 颐年卡", "payment.inot", "did you mean `into`?"),
    "wrong type": ("version: 1", "version: 一", "version", "write a whole number here"),
    "quoted date": ("effective_to: null", 'effective_to: "2027-01-01"', "effective_to", "without quotes"),
    "no such date": ("effective_to: null", "effective_to: 2027-02-30", "effective_to", "write dates as"),
    "ends before it starts": ("effective_to: null", "effective_to: 2001-01-01", "effective_to", "correct one"),
    "unknown code": ("kind: cash", "kind: money", "kind", "use one of 'cash' or 'service'"),
    "unknown operator": ("op: gte", "op: gtee", "rule.all[0].op", "did you mean `gt"),
    "unknown rule field": ("field: age_years", "field: age_year", "rule.all[0].field", "did you mean `age_years`?"),
    "value of another type": ("value: 70", 'value: "70"', "rule.all[0].value", "write a whole number"),
    "value that is no code": ("value: shenzhen", "value: shenzen", "rule.all[1].value", "use one of shenzhen"),
    "list for one value": ("value: 70", "value: [70, 71]", "rule.all[0].value", "in and between take a list"),
    "label without English": (
        "{zh: 深圳户籍, en: registered in Shenzhen}",
        "{zh: 深圳户籍}",
        "rule.all[1].label.en",
        "add it",
    ),
    "overlapping bands": ("from: 80, to: 89", "from: 79, to: 89", "amount.bands[1]", "one band only"),
    "band upside down": ("from: 80, to: 89", "from: 89, to: 80", "amount.bands[1]", "lower end first"),
    "band by nothing known": ("by: age_years", "by: age", "amount.by", "did you mean"),
    "reply without keyword": ("  keyword: 同意\n", "", "reply.keyword", "which word"),
    "unknown topic": ("topic: amount", "topic: money", "faqs[4].topic", "use one of 'eligibility'"),
    "rejected value said": ("say: 岁数到了会自动往上调", "say: 要书面申请", "conflicts[0].never_say[1]", "take it out"),
    "conditions too long for a text": ("zh: 满70周岁", f"zh: {'满70周岁' * 30}", "rule", "give a long group a label"),
    "key given twice": ("version: 1", "version: 1\nversion: 2", "version", "keep this or line"),
    "missing field": ("level: city\n", "", "level", "add it"),
}


@pytest.mark.parametrize(("old", "new", "path", "remedy"), EDITS.values(), ids=EDITS.keys())
def test_a_fault_names_file_line_field_and_remedy(card: Path, old: str, new: str, path: str, remedy: str) -> None:
    edit(card, old, new)
    found = [fault for fault in check_folder(card.parent) if fault.path == path]
    assert found, check_folder(card.parent)
    assert found[0].file == card.name
    assert remedy in found[0].remedy


def test_the_line_is_the_line_of_the_fault(card: Path) -> None:
    line = edit(card, "field: hukou", "field: hukuo")
    assert [fault.line for fault in check_folder(card.parent)] == [line]


def test_all_faults_come_in_one_run(card: Path) -> None:
    edit(card, "short_name:", "shortname:")
    edit(card, "op: gte", "op: gtee")
    edit(card, "from: 80, to: 89", "from: 79, to: 89")
    paths = {fault.path for fault in check_folder(card.parent)}
    assert {"shortname", "rule.all[0].op", "amount.bands[1]"} <= paths


def test_a_repeated_id_is_a_fault_of_the_second_file(card: Path) -> None:
    shutil.copy(card, card.with_name("elderly-second.yaml"))
    problems = [f"{fault.file}: {fault.problem}" for fault in check_folder(card.parent)]
    assert "elderly-second.yaml: elderly-allowance is also the id of elderly-allowance.yaml" in problems


GARBAGE = {
    "empty": (b"", "the file is empty"),
    "binary": (bytes(range(256)) * 20, "not UTF-8"),
    "syntax": (b"id: [1, 2\nname: x\n", "not YAML"),
    "control character": (b"id: a\x01b\n", "not YAML"),
    "a list": (b"- id: a\n- id: b\n", "not one card"),
    "alias bomb": (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "aliases are not read"),
    "deep nesting": (b"a: " + b"[" * 5000 + b"]" * 5000, "nested deeper"),
    "ten megabytes": (b"# filler\n" * 1_200_000, "a card at most"),
}


@pytest.mark.parametrize(("content", "problem"), GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_in_words(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "garbage.yaml").write_bytes(content)
    faults = check_folder(tmp_path)
    assert len(faults) == 1
    assert problem in faults[0].problem
    assert faults[0].remedy


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("id: a\nname: {zh: 甲\nversion: 1\n", encoding="utf-8")
    (fault,) = check_folder(tmp_path)
    assert fault.line in (2, 3, 4)


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    (fault,) = check_folder(tmp_path)
    assert "no policy cards" in str(fault)


def test_no_card_is_used_while_one_has_a_fault(card: Path) -> None:
    edit(card, "version: 1", "version: 一")
    with pytest.raises(CardsRefused, match=r"elderly-allowance\.yaml:3: version"):
        load_cards(card.parent)
