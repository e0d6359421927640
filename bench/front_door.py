"""`python -m bench.front_door`: the web application alone, as its settings in the environment have it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from models.crypto import new_key_ring, write_key_ring
from outreach_api.bootstrap import open_house
from outreach_api.processes import Program, free_port
from outreach_api.settings import Settings
from outreach_api.web.app import create_app

ACCOUNT = "AC" + "5" * 32
TOKEN = "bench-token"  # noqa: S105 - of a carrier that exists on this machine only


def front_door_environment(home: Path, database_url: str, *, port: int) -> dict[str, str]:
    """The settings of an installation in `home`; its key file is made if it has none."""
    settings = {
        "OUTREACH_HOME": str(home),
        "OUTREACH_DATABASE_URL": database_url,
        "OUTREACH_PORT": str(port),
        "OUTREACH_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "OUTREACH_TWILIO_ACCOUNT_SID": ACCOUNT,
        "OUTREACH_TWILIO_AUTH_TOKEN": TOKEN,
        "OUTREACH_TWILIO_FROM": "+8675500012345",
    }
    if not (home / "keys.json").exists():
        write_key_ring(new_key_ring(), home / "keys.json")
    return settings


def front_door(environment: Mapping[str, str]) -> Program:
    port = environment["OUTREACH_PORT"]
    log = Path(environment["OUTREACH_HOME"]) / "front_door.log"
    command = [sys.executable, "-P", "-m", "bench.front_door"]
    return Program("front door", command, log=log, ready_url=f"http://127.0.0.1:{port}/readyz", env=environment)


def a_port() -> int:
    return free_port()


def main() -> None:
    settings = Settings(_env_file=None)
    with open_house(settings) as house:
        uvicorn.run(create_app(house), host="127.0.0.1", port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    os.environ.setdefault("OUTREACH_BOT_SECRET", "unused")
    main()
