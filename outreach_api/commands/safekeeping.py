"""Backups, their keys, and their way back."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from models.column_types import use_key_ring
from models.crypto import read_key_ring
from models.migrate import upgrade
from models.session import Sessions, make_engine
from outreach_api.backup import BackupFault, back_up, bring_back, opens, read_manifest
from outreach_api.backup_keys import BackupKey, BackupKeyFault, BackupKeys
from outreach_api.bootstrap import open_house
from outreach_api.clock import SystemClock
from outreach_api.commands.console import ERR, OUT, fail, tells_faults
from outreach_api.delivery.replay import ReplayIncomplete, hold_what_may_be_out
from outreach_api.language import say
from outreach_api.privacy.beside import destroy_keys
from outreach_api.privacy.tombstones import TombstonesFault, keep_tombstones, put_into_force, read_tombstones
from outreach_api.settings import Settings

Folder = Annotated[Path, typer.Argument(help=say("备份文件夹", "folder of the backup"))]
backups = typer.Typer(help=say("备份的密钥和期限", "Keys and terms of backups"), no_args_is_help=True)


@tells_faults
def backup(folder: Folder) -> None:
    settings = Settings()
    ring = read_key_ring(settings.keys)
    use_key_ring(ring)
    engine = make_engine(settings.database)
    now = SystemClock().now()
    try:
        manifest = back_up(engine, BackupKeys(settings.backup_keys, ring), folder, now=now)
        keep_tombstones(Sessions(engine), settings.tombstones, now=now)
    except (BackupFault, BackupKeyFault, TombstonesFault) as fault:
        fail(str(fault))
    finally:
        engine.dispose()
    apart = f"{settings.keys}, {settings.backup_keys}, {settings.tombstones}"
    zh = (
        f"已备份到 {folder}（{manifest.taken_at:%F %T} UTC），{settings.backup_days} 天后不能再打开。"
        f"请另外保管：{apart}"
    )
    en = (
        f"backed up to {folder} ({manifest.taken_at:%F %T} UTC), opens for {settings.backup_days} days. "
        f"Keep apart from it: {apart}"
    )
    OUT.print(say(zh, en), soft_wrap=True)


@backups.command("list", help=say("每份备份何时起不能再打开", "From when on each backup cannot be opened any more"))
@tells_faults
def list_backups(
    as_json: Annotated[
        bool, typer.Option("--json", help=say("只输出一个 JSON 对象", "print one JSON object only"))
    ] = False,
) -> None:
    settings = Settings()
    lasts = timedelta(days=settings.backup_days)
    try:
        keys = BackupKeys(settings.backup_keys, read_key_ring(settings.keys)).all()
    except BackupKeyFault as fault:
        fail(str(fault))
    if as_json:
        typer.echo(json.dumps({"days": settings.backup_days, "backups": [_as_json(one, lasts) for one in keys]}))
        return
    shown = Table(pad_edge=False)
    for heading in (
        say("备份", "backup"), say("备份时间", "taken"), say("到期", "ends"), say("密钥已销毁", "key destroyed"),
    ):  # fmt: skip
        shown.add_column(heading)
    for one in keys:
        gone = f"{one.destroyed_at:%F %T}" if one.destroyed_at else ""
        shown.add_row(one.id, f"{one.taken_at:%F %T}", f"{one.ends_at(lasts):%F %T}", gone)
    OUT.print(shown)


@backups.command("destroy", help=say("销毁密钥，使旧备份到处都不能再打开", "Make old backups unreadable everywhere"))
@tells_faults
def destroy(
    before: Annotated[
        datetime, typer.Option(help=say("这一时刻（UTC）之前的备份", "backups taken before this instant, in UTC"))
    ],
    yes: Annotated[bool, typer.Option("--yes", help=say("不再询问", "do not ask"))] = False,
) -> None:
    """Their keys go, here and with the copy of the key file that is put over the one before."""
    with open_house(Settings()) as house:
        keys, now = BackupKeys(house.settings.backup_keys, house.ring), house.clock.now()
        until = before.replace(tzinfo=UTC)
        due = [one for one in keys.all() if one.sealed is not None and one.taken_at < until]
        if due and not yes:
            zh, en = f"{len(due)} 份备份将永远不能再打开，确定吗？", f"{len(due)} backups will never open again. Sure?"
            typer.confirm(say(zh, en), abort=True)
        by = f"terminal:{getpass.getuser()}"[:32]
        destroyed = destroy_keys(house.sessions, keys, taken_before=until, by=by, now=now)
    OUT.print(say(f"已销毁 {len(destroyed)} 份备份的密钥", f"the keys of {len(destroyed)} backups are destroyed"))


def _as_json(one: BackupKey, lasts: timedelta) -> dict[str, str | None]:
    return {
        "id": one.id,
        "taken_at": one.taken_at.isoformat(),
        "ends_at": one.ends_at(lasts).isoformat(),
        "destroyed_at": one.destroyed_at.isoformat() if one.destroyed_at else None,
    }


@tells_faults
def restore(
    folder: Folder,
    tombstones: Annotated[
        Path | None,
        typer.Option(help=say("tombstones.jsonl 的副本", "the copy of tombstones.jsonl, if not where it was")),
    ] = None,
) -> None:
    """Bring a backup back, forget again who is to be forgotten, and catch up with the carrier; nothing else runs."""
    settings = Settings()
    ring = read_key_ring(settings.keys)
    list_of_them = tombstones or settings.tombstones
    try:
        buried = read_tombstones(list_of_them)
        manifest = bring_back(folder, settings.database, BackupKeys(settings.backup_keys, ring))
    except (BackupFault, TombstonesFault) as fault:
        fail(str(fault))
    use_key_ring(ring)
    engine = make_engine(settings.database)
    sessions, now = Sessions(engine), SystemClock().now()
    opens(sessions)
    # The backup may be of a version before this one.
    upgrade(engine)
    held = hold_what_may_be_out(sessions, since=manifest.taken_at, now=now)
    again = put_into_force(sessions, buried, now=now)
    engine.dispose()
    OUT.print(say(f"已恢复；{held} 条可能已发出的先扣住", f"restored; {held} contacts that may have gone out are held"))
    if buried:
        zh = f"重新删除 {again.erased} 人，重新停止联系 {again.stopped} 处，{again.refused} 人不再比对"
        en = f"erased again {again.erased}, stopped again {again.stopped}, not matched again {again.refused}"
        OUT.print(say(zh, en))
    else:
        zh = f"没有 {list_of_them}：备份之后被删除或要求停止联系的人不得而知"
        en = f"there is no {list_of_them}: who was erased or stopped since the backup is not known"
        ERR.print(say(zh, en))
    replay(folder)


@tells_faults
def replay(folder: Folder) -> None:
    """Fetch from the carrier what happened since the backup; again, if it was incomplete."""
    try:
        manifest = read_manifest(folder)
        with open_house(Settings()) as house:
            report = house.replay_since(manifest.taken_at)
    except BackupFault as fault:
        fail(str(fault))
    except ReplayIncomplete as fault:
        en = f"{fault}: ./outreach replay {folder}, before anything else is started"
        fail(say(f"运营商的列表不完整；先再运行 ./outreach replay {folder}，再启动其他进程", en))
    zh = f"已核对：重收 {report.heard} 条来信，{report.found} 条确认已发，补记 {report.taken_down} 条"
    en = f"caught up: {report.heard} messages heard again, {report.found} found sent, {report.taken_down} taken down"
    OUT.print(say(zh, en))
