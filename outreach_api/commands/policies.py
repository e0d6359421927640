"""The policy cards: checking them, where their facts come from, and what departments submit."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from models.policy import PolicySubmission
from outreach_api.catalogue import submissions
from outreach_api.commands.console import OUT, fail, speaker_at_hand, tells_faults
from outreach_api.language import say
from outreach_api.records import Records, open_records
from outreach_api.settings import Settings
from scheduler.policies.check import check_folder
from scheduler.policies.coverage import Coverage, Origin, coverage
from scheduler.policies.load import load_cards
from scheduler.roster.feed import feeds

policies = typer.Typer(help=say("政策卡片", "Policy cards"), no_args_is_help=True)

By = Annotated[str, typer.Option(help=say("谁，写姓名", "who you are"))]


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


@policies.command("coverage", help=say("每项的条件从哪里来：来源、推算、要问", "Where each item's facts come from"))
@tells_faults
def show_coverage(
    as_json: Annotated[bool, typer.Option("--json", help=say("输出 JSON", "print JSON"))] = False,
) -> None:
    settings = Settings()
    today = datetime.now(settings.zone).date()
    told = [coverage(card, feeds()) for _, card in sorted(load_cards(settings.policies, today).items())]
    if as_json:
        OUT.print_json(json.dumps([_as_json(item) for item in told], ensure_ascii=False))
        return
    for item in told:
        _print_coverage(item)
    # What reads files is slow to load, and the other commands need not wait for it.
    from outreach_api.commands.roster import show_stale
    from outreach_api.population import stale_files

    show_stale(stale_files(settings.home, on=today))


def _as_json(item: Coverage) -> dict[str, object]:
    by_origin = {
        origin.value: {field.field: list(field.by) for field in item.of(origin)}
        for origin in (Origin.FEED, Origin.DERIVED)
    }
    ask = [field.field for field in item.of(Origin.ASK)]
    return {"policy": item.policy_id, "can_match": item.can_match, **by_origin, "ask": ask}


def _print_coverage(item: Coverage) -> None:
    verdict = say("能比对", "matched") if item.can_match else say("要问本人", "asked about")
    OUT.print(f"[bold]{item.policy_id}[/]  {verdict}")
    words = {Origin.FEED: say("来源", "feeds"), Origin.DERIVED: say("推算", "derived"), Origin.ASK: say("要问", "ask")}
    for origin, word in words.items():
        fields = item.of(origin)
        if fields:
            listed = ", ".join(
                f"{field.field} ({', '.join(field.by)})" if field.by else field.field for field in fields
            )
            OUT.print(f"  {word}: {listed}", markup=False, soft_wrap=True)


@policies.command(help=say("提交新事项或改动，等第二个人审核", "Submit a new or changed item for approval"))
@tells_faults
def submit(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], by: By) -> None:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fail(say(f"{file.name} 不是 UTF-8，请另存为 UTF-8", f"{file.name} is not UTF-8; save it as UTF-8"))
    with open_records(Settings()) as records, records.sessions.write() as session:
        taken = submissions.submit(session, file.name, text, records.book.catalogue(), by=by, now=records.clock.now())
        zh = f"已提交，编号 {taken.id}；请另一个人用 ./outreach policies approve {taken.id} --by 姓名 审核"
        en = f"submission {taken.id}; somebody else approves it: ./outreach policies approve {taken.id} --by NAME"
        OUT.print(say(zh, en), soft_wrap=True)


@policies.command(help=say("列出提交的事项", "List what was submitted"))
@tells_faults
def submitted() -> None:
    with open_records(Settings()) as records, records.sessions.read() as session:
        table = Table(pad_edge=False)
        for heading in (say("编号", "id"), say("事项", "policy"), say("版本", "version"), say("生效", "effective")):
            table.add_column(heading)
        for heading in (say("状态", "state"), say("提交人", "submitted by"), say("审核人", "decided by")):
            table.add_column(heading)
        for row in submissions.submissions(session):
            table.add_row(*_cells(row, records))
        OUT.print(table)


def _cells(row: PolicySubmission, records: Records) -> tuple[str, ...]:
    state = speaker_at_hand(records.settings.zone).word(row.state)
    effective = str(row.effective_from or "-")
    return str(row.id), row.policy_id, str(row.version), effective, state, row.submitted_by, row.decided_by or "-"


@policies.command(help=say("审核通过；不能是提交的人", "Approve; never by who submitted it"))
@tells_faults
def approve(submission: int, by: By) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        taken = submissions.approve(session, submission, records.book.catalogue(), by=by, now=records.clock.now())
        start = taken.effective_from or records.clock.now().astimezone(records.settings.zone).date()
        zh = f"已通过：{taken.policy_id} 第 {taken.version} 版，{start} 起用"
        en = f"approved: {taken.policy_id} version {taken.version}, counts from {start}"
        OUT.print(say(zh, en))


@policies.command(help=say("不采用，说明原因", "Refuse, saying why"))
@tells_faults
def refuse(submission: int, by: By, because: Annotated[str, typer.Option(help=say("原因", "why"))]) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        submissions.refuse(session, submission, by=by, because=because, now=records.clock.now())
        OUT.print(say("已退回", "refused"))
