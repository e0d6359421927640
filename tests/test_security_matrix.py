"""docs/security.md answers for every requirement of ASVS 5.0 levels 1 and 2, and names tests that exist."""

from __future__ import annotations

import re

import pytest

from outreach_api.settings import ROOT

# How many requirements of levels 1 and 2 each section has.
COUNTS = """
V1.1:2 V1.2:9 V1.3:11 V1.4:3 V1.5:2 V2.1:3 V2.2:3 V2.3:4 V2.4:1 V3.2:2 V3.3:4 V3.4:6 V3.5:5 V3.7:2 V4.1:3 V4.2:1
V4.3:2 V4.4:4 V5.1:1 V5.2:3 V5.3:2 V5.4:3 V6.1:3 V6.2:12 V6.3:4 V6.4:4 V6.5:5 V6.6:3 V6.8:4 V7.1:3 V7.2:4 V7.3:2
V7.4:5 V7.5:2 V7.6:2 V8.1:2 V8.2:3 V8.3:1 V8.4:1 V9.1:3 V9.2:4 V10.1:2 V10.2:2 V10.3:4 V10.4:11 V10.5:5 V10.6:2
V10.7:3 V11.1:2 V11.2:3 V11.3:3 V11.4:4 V11.5:1 V11.6:1 V12.1:3 V12.2:2 V12.3:4 V13.1:1 V13.2:5 V13.3:2 V13.4:5
V14.1:2 V14.2:4 V14.3:3 V15.1:3 V15.2:3 V15.3:7 V16.1:1 V16.2:5 V16.3:4 V16.4:3 V16.5:3 V17.1:1 V17.2:4 V17.3:2
"""
ROW = re.compile(r"^\| (V\d+\.\d+) \| (\d+)(?:-(\d+))? \| (.+) \| (.+) \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = ROW.findall(PAGE)
REASONS = {"Does not apply", "Reason", "The operator's", "Theirs; kept current by the lock file"}


def test_every_requirement_has_its_row() -> None:
    wanted = {section: int(count) for section, count in (pair.split(":") for pair in COUNTS.split())}
    assert sum(wanted.values()) == 253
    assert {section: int(last or first) for section, first, last, _, _ in ROWS} == wanted
    assert all(first == "1" for _, first, _, _, _ in ROWS)


@pytest.mark.parametrize(("section", "held_by"), [(row[0], row[4]) for row in ROWS], ids=lambda value: value[:6])
def test_every_row_names_tests_that_exist_or_a_reason(section: str, held_by: str) -> None:
    named = re.findall(r"`(tests/[^`]+)`", held_by)
    assert named or held_by in REASONS
    assert [path for path in named if not (ROOT / path).is_file()] == [], section


def test_what_is_open_is_said() -> None:
    assert PAGE.count("**Open**") >= 3
