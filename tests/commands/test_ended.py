"""A service that is told to end ends what it began, too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from outreach_api.processes import free_port
from outreach_api.settings import ROOT

SERVES = """
import asyncio, uvicorn
from outreach_api.commands.opening import _door
from outreach_api.settings import Settings

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        print("open", flush=True)
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

with _door(Settings()) as door:
    try:
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[door.hand_over()])
    finally:
        print("ended beside it", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_runs_beside_the_server_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "OUTREACH_HOME": str(tmp_path), "OUTREACH_PORT": str(free_port())}
    command = [sys.executable, "-c", SERVES]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        assert service.stdout.readline() == "open\n"
        service.send_signal(number)
        assert service.stdout.read() == "ended beside it\n"
