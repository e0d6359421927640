"""Sending: from a durably accepted contact to the receipt that says it arrived, with the carrier on the same cores.

Three processes: the sandbox's carrier, the house (web application and worker in one, as `serve` runs them), and this
one, which moves the carrier's clock on so that receipts come. Nothing is left out: contacts are written and committed,
claimed after a last look, marked, handed over by the SDK, settled, noted in the transcript; two signed receipts each
come over HTTP, are committed, answered and applied. Celery does the same with its own means.
"""

from __future__ import annotations

import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.celery_peer import CeleryMissing, celery_sends
from bench.child import run_in_child
from bench.databases import ENGINES, fresh_database
from bench.frame import Aim, Bench, Comparison, Measure, Measured, NotMeasured, Progress
from bench.front_door import ACCOUNT, TOKEN, a_port, front_door_environment
from bench.street import START, working_folder
from outreach_api.processes import ProcessFault, free_port
from outreach_api.rehearsal.demo import sandbox_program
from outreach_api.rehearsal.sandbox import SandboxClient

LEAST_PER_S = 300
LEAST_TIMES_CELERY = 3
NOON = datetime.fromisoformat(f"{START}T12:00:00+08:00")
TICK = timedelta(minutes=3)
"""The carrier's clock moves on so far each time: every message handed over before has its receipts due then."""
PAUSE_SECONDS = 0.1
RECEIPTS_AT_ONCE = 16


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--messages", type=int, default=20_000, metavar="N")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    per_s: dict[str, float] = {}
    cpu_ms: dict[str, float] = {}
    others: list[Comparison | NotMeasured] = []
    for engine in ENGINES:
        with working_folder() as folder, fresh_database(engine, folder) as database:
            found = _send(folder, database, chosen.messages)
            per_s[engine], cpu_ms[engine] = found["per_s"], found["cpu_ms"]
            progress(f"{engine}: {per_s[engine]:.0f}/s, {cpu_ms[engine]:.2f} ms of CPU a message")
    try:
        with working_folder() as folder, fresh_database("postgres", folder) as database:
            celery_per_s = _send_by_celery(folder, database, chosen.messages)
    except CeleryMissing as missing:
        others.append(NotMeasured("celery_redis", str(missing)))
    else:
        progress(f"celery: {celery_per_s:.0f}/s")
        for engine in ENGINES:
            ratio = round(per_s[engine] / celery_per_s, 2)
            others.append(Comparison(f"celery_redis_to_{engine}", round(celery_per_s, 1), ratio))
    return Measured(
        values={
            "sqlite_per_s": per_s["sqlite"],
            "postgres_per_s": per_s["postgres"],
            "cpu_ms_per_message": cpu_ms["sqlite"],
        },
        compared_with=others,
        machine={"messages": chosen.messages, "postgres_cpu_ms_per_message": round(cpu_ms["postgres"], 2)},
    )


def _send(folder: Path, database: str, messages: int) -> dict[str, float]:
    port = a_port()
    with _carrier(folder, callbacks_port=port) as carrier_url:
        environment = front_door_environment(folder, database, port=port)
        environment["OUTREACH_TWILIO_BASE_URL"] = carrier_url
        done = run_in_child("bench.sending_house:send_all", environment=environment, messages=messages)
    if done.result["delivered"] != messages:
        raise ProcessFault(f"of {messages:,} messages {done.result['delivered']:,} were delivered: {done.result}")
    return {"per_s": messages / done.result["seconds"], "cpu_ms": done.result["cpu_s"] * 1000 / messages}


def _send_by_celery(folder: Path, database: str, messages: int) -> float:
    port = a_port()
    with _carrier(folder, callbacks_port=port) as carrier_url:
        return messages / celery_sends(folder, database, carrier_url, port=port, messages=messages)


@contextmanager
def _carrier(folder: Path, *, callbacks_port: int) -> Iterator[str]:
    """A carrier whose clock moves on by itself; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    world: dict[str, Any] = {
        "people": [],
        "teams": {"count": 0},
        "callbacks": {
            "inbound": f"http://127.0.0.1:{callbacks_port}/webhooks/twilio/inbound",
            "api": f"http://127.0.0.1:{callbacks_port}",
            "api_token": "unused",
            "at_once": RECEIPTS_AT_ONCE,
        },
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "start": NOON.isoformat(),
    }
    with sandbox_program(port, log=folder / "sandbox.log"):
        sandbox = SandboxClient(url)
        sandbox.set_world(world)
        ended = threading.Event()
        clock = threading.Thread(target=_move_clock, args=(sandbox, ended))
        clock.start()
        try:
            yield url
        finally:
            ended.set()
            clock.join()
            sandbox.close()


def _move_clock(sandbox: SandboxClient, ended: threading.Event) -> None:
    now = NOON
    while not ended.is_set():
        now += TICK
        sandbox.set_clock(now)
        time.sleep(PAUSE_SECONDS)


BENCH = Bench(
    name="delivery",
    measures=(
        Measure("sqlite_per_s", "messages/s", Aim(at_least=LEAST_PER_S)),
        Measure("postgres_per_s", "messages/s", Aim(at_least=LEAST_PER_S)),
        Measure("cpu_ms_per_message", "ms"),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
