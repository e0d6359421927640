"""The assistant from the command line: JSON lines in, JSON lines out, in the order of the input."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from datetime import datetime

import typer

from outreach_api.commands.console import fail, tells_faults
from outreach_api.conversations.bot_process import BOT_PYTHON, bot_program
from outreach_api.conversations.converse import START, BadDialogue
from outreach_api.conversations.converse import converse as hold_dialogues
from outreach_api.conversations.rasa_bot import RasaBot
from outreach_api.conversations.when import read_when
from outreach_api.language import say
from outreach_api.processes import free_port
from outreach_api.settings import ROOT, Settings
from scheduler.policies.load import load_cards

bot = typer.Typer(
    help=say("助手：读 JSON 行，写 JSON 行", "The assistant: JSON lines in, JSON lines out"), no_args_is_help=True
)


@bot.command(help=say('读 {"text","stage"}，写意图', 'Read {"text","stage"}, write the intent'))
@tells_faults
def parse() -> None:
    done = subprocess.run([BOT_PYTHON, "-m", "bot", "parse"], cwd=ROOT, check=False)
    raise typer.Exit(done.returncode)


@bot.command(help=say("整段对话，走正式的会话服务", "Whole dialogues, through the production service"))
@tells_faults
def converse() -> None:
    settings = Settings()
    port, secret = free_port(), secrets.token_urlsafe(24)
    reader = RasaBot([f"http://127.0.0.1:{port}"], secret=secret, timeout_seconds=settings.bot_timeout_seconds)
    with bot_program(port=port, secret=secret, log=ROOT / "var" / "log" / "converse-bot.log"):
        try:
            for line in hold_dialogues(sys.stdin, reader, load_cards(settings.policies, START.date())):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        except BadDialogue as fault:
            fail(str(fault), status=2)
        finally:
            reader.close()


@bot.command(help=say('读 {"now","text"}，写时间段或 null', 'Read {"now","text"}, write the window or null'))
@tells_faults
def when() -> None:
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
            now = datetime.fromisoformat(asked["now"])
            window = read_when(asked["text"], now)
        except (ValueError, KeyError, TypeError) as fault:
            fail(say(f"第 {number} 行：{fault}", f"line {number}: {fault}"), status=2)
        answer = (
            {"from": None, "to": None} if window is None else {"from": _local(window.from_), "to": _local(window.to)}
        )
        sys.stdout.write(json.dumps(answer) + "\n")


def _local(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
