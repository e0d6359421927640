"""Backups and their way back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.column_types import use_key_ring
from models.crypto import read_key_ring
from models.session import Sessions, make_engine
from outreach_api.backup import BackupFault, back_up, bring_back, opens, read_manifest
from outreach_api.bootstrap import open_house
from outreach_api.clock import SystemClock
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.delivery.replay import ReplayIncomplete, hold_what_may_be_out
from outreach_api.language import say
from outreach_api.settings import Settings

Folder = Annotated[Path, typer.Argument(help=say("备份文件夹", "folder of the backup"))]


@tells_faults
def backup(folder: Folder) -> None:
    settings = Settings()
    ring = read_key_ring(settings.keys)
    engine = make_engine(settings.database)
    try:
        manifest = back_up(engine, ring, folder, now=SystemClock().now())
    except BackupFault as fault:
        fail(str(fault))
    finally:
        engine.dispose()
    zh = f"已备份到 {folder}（{manifest.taken_at:%F %T} UTC）。密钥文件 {settings.keys} 不在其中，请另外保管"
    en = f"backed up to {folder} ({manifest.taken_at:%F %T} UTC), without keys: keep {settings.keys} apart"
    OUT.print(say(zh, en))


@tells_faults
def restore(folder: Folder) -> None:
    """Bring a backup back and catch up with the carrier; the service is not running meanwhile."""
    settings = Settings()
    ring = read_key_ring(settings.keys)
    try:
        manifest = bring_back(folder, settings.database, ring)
    except BackupFault as fault:
        fail(str(fault))
    use_key_ring(ring)
    engine = make_engine(settings.database)
    sessions = Sessions(engine)
    opens(sessions)
    held = hold_what_may_be_out(sessions, since=manifest.taken_at, now=SystemClock().now())
    engine.dispose()
    OUT.print(say(f"已恢复；{held} 条可能已发出的先扣住", f"restored; {held} contacts that may have gone out are held"))
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
