"""Checking the policy cards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from outreach_api.commands.console import OUT, tells_faults
from outreach_api.language import say
from outreach_api.settings import Settings
from scheduler.policies.check import check_folder

policies = typer.Typer(help=say("政策卡片", "Policy cards"), no_args_is_help=True)


@policies.callback()
def group() -> None:
    """Keeps `check` a subcommand, also while it is the only one."""


@policies.command(help=say("检查卡片，逐条指出文件、行、字段", "Name file, line and field of every fault"))
@tells_faults
def check(folder: Annotated[Path | None, typer.Argument()] = None) -> None:
    where = folder or Settings().policies
    if not where.is_dir():
        OUT.print(say(f"没有文件夹 {where}", f"there is no folder {where}"))
        raise typer.Exit(2)
    faults = check_folder(where)
    for fault in faults:
        OUT.print(str(fault), markup=False, soft_wrap=True)
    if faults:
        raise typer.Exit(1)
    count = len(list(where.glob("*.yaml")))
    OUT.print(say(f"{count} 张卡片没有问题", f"{count} cards, no fault"))
