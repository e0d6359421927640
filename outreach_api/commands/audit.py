"""The audit: whether it is whole, and anchors of it to keep elsewhere."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from models.audit_chain import verify as follow
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import ERR, OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.privacy.anchors import AnchorFault, drop_anchor, read_anchors
from outreach_api.records import open_records

audit = typer.Typer(help=say("审计记录", "The audit"), no_args_is_help=True)
SHOWN = 20


@audit.command(
    "verify", help=say("逐条核对，找出改过、删过、挪过、截断的", "Find any edited, deleted, moved or cut-off entry")
)
@tells_faults
def verify(
    anchors: Annotated[
        Path | None, typer.Option("--anchors", help=say("另存的锚点文件", "file of anchors kept elsewhere"))
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help=say("只输出一个 JSON 对象", "print one JSON object only"))
    ] = False,
) -> None:
    settings = settings_at_hand()
    if anchors is not None and not anchors.exists():
        fail(say(f"没有锚点文件 {anchors}", f"there is no file of anchors {anchors}"))
    with open_records(settings) as records:
        try:
            known = read_anchors(anchors or settings.anchors)
        except AnchorFault as fault:
            fail(str(fault))
        began = time.perf_counter()
        with records.sessions.engine.connect() as connection:
            verdict = follow(connection, known)
        seconds = time.perf_counter() - began
    if verdict.entries and not known:
        zh = "没有锚点：若数据库连同末尾记录一起退回旧样，看不出来"
        en = "no anchors: a database put back to an older state as a whole would not be noticed"
        ERR.print(f"[yellow]![/] {say(zh, en)}")
    if as_json:
        faults = [asdict(found) for found in verdict.faults]
        said = {"entries": verdict.entries, "digest": verdict.digest, "anchors": len(known)}
        typer.echo(json.dumps({**said, "seconds": round(seconds, 3), "faults": faults}))
    else:
        OUT.print(
            say(
                f"{verdict.entries:,} 条，{len(known)} 个锚点，{seconds:.1f} 秒，{len(verdict.faults)} 处不符",
                f"{verdict.entries:,} entries, {len(known)} anchors, {seconds:.1f} s, {len(verdict.faults)} faults",
            )
        )
        for found in verdict.faults[:SHOWN]:
            OUT.print(f"  {found.number}: {found.kind}")
    if verdict.faults:
        raise typer.Exit(1)


@audit.command("anchor", help=say("记下此刻的锚点，请另存", "Write down where the record ends now; keep it elsewhere"))
@tells_faults
def anchor(
    to: Annotated[Path | None, typer.Option("--to", help=say("锚点文件", "file of anchors"))] = None,
) -> None:
    settings = settings_at_hand()
    with open_records(settings) as records:
        dropped = drop_anchor(records.sessions, to or settings.anchors, now=records.clock.now())
    if dropped is None:
        fail(say("还没有审计记录", "there is no audit yet"))
    OUT.print(f"{dropped.number} {dropped.digest}")
