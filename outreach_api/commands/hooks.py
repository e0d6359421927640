"""Webhooks from the terminal."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.hook import HookDelivery, HookTarget
from models.vocabulary import HookTopic
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.hooks.addresses import AddressRefused
from outreach_api.hooks.targets import TargetRefused, add_target, end_target, ping, targets
from outreach_api.language import say
from outreach_api.records import open_records
from outreach_api.settings import Settings

webhooks = typer.Typer(help=say("通知其他系统", "Telling other systems"), no_args_is_help=True)
Name = Annotated[str, typer.Argument(help=say("名称", "name"))]
BY = "terminal"


@webhooks.command("add", help=say("添加，显示一次签名密钥", "Add one; its secret is shown once"))
@tells_faults
def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="https://…")],
    topic: Annotated[list[HookTopic], typer.Option(help=say("通知什么", "what to tell"))],
    under: Annotated[
        int, typer.Option(min=1, help=say("依据哪份已同意的承诺申请", "the approved application it rests on"))
    ],
) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        try:
            row = add_target(session, name, url, topic, under=under, by=BY, now=records.clock.now())
        except (AddressRefused, TargetRefused) as fault:
            fail(str(fault), status=2)
        secret = row.secret
    OUT.print(secret, markup=False)


@webhooks.command("list", help=say("列出", "List them"))
@tells_faults
def show() -> None:
    table = Table(pad_edge=False)
    for heading in (say("名称", "name"), say("地址", "address"), say("内容", "topics"), say("已停止", "ended")):
        table.add_column(heading)
    with open_records(Settings()) as records, records.sessions.read() as session:
        for row in targets(session):
            ended = f"{row.ended_at:%Y-%m-%d} {row.ended_because}" if row.ended_at else "-"
            table.add_row(row.name, row.url, " ".join(row.topics), ended)
    OUT.print(table)


@webhooks.command("end", help=say("停止通知", "Tell it nothing more"))
@tells_faults
def end(name: Name) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        end_target(session, _named(session, name).id, by=BY, now=records.clock.now())
    OUT.print(say(f"已停止 {name}", f"{name} is told nothing more"))


@webhooks.command("ping", help=say("试发一条", "Send it a telling of nothing"))
@tells_faults
def try_it(name: Name) -> None:
    with open_records(Settings()) as records, records.sessions.write() as session:
        try:
            sent = ping(session, _named(session, name).id, now=records.clock.now())
        except TargetRefused as fault:
            fail(str(fault))
        message_id = sent.message_id
    OUT.print(message_id)


@webhooks.command("log", help=say("最近的通知和结果", "What it was told lately, and what came of it"))
@tells_faults
def log(name: Name, rows: Annotated[int, typer.Option(min=1, max=1000)] = 20) -> None:
    table = Table(pad_edge=False)
    for heading in (
        "id",
        say("内容", "topic"),
        say("状态", "state"),
        say("次数", "tries"),
        "HTTP",
        say("原因", "fault"),
    ):
        table.add_column(heading)
    with open_records(Settings()) as records, records.sessions.read() as session:
        query = select(HookDelivery).where(HookDelivery.target_id == _named(session, name).id)
        for row in session.scalars(query.order_by(HookDelivery.id.desc()).limit(rows)):
            said = (row.topic, row.state.value, str(row.attempts), str(row.status or "-"), row.fault or "-")
            table.add_row(row.message_id, *said)
    OUT.print(table)


def _named(session: Session, name: str) -> HookTarget:
    row = session.scalars(select(HookTarget).where(HookTarget.name == name)).first()
    if row is None:
        fail(say(f"没有 {name}", f"there is no webhook {name}"), status=2)
    return row
