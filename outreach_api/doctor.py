"""`./outreach doctor`: what is installed, configured and reachable.

A setting is said to be there or not; its value is never shown.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from outreach_api.population import stale_files
from outreach_api.settings import Settings
from setup import programs
from setup.pythons import find_python310
from setup.steps import BOT_PYTHON, STATE, STEPS
from setup.words import Text

CONNECT_SECONDS = 3
KEYS = Text("加密密钥", "Encryption keys")
BOT_REMEDY = Text("机器人由 ./outreach serve 或 demo 启动", "./outreach serve or demo starts it")
CARRIER_REMEDY = Text("请检查网络、代理或防火墙；演示不需要", "see network, proxy or firewall; the demo needs none")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    MISSING = "missing"


SHOWN = {
    State.OK: ("green", Text("正常", "ok")),
    State.WARN: ("yellow", Text("注意", "note")),
    State.MISSING: ("red", Text("缺少", "missing")),
}


@dataclass(frozen=True)
class Check:
    """One line of the report. `MISSING` means the house does not run without it."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def report() -> list[Check]:
    return [*_tools(), *_setup(), *_configuration_and_reach()]


def exit_status(checks: list[Check]) -> int:
    return int(any(check.state is State.MISSING for check in checks))


def print_report(checks: list[Check], console: Console | None = None) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (Text("项目", "What"), Text("状态", "State"), Text("说明", "Detail")):
        table.add_column(str(heading), overflow="fold")
    for check in checks:
        colour, word = SHOWN[check.state]
        remedy = f"→ {check.remedy}" if check.remedy else ""
        detail = "\n".join(line for line in (check.detail, remedy) if line)
        table.add_row(escape(check.name), f"[{colour}]{word}[/]", escape(detail))
    (console or Console()).print(table)


# Tools


def _tools() -> list[Check]:
    return [
        Check("Python", State.OK, f"{platform.python_version()}  {sys.executable}"),
        _uv(),
        _python310(),
        _program(programs.CHROMIUM, programs.find_chromium, Text("浏览器测试不运行", "browser tests are not run")),
        _program(programs.POSTGRES, programs.find_postgres, Text("PostgreSQL 测试不运行", "its tests are not run")),
        _program(programs.JAVA, programs.find_java, Text("PySpark 测试不运行", "PySpark tests are not run")),
        _fonts(),
    ]


def _uv() -> Check:
    try:
        noted = (STATE / "uv").read_text("utf-8").strip()
    except OSError:
        noted = ""
    found = noted if os.access(noted, os.X_OK) else shutil.which("uv")
    if found:
        return Check("uv", State.OK, found)
    return Check("uv", State.WARN, "", str(Text("下次安装时会自动获取", "the next set-up fetches it")))


def _python310() -> Check:
    name = Text("Python 3.10（机器人用）", "Python 3.10 (for the bot)")
    found = BOT_PYTHON if BOT_PYTHON.exists() else find_python310()
    if found:
        return Check(str(name), State.OK, str(found))
    return Check(str(name), State.WARN, "", str(Text("安装时由 uv 自动下载", "uv downloads one during set-up")))


def _program(program: programs.Program, find: Callable[[], Path | None], otherwise: Text) -> Check:
    found = find()
    if found:
        return Check(str(program.name), State.OK, str(found))
    return Check(str(program.name), State.WARN, str(otherwise), str(program.remedy))


def _fonts() -> Check:
    if programs.has_cjk_fonts():
        return Check(str(programs.CJK_FONTS.name), State.OK, "")
    otherwise = Text("截图里汉字会是方框", "Chinese shows as boxes in screenshots")
    return Check(str(programs.CJK_FONTS.name), State.WARN, str(otherwise), str(programs.CJK_FONTS.remedy))


# Set-up


def _setup() -> list[Check]:
    undone = Text("尚未完成，或输入文件已变", "not done yet, or its inputs have changed")
    return [
        Check(str(step.title), State.OK, "")
        if step.is_done()
        else Check(str(step.title), State.MISSING, str(undone), "./outreach setup")
        for step in STEPS
    ]


# Configuration and what can be reached


