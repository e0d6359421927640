"""The care list from the terminal: who is on it, masked; and the list in full for whoever looks after them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from outreach_api.care.care_list import HandOverRefused, Wanted, care_list, hand_over
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, speaker_at_hand, tells_faults
from outreach_api.language import say
from outreach_api.records import open_records

OWNER_ONLY = 0o600

care = typer.Typer(help=say("关爱名单", "The care list"), no_args_is_help=True)
Street = Annotated[str, typer.Option(help=say("街道", "street"))]
Community = Annotated[str, typer.Option(help=say("社区", "community"))]


@care.command("list", help=say("列出（打码）", "List it, masked"))
@tells_faults
def show(street: Street = "", community: Community = "") -> None:
    table = Table(pad_edge=False)
    for heading in (say("编号", "id"), say("姓名", "name"), say("社区", "community"), say("原因", "reasons")):
        table.add_column(heading)
    table.add_column(say("进名单", "since"))
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        words = speaker_at_hand(records.settings.zone)
        for one in care_list(session, Wanted(street or None, community or None)):
            reasons = "、".join(words.word(reason) for reason in one.reasons)
            since = f"{one.opened_at.astimezone(records.settings.zone):%m-%d}"
            table.add_row(str(one.entry_ids[0]), one.name or "-", one.community or "-", reasons, since)
    OUT.print(table)


@care.command("hand-over", help=say("写出一个街道或社区的完整名单", "Write a street's or community's list in full"))
@tells_faults
def write(
    file: Annotated[Path, typer.Argument(help=say("写到哪个 CSV", "the CSV to write"))],
    purpose: Annotated[str, typer.Option(help=say("用途，会留痕", "the purpose; it is kept on the record"))],
    street: Street = "",
    community: Community = "",
) -> None:
    with open_records(settings_at_hand()) as records:
        wanted = Wanted(street or None, community or None)
        try:
            with records.sessions.write() as session:
                text = hand_over(session, wanted, purpose=purpose, by="terminal", now=records.clock.now())
        except HandOverRefused as fault:
            fail(str(fault), status=2)
    file.touch(mode=OWNER_ONLY)
    file.chmod(OWNER_ONLY)
    file.write_text(text, encoding="utf-8", newline="")
    OUT.print(say(f"已写入 {file}", f"wrote {file}"))
