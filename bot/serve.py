"""Rasa's own server with the turn channel and nothing else, on this machine's loopback only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bot.model import ROOT, trained
from bot.quiet import quiet_logs
from bot.without_tensorflow import import_rasa


def serve(port: int, out: Path) -> int:
    if not os.environ.get("OUTREACH_BOT_SECRET"):
        print("OUTREACH_BOT_SECRET must be set.", file=sys.stderr)  # noqa: T201
        return 2
    try:
        model = trained(out)
    except FileNotFoundError as fault:
        print(fault, file=sys.stderr)  # noqa: T201
        return 1
    import_rasa()
    import rasa.core.run

    quiet_logs()
    rasa.core.run.serve_application(
        model_path=str(model),
        interface="127.0.0.1",
        port=port,
        credentials=str(ROOT / "bot" / "credentials.yml"),
        enable_api=False,
    )
    return 0
