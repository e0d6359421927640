"""Every stored column has a grade, a purpose, a ground and a term; the printed table is this one."""

from __future__ import annotations

from collections import Counter

import pytest

from models.column_types import BlindIndex, Encrypted, EncryptedJson
from models.report_views import VIEWS
from models.tables import metadata
from outreach_api.privacy.grade_table import with_table
from outreach_api.privacy.grades import GRADES, Grade
from outreach_api.reports.snapshot import COLUMNS
from outreach_api.settings import ROOT

GRADE_OF = {(table, name): grade for table, graded in GRADES.items() for name, grade in graded.columns()}
COLUMNS_STORED = {(table.name, column.name): column for table in metadata.sorted_tables for column in table.columns}
# Of machines, not of people.
MACHINES = {("wechat_token", "token"), ("hook_target", "secret")}


def test_every_column_has_exactly_one_grade() -> None:
    assert set(GRADE_OF) == set(COLUMNS_STORED), "grade the column in outreach_api/privacy/grades.py"
    graded = Counter((table, name) for table, own in GRADES.items() for name, _ in own.columns())
    assert max(graded.values()) == 1


@pytest.mark.parametrize("kind", [Encrypted, EncryptedJson, BlindIndex])
def test_what_is_encrypted_is_not_general(kind: type) -> None:
    of_kind = {key for key, column in COLUMNS_STORED.items() if isinstance(column.type, kind)} - MACHINES
    assert of_kind
    assert {GRADE_OF[key] for key in of_kind} <= {Grade.PERSONAL, Grade.SENSITIVE}


def test_what_a_record_of_messages_holds_is_kept_six_months_at_least() -> None:
    for table in ("message", "contact", "inbound", "call", "receipt"):
        lasts = GRADES[table].kept.lasts
        assert lasts is not None
        assert lasts.days >= 183


def test_reports_read_no_name_number_address_or_word() -> None:
    """The views for BI tools and the snapshot of reports have groups and ids, nothing that is encrypted."""
    read = {(table, column) for table, columns in COLUMNS.items() for column in columns}
    assert not [key for key in read if isinstance(COLUMNS_STORED[key].type, Encrypted | EncryptedJson | BlindIndex)]
    assert not any(
        word in query for query in VIEWS.values() for word in ("id_number", "address", ".text", "number_index")
    )


def test_the_printed_table_is_this_one() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text("utf-8")
    assert with_table(page) == page, "run ./outreach privacy table --write"
