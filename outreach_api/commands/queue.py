"""The queue in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select

from models.case import Case
from models.vocabulary import CaseKind, CaseState
from outreach_api.cases.take_places import PlacesRefused, read_places, take_places
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, speaker_at_hand, tells_faults
from outreach_api.language import say
from outreach_api.privacy.masking import shown_name
from outreach_api.records import open_records

SHOWN = 50


@tells_faults
def cases(
    kind: Annotated[CaseKind | None, typer.Option(help=say("类别", "kind"))] = None,
    state: Annotated[CaseState, typer.Option(help=say("状态", "state"))] = CaseState.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=say("最多几行", "rows at most"))] = SHOWN,
) -> None:
    query = select(Case).where(Case.state == state).order_by(Case.due_at, Case.id).limit(limit)
    if kind is not None:
        query = query.where(Case.kind == kind)
    table = Table(pad_edge=False)
    for heading in (say("编号", "id"), say("类别", "kind"), say("原因", "reason"), say("居民", "resident")):
        table.add_column(heading)
    for heading in (say("社区", "community"), say("限期", "due")):
        table.add_column(heading)
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        words = speaker_at_hand(records.settings.zone)
        for case in session.scalars(query):
            resident = case.resident
            table.add_row(
                str(case.id),
                words.word(case.kind),
                words.word(case.reason),
                shown_name(resident) if resident else "-",
                (resident.community or "-") if resident else "-",
                f"{case.due_at.astimezone(records.settings.zone):%m-%d %H:%M}",
            )
    OUT.print(table)


@tells_faults
def places(
    file: Annotated[Path, typer.Argument(help=say("JSON 文件，见 docs/queue.md", "JSON, see docs/queue.md"))],
) -> None:
    with open_records(settings_at_hand()) as records:
        try:
            found = read_places(file)
            with records.sessions.write() as session:
                taken = take_places(session, found)
        except PlacesRefused as fault:
            fail(str(fault))
    OUT.print(
        say(
            f"站点 {taken.stations}，楼栋 {taken.buildings}，小分队 {taken.teams}",
            f"{taken.stations} stations, {taken.buildings} buildings, {taken.teams} teams",
        )
    )
