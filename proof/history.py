"""Every change of state that a database saw, written down by its own triggers: nothing our code says is believed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, text

from models.session import Sessions
from models.transitions import CASE_TRANSITIONS, CONTACT_TRANSITIONS, MATCH_TRANSITIONS
from models.vocabulary import CaseState, ContactState, MatchState

WATCHED: Mapping[str, tuple[type[StrEnum], Mapping[Any, frozenset[Any]]]] = {
    "contact": (ContactState, CONTACT_TRANSITIONS),
    "match": (MatchState, MATCH_TRANSITIONS),
    "case": (CaseState, CASE_TRANSITIONS),
}
SLOT = "job_slot"
IN_STEPS = frozenset({"match"})
"""Reopened and moved on in one transaction, a match shows its triggers only the way from the first to the last."""


def watch_states(sessions: Sessions) -> None:
    """Let the database keep a history of the states of contacts, matches and cases, and of slots run twice. SQLite."""
    with sessions.engine.connect() as connection:
        connection.execute(
            text("CREATE TABLE state_history (id INTEGER PRIMARY KEY, noun TEXT, row_id INTEGER, old TEXT, new TEXT)")
        )
        for noun in WATCHED:
            connection.execute(
                text(
                    f'CREATE TRIGGER watch_{noun} AFTER UPDATE OF state ON "{noun}" WHEN OLD.state <> NEW.state '
                    f"BEGIN INSERT INTO state_history (noun, row_id, old, new) "
                    f"VALUES ('{noun}', NEW.id, OLD.state, NEW.state); END"
                )
            )
        # A slot that two schedulers ran to its end is finished twice.
        connection.execute(
            text(
                "CREATE TRIGGER watch_slot AFTER UPDATE OF finished_at ON job_slot WHEN OLD.finished_at IS NOT NULL "
                "BEGIN INSERT INTO state_history (noun, row_id, old, new) "
                f"VALUES ('{SLOT}', NEW.id, 'finished', 'finished'); END"
            )
        )
        connection.commit()


def forget_history(connection: Connection) -> None:
    """What was before the run is not of the run."""
    connection.execute(text("DELETE FROM state_history"))


def unlawful_changes(connection: Connection) -> list[str]:
    """Changes that the state machines do not know, in the order in which they happened."""
    found = []
    for noun, row_id, old, new in connection.execute(
        text("SELECT noun, row_id, old, new FROM state_history ORDER BY id")
    ):
        if noun == SLOT:
            found.append(f"{noun} {row_id}: ran twice")
            continue
        states, table = WATCHED[noun]
        before, after = states(old), states(new)
        if after not in table[before] and not (noun in IN_STEPS and _in_two_steps(table, before, after)):
            found.append(f"{noun} {row_id}: {old} -> {new}")
    return found


def _in_two_steps(table: Mapping[Any, frozenset[Any]], before: StrEnum, after: StrEnum) -> bool:
    return any(after in table[between] for between in table[before])
