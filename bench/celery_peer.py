"""Starting and ending the Celery sender: a Redis of its own, workers, a receiver of callbacks, all by their ids."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.front_door import ACCOUNT, TOKEN
from outreach_api.processes import ProcessFault, free_port
from outreach_api.settings import ROOT

ENVIRONMENT = ROOT / "var" / "bench-celery"
WORKERS = 8
"""More than cores: most of a task is waiting for a commit or for the carrier. Fewer were slower."""
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class CeleryMissing(Exception):  # noqa: N818
    """Celery cannot be compared with here; says why."""


def celery_sends(folder: Path, database_url: str, carrier: str, *, port: int, messages: int) -> float:
    """How many seconds Celery takes to accept, send and have delivered so many messages.

    Raises:
        CeleryMissing: there is no Redis, or Celery's environment cannot be made.
        ProcessFault: it did not deliver them.
    """
    redis = shutil.which("redis-server")
    if redis is None:
        raise CeleryMissing("redis-server is not installed")
    python = _environment(folder)
    redis_port = free_port()
    names = {
        "PEER_BROKER": f"redis://127.0.0.1:{redis_port}/0",
        "PEER_DATABASE": database_url.replace("postgresql+psycopg://", "postgresql://"),
        "PEER_CARRIER": carrier,
        "PEER_ACCOUNT": ACCOUNT,
        "PEER_TOKEN": TOKEN,
        "PEER_PUBLIC": f"http://127.0.0.1:{port}",
    }
    environment = {**os.environ, **names}
    queue = [redis, "--port", str(redis_port), "--bind", "127.0.0.1", "--dir", str(folder)]
    queue += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    celery = [python, "-P", "-m", "celery", "-A", "bench.celery_app", "worker"]
    celery += ["--concurrency", str(WORKERS), "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    door = [python, "-P", "-m", "uvicorn", "bench.celery_app:callbacks", "--host", "127.0.0.1", "--port", str(port)]
    door += ["--log-level", "error"]
    with ExitStack() as running:
        for name, command in (("redis", queue), ("celery", celery), ("door", door)):
            running.enter_context(_running(name, [str(word) for word in command], folder, environment))
            time.sleep(1.0 if name == "redis" else 0)
        time.sleep(3.0)
        produce = [str(python), "-P", "-m", "bench.celery_produce", str(messages)]
        done = subprocess.run(produce, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        logs = "\n".join(f"{path.name}: {path.read_text('utf-8', 'replace')[-600:]}" for path in folder.glob("*.log"))
        raise ProcessFault(f"Celery: {done.stderr}\n{logs}")
    return float(done.stdout.split()[-1])


def _environment(folder: Path) -> Path:
    """The Python of Celery's own environment, made the first time from the `bench` group of our lock.

    It is the very interpreter that we run on: another one may be a fifth slower.
    """
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        uv = ROOT / "var" / "setup" / "uv"
        if not uv.exists():
            raise CeleryMissing("there is no uv to make its environment with; ./outreach setup")
        command = [uv.read_text("utf-8").strip(), "sync", "--frozen", "--quiet", "--only-group", "bench"]
        command += ["--python", sys.executable]
        environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            raise CeleryMissing(f"its environment could not be made: {done.stderr.strip()[-300:]}")
    return python


@contextmanager
def _running(name: str, command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
