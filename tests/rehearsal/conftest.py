"""A demo small enough for a test: a tenth of a community, a few days, the real assistant and the sandbox."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from outreach_api.rehearsal.demo import Demo, DemoPlan, DemoResult
from tests.bot.conftest import Bot, start_bot

Rehearse = Callable[..., DemoResult]


@pytest.fixture(scope="session")
def assistant() -> Iterator[Bot]:
    running = start_bot()
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.client.close()
        running.process.terminate()
        running.process.wait(timeout=20)


@pytest.fixture(scope="session")
def rehearse(assistant: Bot, tmp_path_factory: pytest.TempPathFactory) -> Rehearse:
    def run(**changes: Any) -> DemoResult:
        home: Path = tmp_path_factory.mktemp("rehearsal") / "home"
        plan: dict[str, Any] = {"seed": 7, "days": 8, "residents": 1500, "headless": True, "home": home} | changes
        bot = (str(assistant.client.base_url), assistant.secret)
        return Demo(DemoPlan(**plan, bot=bot), Console(file=io.StringIO())).run()

    return run
