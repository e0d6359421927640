"""The command line: starts everything. Each command is imported when it is run: all together take seconds to load."""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from outreach_api.language import say
from outreach_api.logs import log_to_terminal


class Place(NamedTuple):
    """Where a command is, and what it says of itself in the list of all."""

    module: str
    attribute: str
    help: str


OTHERS_HAVE_NOTHING = 0o077
COMMANDS = {
    "demo": Place("run", "demo", say("完整演示", "The whole demo")),
    "rehearse": Place("run", "rehearse", say("在虚拟时钟下演练若干天", "Live through some days under a virtual clock")),
    "phone": Place("run", "phone", say("一部能接短信和电话的手机（网页）", "A phone to be texted and called on")),
    "serve": Place("opening", "serve", say("启动服务和控制台", "Start the service and the console")),
    "api": Place(
        "opening", "api", say("只启动接口和控制台（PostgreSQL，可多个）", "API and console alone (PostgreSQL)")
    ),
    "worker": Place("service", "worker", say("只启动处理进程（PostgreSQL，可多个）", "One worker (PostgreSQL)")),
    "scheduler": Place(
        "service", "scheduler", say("只启动调度进程（PostgreSQL，可多个）", "One scheduler (PostgreSQL)")
    ),
    "import": Place("roster", "take_files", say("导入人口、名册、名单", "Import population, registers and lists")),
    "match": Place("roster", "match", say("比对应享未享", "Match who should receive against who does")),
    "explain": Place("people", "explain", say("说明一个匹配的依据", "Say what a match rests on")),
    "call": Place("call", "call", say("给一位居民打电话", "Call one resident")),
    "why": Place("people", "why", say("说明为什么联系或没有联系", "Say why somebody was or was not contacted")),
    "cases": Place("queue", "cases", say("列出工单", "List the cases")),
    "places": Place(
        "queue", "places", say("导入站点、楼栋和上门小分队", "Take in stations, buildings and visiting teams")
    ),
    "care": Place("care", "care", say("关爱名单", "The care list")),
    "pause": Place("pauses", "pause", say("暂停主动联系（答复照常）", "Hold contacts back; answers go on")),
    "resume": Place("pauses", "resume", say("恢复主动联系", "Let contacts go on")),
    "report": Place("report", "report", say("报告：活动、日报、周报", "Reports: campaign, daily, weekly")),
    "backup": Place(
        "safekeeping",
        "backup",
        say("备份数据库（不停机，不含密钥）", "Back the database up, running or not; without keys"),
    ),
    "restore": Place(
        "safekeeping",
        "restore",
        say("恢复备份，并向运营商核对其后的收发", "Bring a backup back, catch up with the carrier"),
    ),
    "backups": Place("safekeeping", "backups", say("备份的密钥和期限", "Keys and terms of backups")),
    "replay": Place("safekeeping", "replay", say("再次核对备份之后的收发", "Catch up with the carrier again")),
    "survey": Place("surveys", "survey", say("回访", "Surveys")),
    "policies": Place("policies", "policies", say("政策卡片", "Policy cards")),
    "campaign": Place("campaigns", "campaign", say("触达活动", "Campaigns")),
    "chat": Place("chat", "chat", say("网页聊天的链接", "Links to the chat page")),
    "wechat": Place("wechat", "wechat", say("微信公众号的绑定码", "Codes to bind a WeChat account with")),
    "bot": Place("bot", "bot", say("助手：读 JSON 行，写 JSON 行", "The assistant: JSON lines in, JSON lines out")),
    "keys": Place("access", "keys", say("加密密钥", "Encryption keys")),
    "staff": Place("access", "staff", say("工作人员账号", "Staff accounts")),
    "token": Place("access", "token", say("对接系统的令牌", "Tokens of other systems")),
    "webhooks": Place("hooks", "webhooks", say("通知其他系统（webhook）", "Telling other systems (webhooks)")),
    "sbom": Place("sbom", "sbom", say("软件物料清单（CycloneDX）", "Software bill of materials (CycloneDX)")),
    "openapi": Place("access", "openapi", say("接口说明（OpenAPI，JSON）", "The API's description (OpenAPI, as JSON)")),
    "privacy": Place("privacy", "privacy", say("个人信息保护", "Data protection")),
    "audit": Place("audit", "audit", say("审计记录", "The audit")),
    "doctor": Place(
        "check_up", "doctor", say("检查安装、配置和连接", "Say what is installed, configured and reachable")
    ),
}


class _LoadedWhenRun(TyperGroup):
    """Knows every command by name and one line; imports the one that is run."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = {name: TyperCommand(name, help=place.help) for name, place in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else command, rest


def load(name: str) -> Any:
    """The command itself."""
    place = COMMANDS[name]
    found = getattr(import_module(f"outreach_api.commands.{place.module}"), place.attribute)
    if isinstance(found, typer.Typer):
        command: Any = get_group(found)
    else:
        alone = typer.Typer(add_completion=False)
        alone.command(name, help=place.help)(found)
        command = get_command(alone)
    command.name = name
    return command


app = typer.Typer(
    cls=_LoadedWhenRun,
    help=say("服务找人：主动发现应享未享的居民，联系并跟进", "服务找人: proactive benefit outreach"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", help=say("显示运行日志", "show the log"))] = False,
) -> None:
    # What a command writes (the database, lists in full, rejects, logs) is its owner's alone, whatever the shell says.
    os.umask(OTHERS_HAVE_NOTHING)
    level = logging.INFO if verbose else logging.ERROR
    log_to_terminal(level)


if __name__ == "__main__":
    app(prog_name="./outreach")
