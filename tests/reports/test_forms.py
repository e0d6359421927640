"""Terminal, JSON, XLSX and PDF say the same; a spreadsheet calculates none of our cells."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from rich.console import Console

from outreach_api.reports.definitions import TABLES
from outreach_api.reports.plain_cells import harmless
from outreach_api.reports.print import FONTS, FontMissing, write_pdf
from outreach_api.reports.report import Report, Table
from outreach_api.reports.spreadsheet import write_xlsx
from outreach_api.reports.terminal import shown, sparkline
from outreach_api.reports.words import Words
from tests.reports.conftest import ZONE
from tests.reports.town import RESIDENTS

LONGEST_SHEET_NAME = 31
HAS_FONT = any(FONTS.glob("*.otf"))


def test_the_spreadsheet_has_figures_tables_and_definitions(report: Report, tmp_path: Path) -> None:
    write_xlsx(report, tmp_path / "r.xlsx", zh=True)
    book = load_workbook(tmp_path / "r.xlsx")
    figures = {row[0]: row[1] for row in book["指标"].iter_rows(values_only=True)}
    assert figures["应享未享（人次）"] == RESIDENTS
    assert book["按社区"]["B2"].number_format == "#,##0"
    definitions = [row[0] for row in book["口径"].iter_rows(values_only=True)]
    assert len(definitions) == len(report.figures) + 1


def test_every_table_may_give_its_name_to_a_sheet() -> None:
    for zh, en, *_ in TABLES.values():
        for name in (zh, en):
            assert len(name) <= LONGEST_SHEET_NAME
            assert not set(name) & set("[]:*?/\\"), name


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "　=1", "＝cmd", "\n=1", " =1"])
def test_what_a_spreadsheet_would_calculate_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_ordinary_text_is_left_alone() -> None:
    assert harmless("湖贝社区") == "湖贝社区"


def test_a_formula_in_the_data_is_no_formula_in_the_sheet(report: Report, tmp_path: Path) -> None:
    evil = Table("not_told", ("reason", "count"), (('=HYPERLINK("http://x")', 12),))
    write_xlsx(replace(report, tables={"not_told": evil}), tmp_path / "r.xlsx", zh=True)
    cell = load_workbook(tmp_path / "r.xlsx")["没有触达的原因"]["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'=")


@pytest.mark.skipif(not HAS_FONT or not shutil.which("pdftotext"), reason="not run: needs poppler and ./outreach setup")
def test_the_pdf_has_its_font_in_it_and_the_figures(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "r.pdf"
    write_pdf(report, file, zh=True, zone=ZONE)
    text = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True).stdout
    assert "应享未享" in text
    assert str(RESIDENTS) in text
    fonts = subprocess.run(["pdffonts", file], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all("NotoSansHans" in line and line.split()[-5] == "yes" for line in fonts)


def test_without_its_font_the_pdf_names_the_remedy(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outreach_api.reports.print.FONTS", tmp_path / "nothing")
    with pytest.raises(FontMissing, match=r"\./outreach setup"):
        write_pdf(report, tmp_path / "r.pdf", zh=True, zone=ZONE)


@pytest.mark.parametrize("zh", [True, False])
def test_the_terminal_shows_figures_and_plots(report: Report, zh: bool) -> None:
    console = Console(width=120)
    with console.capture() as said:
        for part in shown(report, Words(report, zh=zh)):
            console.print(part)
    assert "█" in said.get()
    assert ("应享未享" if zh else "Newly matched") in said.get()


def test_a_sparkline_is_as_high_as_its_values() -> None:
    assert sparkline([0, 1, 8]) == " ▁█"


def test_json_has_definitions_beside_the_figures(report: Report) -> None:
    made = report.as_json()
    assert set(made["definitions"]) == set(made["figures"])
    assert made["figures"]["newly_matched"] == RESIDENTS
