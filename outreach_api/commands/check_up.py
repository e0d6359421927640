"""What is installed, configured and reachable."""

from __future__ import annotations

import typer

from outreach_api import doctor as checks


def doctor() -> None:
    found = checks.report()
    checks.print_report(found)
    raise typer.Exit(checks.exit_status(found))
