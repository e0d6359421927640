"""Anchors: where the audit's chain ended at some time, written to a file that is copied away from the database."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from models.audit_chain import Anchor, anchor_now
from models.session import Sessions


class AnchorFault(ValueError):  # noqa: N818
    """The file of anchors cannot be read; says which line."""


def drop_anchor(sessions: Sessions, file: Path, *, now: datetime) -> Anchor | None:
    """Add where the chain ends now, unless it still ends where it did; None before the first entry."""
    with sessions.read() as session:
        anchor = anchor_now(session.connection(), now)
    known = read_anchors(file)
    if anchor is not None and (not known or known[-1].number != anchor.number):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(anchor)) + "\n")
    return anchor


def read_anchors(file: Path) -> list[Anchor]:
    """The anchors of a file, oldest first; none where there is no file.

    Raises:
        AnchorFault: a line is no anchor.
    """
    if not file.exists():
        return []
    found = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        try:
            found.append(Anchor(**json.loads(line)))
        except (ValueError, TypeError) as fault:
            raise AnchorFault(f"{file}, line {number}: no anchor") from fault
    return found
