"""A console that a browser can reach, and what a browser is asked there."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from playwright.sync_api import Page

from outreach_api.web.app import create_app
from outreach_api.web.page import FOLDER
from tests.web.conftest import PASSWORD, FakeHouse

AXE = FOLDER / "static" / "vendor" / "axe-core" / "axe.min.js"


@contextlib.contextmanager
def served(house: FakeHouse, *, port: int = 0) -> Iterator[str]:
    """The address at which the house's pages are served until the block ends."""
    config = uvicorn.Config(create_app(house), port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def listen(page: Page, complaints: list[str]) -> None:
    """Keep what the browser complains of: errors in scripts, breaches of the content policy."""
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))


def sign_in_as(page: Page, url: str, username: str, *, locale: str = "zh", theme: str = "light") -> None:
    page.goto(f"{url}/display?locale={locale}&theme={theme}&back=/sign-in")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{url}/")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def barriers(page: Page) -> list[str]:
    """What axe-core finds that keeps somebody from using the page, one line a rule and place."""
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]
