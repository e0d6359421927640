"""The command line: starts everything."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from outreach_api.commands import (
    access,
    call,
    pauses,
    people,
    policies,
    queue,
    report,
    roster,
    run,
    safekeeping,
    service,
)
from outreach_api.commands.bot import bot
from outreach_api.commands.campaigns import campaign
from outreach_api.commands.surveys import survey
from outreach_api.language import say
from outreach_api.logs import log_to_terminal

app = typer.Typer(
    help=say("服务找人：主动发现应享未享的居民，联系并跟进", "服务找人: proactive benefit outreach"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(help=say("完整演示", "The whole demo"))(run.demo)
app.command(help=say("在虚拟时钟下演练若干天", "Live through some days under a virtual clock"))(run.rehearse)
app.command(help=say("启动服务和控制台", "Start the service and the console"))(service.serve)
app.command(help=say("只启动接口和控制台（PostgreSQL，可多个）", "API and console alone (PostgreSQL)"))(service.api)
app.command(help=say("只启动处理进程（PostgreSQL，可多个）", "One worker (PostgreSQL)"))(service.worker)
app.command(help=say("只启动调度进程（PostgreSQL，可多个）", "One scheduler (PostgreSQL)"))(service.scheduler)
app.command("import", help=say("导入人口、名册、名单", "Import population, registers and lists"))(roster.take_files)
app.command(help=say("比对应享未享", "Match who should receive against who does"))(roster.match)
app.command(help=say("说明一个匹配的依据", "Say what a match rests on"))(people.explain)
app.command(help=say("给一位居民打电话", "Call one resident"))(call.call)
app.command(help=say("说明为什么联系或没有联系", "Say why somebody was or was not contacted"))(people.why)
app.command(help=say("列出工单", "List the cases"))(queue.cases)
app.command(help=say("导入站点、楼栋和上门小分队", "Take in stations, buildings and visiting teams"))(queue.places)
app.command(help=say("暂停主动联系（答复照常）", "Hold contacts back; answers go on"))(pauses.pause)
app.command(help=say("恢复主动联系", "Let contacts go on"))(pauses.resume)
app.command(help=say("报告：活动、日报、周报", "Reports: campaign, daily, weekly"))(report.report)
app.command(help=say("备份数据库（不停机，不含密钥）", "Back the database up, running or not; without keys"))(
    safekeeping.backup
)
app.command(help=say("恢复备份，并向运营商核对其后的收发", "Bring a backup back, catch up with the carrier"))(
    safekeeping.restore
)
app.command(help=say("再次核对备份之后的收发", "Catch up with the carrier again"))(safekeeping.replay)
app.add_typer(survey, name="survey")
app.add_typer(policies.policies, name="policies")
app.add_typer(campaign, name="campaign")
app.add_typer(bot, name="bot")
app.add_typer(access.keys, name="keys")
app.add_typer(access.staff, name="staff")
app.add_typer(access.token, name="token")


@app.command(help=say("检查安装、配置和连接", "Say what is installed, configured and reachable"))
def doctor() -> None:
    from outreach_api import doctor as checks

    found = checks.report()
    checks.print_report(found)
    raise typer.Exit(checks.exit_status(found))


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", help=say("显示运行日志", "show the log"))] = False,
) -> None:
    level = logging.INFO if verbose else logging.ERROR
    log_to_terminal(level)


if __name__ == "__main__":
    app(prog_name="./outreach")
