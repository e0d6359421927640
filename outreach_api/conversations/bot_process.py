"""Starting the assistant's own server, on loopback, with the secret its channel asks for."""

from __future__ import annotations

from pathlib import Path

from outreach_api.processes import Program
from outreach_api.settings import ROOT

BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"


def bot_program(*, port: int, secret: str, log: Path) -> Program:
    return Program(
        "bot",
        [BOT_PYTHON, "-m", "bot", "serve", "--port", str(port)],
        log=log,
        ready_url=f"http://127.0.0.1:{port}/webhooks/turn/ready",
        env={"OUTREACH_BOT_SECRET": secret, "RASA_TELEMETRY_ENABLED": "false"},
    )
