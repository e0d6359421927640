"""Importing files and matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from models.vocabulary import Audience
from outreach_api.bootstrap import open_house
from outreach_api.commands.console import ERR, OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.population import files_in, stale_files
from outreach_api.settings import Settings
from scheduler.roster.feed import FeedKind, feeds
from scheduler.roster.freshness import DatedFile
from scheduler.roster.import_population import ImportReport

if TYPE_CHECKING:
    from scheduler.matching.run import MatchingReport
    from scheduler.policies.card import PolicyCard


class ImportProgress:
    """A bar a file on a terminal; nothing elsewhere."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int, total: int | None) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total)
        self._bars.update(self._tasks[step], completed=done, total=total)


@tells_faults
def take_files(
    paths: Annotated[list[Path], typer.Argument(help=say("文件或文件夹", "files or folders"), exists=True)],
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("按哪一天算", "the day it is"))
    ] = None,
) -> None:
    files = [file for path in paths for file in (files_in(path) if path.is_dir() else [path])]
    settings = Settings()
    day = as_of.date() if as_of else datetime.now(settings.zone).date()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeRemainingColumn(),
    )
    with open_house(settings) as house, Progress(*columns, console=ERR) as bars:
        report = house.import_files(files, as_of=day, progress=ImportProgress(bars))
    _show(report)
    show_stale(report.stale(day))
    if report.refused:
        fail("\n".join(report.refused))


def show_stale(files: Sequence[DatedFile]) -> None:
    """Name the files that are too old. A population source is used all the same, since nobody would be left."""
    for file in files:
        feed = feeds()[file.feed]
        zh = f"{feed.title}过期：{file.file} 是 {file.dated} 的，最多用 {feed.fresh_for_days} 天"
        en = f"{feed.id} is stale: {file.file} is of {file.dated}, good for {feed.fresh_for_days} days"
        if file.kind in (FeedKind.POPULATION, FeedKind.ENTERPRISES):
            kept = say("；暂时还在用，请尽快要新的", "; still used, ask for a new one")
        else:
            kept = say("；里面的内容按不知道处理，请要新的", "; what it says counts as unknown, ask for a new one")
        OUT.print("[yellow]![/] " + say(zh, en) + kept, soft_wrap=True)


def _show(report: ImportReport) -> None:
    table = Table(pad_edge=False)
    for heading in (say("文件", "file"), say("来源", "feed"), say("行数", "rows"), say("未收", "rejected")):
        table.add_column(heading)
    for file in report.files:
        table.add_row(file.file, file.feed, f"{file.rows:,}", f"{file.rejected:,}")
    OUT.print(table)
    firms = say(f"、{report.firms:,} 家企业", f" and {report.firms:,} firms") if report.firms else ""
    OUT.print(
        say(
            f"合并为 {report.people:,} 人{firms}；未收的行和原因见 {report.rejects}",
            f"merged to {report.people:,} people{firms}; rejected rows and reasons are in {report.rejects}",
        )
    )


def without_roster(cards: Mapping[str, PolicyCard], report: MatchingReport, day: date) -> list[PolicyCard]:
    """Items for firms that would have been matched, had the import brought any firm."""
    for_firms = [card for card in cards.values() if card.audience is Audience.ENTERPRISE and card.is_pushable(day)]
    return [card for card in for_firms if card.id not in report.policies]


@tells_faults
def match(
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("按哪一天算", "the day it is"))
    ] = None,
) -> None:
    settings = Settings()
    day: date = as_of.date() if as_of else datetime.now(settings.zone).date()
    with open_house(settings) as house:
        report = house.match(as_of=day)
        if report.repeated:
            OUT.print(say("同一批数据已经比对过，没有变化", "this snapshot was matched before: nothing changed"))
            return
        table = Table(pad_edge=False)
        unlisted: list[str] = []
        for heading in (say("事项", "policy"), say("符合", "eligible"), say("已享受", "enrolled")):
            table.add_column(heading)
        for heading in (say("资料不全", "undecided"), say("新发现", "newly matched"), say("关闭", "closed")):
            table.add_column(heading)
        for policy_id, found in sorted(report.policies.items()):
            if not found.enrolment_known:
                unlisted.append(house.cards[policy_id].name.zh)
                continue
            closed = ", ".join(f"{delta} {count}" for delta, count in found.closed.items()) or "-"
            numbers = (found.eligible, found.enrolled, found.undecided, found.newly_matched)
            table.add_row(house.cards[policy_id].name.zh, *[f"{number:,}" for number in numbers], closed)
        OUT.print(table)
        if unlisted:
            zh, en = "没有在享名单，不知道谁已经领了，未比对：", "not matched, no list says who already receives it: "
            OUT.print(say(zh, en) + "、".join(unlisted))
        if unseen := without_roster(house.cards, report, day):
            zh, en = "没有企业名录，未比对：", "not matched, the import brought no roster of firms: "
            OUT.print(say(zh, en) + "、".join(card.name.zh for card in unseen))
        show_stale(stale_files(settings.home, on=day))
