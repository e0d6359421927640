"""Where commands write: results on standard output, everything said about them on standard error."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from sqlalchemy.exc import OperationalError

from models.crypto import KeyRingFault
from outreach_api.catalogue.refused import SubmissionRefused
from outreach_api.language import say
from outreach_api.processes import ProcessFault
from outreach_api.web.words import Locale, Speaker
from scheduler.policies.refused import CardsRefused
from scheduler.roster.faults import FileRefused
from setup.words import is_chinese

OUT = Console(highlight=False)
ERR = Console(stderr=True, highlight=False)

# Faults whose message says where and what to do; anything else is a fault of ours and shows its traceback.
TOLD = (KeyRingFault, ProcessFault, CardsRefused, FileRefused, FileNotFoundError, SubmissionRefused)

Given = ParamSpec("Given")
Result = TypeVar("Result")


def tells_faults(command: Callable[Given, Result]) -> Callable[Given, Result]:
    """Show a fault of the input or of the set-up as one message and end with status 1."""

    @functools.wraps(command)
    def told(*given: Given.args, **named: Given.kwargs) -> Result:
        try:
            return command(*given, **named)
        except OperationalError as fault:
            message = say("数据库打不开：", "the database does not open: ") + str(fault.orig)
            fail(message)
        except TOLD as fault:
            fail(str(fault))

    return told


def speaker_at_hand(zone: ZoneInfo) -> Speaker:
    """Says the closed vocabularies in the terminal's language."""
    return Speaker(Locale.ZH if is_chinese() else Locale.EN, zone)


def fail(message: str, *, status: int = 1) -> NoReturn:
    ERR.print(f"[red]✗[/] {message}", markup=True)
    raise typer.Exit(status)
