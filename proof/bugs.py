"""Bugs to be found: each takes away one of the house's promises for as long as the block lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Row, text

from models.audit_chain import Anchor
from models.session import Sessions
from models.vocabulary import Cause
from outreach_api import bootstrap
from outreach_api.channels.carrier import Rejected, SendResult, Unknown
from outreach_api.channels.vendor_codes import MEANING_OF_STATUS
from outreach_api.delivery import receipts, settle, worker
from outreach_api.delivery.claim import Claimed
from outreach_api.delivery.settle import Begun
from outreach_api.privacy.anchors import drop_anchor
from scheduler import tick
from scheduler.planning.guards import ALL_GUARDS, Guards


@dataclass(frozen=True)
class Bug:
    breaks: Callable[[], AbstractContextManager[Any]] = nullcontext
    guards: Guards = ALL_GUARDS


def _sends_before_the_commit() -> AbstractContextManager[Any]:
    """A text is handed over without the mark being committed first: after a crash nobody knows that it went."""

    def unmarked(_sessions: Any, together: Sequence[Claimed], **_: Any) -> list[Begun]:
        return [Begun.YES for _ in together]

    return patch.object(worker, "begin_sends", unmarked)


def _resends_from_unknown() -> AbstractContextManager[Any]:
    """An outcome that is unknown is taken for a failure, and tried again."""
    honest = settle.settle_all

    def hopeful(sessions: Any, results: Sequence[tuple[Claimed, SendResult]], **named: Any) -> None:
        again = Rejected(Cause.CARRIER_FAULT, None, 60.0)
        honest(sessions, [(one, again if isinstance(came, Unknown) else came) for one, came in results], **named)

    return patch.object(worker, "settle_all", hopeful)


def _ignores_the_rank_of_receipts() -> AbstractContextManager[Any]:
    """The last receipt to come in is believed, whatever came before."""

    def apply(self: Any, receipt: Row[Any]) -> str:
        contact, meaning = self._contacts.of(receipt), MEANING_OF_STATUS.get(receipt.status)
        if contact is None or meaning is None:
            return "strange"
        self._move(receipt, contact, meaning)
        return "applied"

    return patch.object(receipts._Applying, "apply", apply)


def _is_deaf_after_a_start() -> AbstractContextManager[Any]:
    """What was written while nobody was here is never asked for."""
    return patch.object(bootstrap, "catch_up_with_heard", lambda *_, **__: 0)


def _edits_an_entry() -> AbstractContextManager[Any]:
    """Each evening, before the anchor is dropped, somebody with the database's rights edits an entry of the audit."""

    def edited(sessions: Sessions, file: Path, *, now: datetime) -> Anchor | None:
        with sessions.engine.connect() as connection:
            # Who has the database's rights can put its guard aside.
            connection.execute(text("DROP TRIGGER IF EXISTS audit_entry_no_update"))
            newest = "UPDATE audit_entry SET actor = 'nobody' WHERE id = (SELECT max(id) FROM audit_entry)"
            connection.execute(text(newest))
            connection.commit()
        return drop_anchor(sessions, file, now=now)

    return patch.object(bootstrap, "drop_anchor", edited)


def _runs_every_slot() -> AbstractContextManager[Any]:
    """Of two schedulers each takes a slot for its own."""
    honest = tick._win
    return patch.object(tick, "_win", lambda *given: honest(*given) or True)


BUGS: dict[str, Bug] = {
    "send_before_commit": Bug(_sends_before_the_commit),
    "resend_from_unknown": Bug(_resends_from_unknown),
    "stop_not_rechecked": Bug(guards=Guards.without("after_stop")),
    "receipt_rank_ignored": Bug(_ignores_the_rank_of_receipts),
    "audit_entry_edited": Bug(_edits_an_entry),
    "slot_run_by_both": Bug(_runs_every_slot),
    "deaf_after_start": Bug(_is_deaf_after_a_start),
}


@contextlib.contextmanager
def broken_by(name: str | None) -> Any:
    """The guards of a house that has this bug, while it has it; all of them without one.

    Raises:
        KeyError: there is no such bug.
    """
    bug = BUGS[name] if name is not None else Bug()
    with bug.breaks():
        yield bug.guards
