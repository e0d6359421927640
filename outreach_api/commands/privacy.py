"""Data protection at the terminal: the table of grades."""

from __future__ import annotations

from typing import Annotated

import typer

from outreach_api.language import say
from outreach_api.privacy.grade_table import grade_table, with_table
from outreach_api.settings import ROOT

privacy = typer.Typer(help=say("个人信息保护", "Data protection"), no_args_is_help=True)
PAGE = ROOT / "docs" / "privacy.md"


@privacy.command(
    "table", help=say("每个字段的分级、用途、依据和期限", "Grade, purpose, ground and term of every column")
)
def table(
    write: Annotated[bool, typer.Option("--write", help=say("写进 docs/privacy.md", "into docs/privacy.md"))] = False,
) -> None:
    if write:
        PAGE.write_text(with_table(PAGE.read_text("utf-8")), encoding="utf-8")
    else:
        typer.echo(grade_table())