def _configuration_and_reach() -> list[Check]:
    try:
        settings = Settings()
    except ValidationError as error:
        # The names only: pydantic's own text repeats the values.
        names = ", ".join("OUTREACH_" + str(fault["loc"][0]).upper() for fault in error.errors())
        name = Text("设置", "Settings")
        return [Check(str(name), State.MISSING, names, str(Text("请检查 .env 和环境变量", "see .env and environment")))]
    return [
        _present(
            Text("加密密钥", "Encryption keys"), settings.keys.exists(), Text("首次启动时生成", "made on first start")
        ),
        *_rehearsal_clock(settings),
        _public_url(settings.public_url),
        _twilio(settings),
        _present(
            Text("机器人密钥", "Bot secret"),
            bool(settings.bot_secret.get_secret_value()),
            Text("OUTREACH_BOT_SECRET；演示会自动生成", "OUTREACH_BOT_SECRET; the demo makes its own"),
        ),
        _database(settings.database),
        _feeds(settings),
        *(_reachable(Text("机器人", "Bot"), url, BOT_REMEDY) for url in settings.bot_urls),
        _reachable(Text("短信服务商", "Carrier"), settings.twilio_base_url, CARRIER_REMEDY),
    ]


def _present(name: Text, present: bool, remedy: Text) -> Check:  # noqa: FBT001 - what is being reported
    if present:
        return Check(str(name), State.OK, str(Text("已设置", "set")))
    return Check(str(name), State.WARN, str(Text("未设置", "not set")), str(remedy))


def _rehearsal_clock(settings: Settings) -> list[Check]:
    """A rehearsal's time in a real installation would stand still: nobody would ever be contacted."""
    if settings.clock_file is None:
        return []
    name = Text("时钟", "Clock")
    detail = Text("用的是演练的时间", "it is a rehearsal's")
    remedy = Text("请去掉 OUTREACH_CLOCK_FILE", "unset OUTREACH_CLOCK_FILE")
    return [Check(str(name), State.MISSING, str(detail), str(remedy))]


def _public_url(url: str) -> Check:
    name = str(Text("对外网址", "Public URL"))
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname not in LOOPBACK:
        return Check(name, State.OK, str(Text("已设置", "set")))
    detail = Text("只有本机能访问", "reachable from this machine only")
    remedy = Text(
        "接入真实短信前，把 OUTREACH_PUBLIC_URL 设为公网 https 网址",
        "before connecting a real carrier, set OUTREACH_PUBLIC_URL to a public https address",
    )
    return Check(name, State.WARN, str(detail), str(remedy))


def _twilio(settings: Settings) -> Check:
    needed = {
        "OUTREACH_TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "OUTREACH_TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "OUTREACH_TWILIO_FROM": settings.twilio_from,
    }
    absent = [name for name, value in needed.items() if not value]
    remedy = Text(f"设置 {', '.join(absent)}；演示不需要", f"set {', '.join(absent)}; the demo needs none")
    return _present(Text("Twilio 账号", "Twilio account"), not absent, remedy)


def _database(address: str) -> Check:
    name = str(Text("数据库", "Database"))
    try:
        url = make_url(address)
        if url.get_backend_name() == "sqlite":
            return _sqlite(name, url)
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        # The type only: a driver's message may repeat the address with its password.
        remedy = Text("请检查 OUTREACH_DATABASE_URL 和数据库服务", "see OUTREACH_DATABASE_URL and the server")
        return Check(name, State.MISSING, type(error).__name__, str(remedy))
    return Check(name, State.OK, url.get_backend_name())


def _sqlite(name: str, url: URL) -> Check:
    """A file that isn't there yet is fine where it can be made; looking must not make it."""
    place = Path(url.database or ".").absolute()
    nearest = next(folder for folder in (place, *place.parents) if folder.exists())
    if os.access(nearest, os.W_OK):
        return Check(name, State.OK, f"SQLite  {place}")
    remedy = Text("换一个可写的目录（OUTREACH_HOME）", "choose a folder you may write to (OUTREACH_HOME)")
    return Check(name, State.MISSING, f"SQLite  {place}", str(remedy))


def _feeds(settings: Settings) -> Check:
    """A stale file is not an error: its values count as unknown until a new one comes."""
    name = str(Text("部门数据", "Departments' data"))
    stale = stale_files(settings.home, on=datetime.now(settings.zone).date())
    if not stale:
        return Check(name, State.OK, str(Text("没有过期的", "nothing stale")))
    listed = ", ".join(f"{file.file} ({file.dated})" for file in stale)
    remedy = Text("过期的按不知道处理；请重新导入", "what is stale counts as unknown; import it anew")
    return Check(name, State.WARN, listed, str(remedy))


def _reachable(name: Text, url: str, remedy: Text) -> Check:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    try:
        port = parts.port or (80 if parts.scheme == "http" else 443)
        socket.create_connection((parts.hostname or "", port), timeout=CONNECT_SECONDS).close()
    except (OSError, ValueError):
        return Check(str(name), State.WARN, str(Text(f"连不上 {place}", f"no answer at {place}")), str(remedy))
    return Check(str(name), State.OK, place)
