"""The table of grades as it stands in docs/privacy.md."""

from __future__ import annotations

from collections.abc import Iterator

from outreach_api.privacy.grades import GRADES, Grade, TableGrades

BEGINS, ENDS = "<!-- grades: ./outreach privacy table --write -->", "<!-- /grades -->"
HEADINGS = ("Table", "General", "Personal", "Sensitive", "For", "Ground", "Kept")


def grade_table() -> str:
    """Markdown: a row for each stored table."""
    return "\n".join([_row(HEADINGS), _row(["---"] * len(HEADINGS)), *_rows()])


def _rows() -> Iterator[str]:
    for name, graded in sorted(GRADES.items()):
        cells = [", ".join(_of(graded, grade)) for grade in Grade]
        yield _row((f"`{name}`", *cells, graded.en, graded.ground.value, graded.kept.en))


def _of(graded: TableGrades, grade: Grade) -> list[str]:
    return [f"`{name}`" for name, own in graded.columns() if own is grade]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def with_table(page: str) -> str:
    """The page with the table of this version between its marks.

    Raises:
        ValueError: the page has no marks.
    """
    before, begins, rest = page.partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ValueError(f"there is no {BEGINS} … {ENDS}")
    return f"{before}{BEGINS}\n\n{grade_table()}\n\n{ENDS}{after}"
