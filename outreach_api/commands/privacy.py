"""Data protection at the terminal: grades, keeping and forgetting, what residents ask for."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from outreach_api.bootstrap import open_house
from outreach_api.cases.work_case import CaseNotFound
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.privacy.copy_of import CopyForm, ResidentCopy
from outreach_api.privacy.grade_table import grade_table, with_table
from outreach_api.privacy.retention import Due, forget, what_is_due
from outreach_api.privacy.rights import Right, RightRefused, ask_for, carry_out
from outreach_api.settings import ROOT, Settings

privacy = typer.Typer(help=say("个人信息保护", "Data protection"), no_args_is_help=True)
PAGE = ROOT / "docs" / "privacy.md"
OWNER_ONLY = 0o600


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


@privacy.command("retention", help=say("清除过期的内容", "Forget what is older than its term"))
@tells_faults
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("只数，不动", "count, and change nothing"))] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help=say("只输出一个 JSON 对象", "print one JSON object only"))
    ] = False,
) -> None:
    with open_house(settings_at_hand() if dry_run else Settings()) as house:
        now = house.clock.now()
        if dry_run:
            with house.sessions.read() as session:
                found = what_is_due(session, now=now)
            beside = house.terms.due(now=now)
        else:
            found = forget(house.sessions, by=_who(), now=now)
            beside = house.terms.forget(house.sessions, by=_who(), now=now)
    if as_json:
        rows = {due.table: {"forgetting": due.forgetting.value, "rows": due.rows} for due in found}
        typer.echo(json.dumps({"dry_run": dry_run, "tables": rows, "beside": asdict(beside)}))
    else:
        OUT.print(_shown(found))
        zh = f"备份（密钥销毁）{beside.backups}，退回文件（删除）{beside.rejects}，缓存拒收行（删除）{beside.refused}"
        en = f"backups, their keys destroyed: {beside.backups}; reject files, deleted: {beside.rejects}"
        OUT.print(say(zh, f"{en}; lines of the spool that no database took, deleted: {beside.refused}"))


def _shown(found: list[Due]) -> Table:
    shown = Table(pad_edge=False)
    for heading in (say("表", "table"), say("怎么清除", "how"), say("行数", "rows")):
        shown.add_column(heading, justify="right" if heading in ("行数", "rows") else "left")
    how = {"words": say("清空内容，留下行", "words go, the row stays"), "rows": say("删除", "deleted")}
    for due in found:
        shown.add_row(due.table, how[due.forgetting.value], f"{due.rows:,}")
    return shown


@privacy.command("ask", help=say("为居民登记一项个人信息权利", "Open the case of a resident's wish about their data"))
@tells_faults
def ask(
    resident: Annotated[int, typer.Argument(help=say("居民编号", "number of the resident"))],
    right: Annotated[Right, typer.Argument(help=say("哪一项", "which"))],
    words: Annotated[str, typer.Option(help=say("本人怎么说的", "in their words"))] = "",
    guardian: Annotated[
        str, typer.Option(help=say("不满14周岁的，由哪位监护人提出", "of a child under 14: which guardian asks"))
    ] = "",
) -> None:
    with open_house(Settings()) as house:
        now = house.clock.now()
        try:
            with house.sessions.write() as session:
                case = ask_for(session, resident, right, words=words, by=_who(), now=now, guardian=guardian)
                number, due_at = case.id, case.due_at
        except RightRefused as fault:
            fail(str(fault))
        due = f"{due_at.astimezone(house.settings.zone):%Y-%m-%d %H:%M}"
    OUT.print(say(f"工单 {number}，{due} 前办结", f"case {number}, due {due}"))


@privacy.command("carry-out", help=say("办理一项个人信息权利", "Carry out what such a case asks for"))
@tells_faults
def do(
    case: Annotated[int, typer.Argument(help=say("工单编号", "number of the case"))],
    to: Annotated[Path | None, typer.Option(help=say("副本写到哪里", "where the copy goes"))] = None,
    corrections: Annotated[
        list[str] | None,
        typer.Option("--set", help=say("更正，如 name=陈秀兰，可多次", "a correction, such as name=陈秀兰")),
    ] = None,
) -> None:
    pairs = dict(one.split("=", 1) for one in corrections or [] if "=" in one)
    with open_house(Settings()) as house:
        try:
            with house.sessions.write() as session:
                made = carry_out(session, case, by=_who(), now=house.clock.now(), corrections=pairs)
                if made is not None:
                    _write(made, to)
            house.keep_tombstones()
        except (RightRefused, CaseNotFound) as fault:
            fail(str(fault))
    OUT.print(say(f"工单 {case} 已办结", f"case {case} is settled"))


def _write(made: ResidentCopy, to: Path | None) -> None:
    """In the form that the file's name ends in, readable by its owner only; without a place nothing is settled."""
    endings = [form.value for form in CopyForm]
    if to is None or to.suffix.removeprefix(".") not in endings:
        raise RightRefused(f"say with --to where the copy goes: a name that ends in .{', .'.join(endings)}")
    to.touch(mode=OWNER_ONLY)
    # One that was there before may be open to others.
    to.chmod(OWNER_ONLY)
    to.write_text(made.written(CopyForm(to.suffix.removeprefix("."))), encoding="utf-8")


def _who() -> str:
    return f"terminal:{getpass.getuser()}"[:32]
