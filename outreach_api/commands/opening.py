"""Starting a service door first: the carrier is answered before the rest of the house is loaded."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from outreach_api.early import EarlyDoor, early_door
from outreach_api.language import say
from outreach_api.settings import Settings

Port = Annotated[int | None, typer.Option(help=say("端口", "port"))]


def serve() -> None:
    """API, console, worker and scheduler in one process, with the assistant beside it."""
    with _door(Settings()) as door:
        from outreach_api.commands import service

        service.serve(door)


def api(port: Port = None) -> None:
    """Webhooks, API and console alone."""
    settings = Settings()
    settings = settings.model_copy(update={"port": port or settings.port})
    with _door(settings) as door:
        from outreach_api.commands import service

        service.api(settings, door)


@contextlib.contextmanager
def _door(settings: Settings) -> Iterator[EarlyDoor]:
    # The server hands the signal on when it has ended itself; what was begun beside it, the assistant first, ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        try:
            door = stack.enter_context(early_door(settings))
        except OSError as fault:
            where = f"{settings.host}:{settings.port}"
            typer.echo(
                say(f"✗ {where} 打不开：{fault.strerror}", f"✗ {where} does not open: {fault.strerror}"), err=True
            )
            raise typer.Exit(1) from fault
        yield door
