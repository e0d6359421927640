"""What a word without quotes is, and that a line is still known where YAML is read in C."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from scheduler.plain_yaml import compose, read_yaml


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("True", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("1.2.3", "1.2.3"),
        ("2026-03-01", date(2026, 3, 1)),
        ("'2026-03-01'", "2026-03-01"),
    ],
)
def test_a_word_is_what_version_1_2_says(written: str, meant: object) -> None:
    assert read_yaml(f"a: {written}") == {"a": meant}


def test_what_is_given_twice_is_a_fault_with_its_line() -> None:
    with pytest.raises(yaml.error.MarkedYAMLError) as refused:
        read_yaml("a: 1\nb: 2\na: 3\n")
    assert refused.value.problem_mark is not None
    assert refused.value.problem_mark.line == 2


def test_a_node_knows_its_line() -> None:
    root = compose("a: 1\nb:\n  c: 老人\n")
    assert isinstance(root, yaml.MappingNode)
    assert [key.start_mark.line for key, _ in root.value] == [0, 1]
