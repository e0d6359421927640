"""Promise and approval for what is more than a file: bulk views in full, department feeds, departments' own use.

Whoever wants one applies with purpose, fields, rows and a term, and signs; a second person agrees; it ends by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.undertaking import Undertaking
from models.vocabulary import UndertakingKind, UndertakingState
from outreach_api.privacy.reveal import LONGEST_PURPOSE, SHORTEST_PURPOSE
from scheduler.roster.feed import feeds
from scheduler.roster.terms import FeedTerms

PROMISE = "只用于所填用途，不转给他人，不与其他数据拼合认人，到期停用并删除。"
PROMISE_EN = (
    "Used for the stated purpose only, passed on to nobody, joined with nothing to tell people apart, "
    "ended and deleted when the term is over."
)
LONGEST_TERM_DAYS = {
    UndertakingKind.BULK_VIEW: 30,
    UndertakingKind.FEED: 366,
    UndertakingKind.DEPARTMENT_USE: 366,
}
BULK_ROWS_WITHOUT = 20
"""So many people in full may be handed over for a stated purpose alone."""
MOST_ROWS = 10_000
MOST_ROWS_A_FILE = 10_000_000
"""Of a feed."""
MOST_ROWS_A_DAY = 1_000_000
"""Of a department's system."""
MOST_ROWS_OF = {
    UndertakingKind.BULK_VIEW: MOST_ROWS,
    UndertakingKind.FEED: MOST_ROWS_A_FILE,
    UndertakingKind.DEPARTMENT_USE: MOST_ROWS_A_DAY,
}
ROWS_ARE = {
    UndertakingKind.BULK_VIEW: "people that the list may hold",
    UndertakingKind.FEED: "rows that a file may hold",
    UndertakingKind.DEPARTMENT_USE: "rows about people that the system may read a day",
}
BULK_FIELDS = ("name", "address", "phone", "words", "note")
"""What a bulk view holds of a person beside street, community and reason."""


class UndertakingRefused(ValueError):  # noqa: N818
    """Nothing is applied for or decided; says why."""


class NotUndertaken(Exception):  # noqa: N818
    """No approved application covers this; says what to apply for."""


class UndertakingNotFound(LookupError):  # noqa: N818
    """There is no application of that number."""


class Decision(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    END = "end"


@dataclass(frozen=True)
class Asked:
    """An application, and the word of who applies."""

    kind: UndertakingKind
    subject: str
    purpose: str
    fields: tuple[str, ...]
    rows: int | None
    term_days: int
    promised: bool

    def checked(self, scopes: Collection[str]) -> Asked:
        """The application in order; `scopes` are those that a token can have.

        Raises:
            UndertakingRefused: it names nothing, its purpose says nothing, a field is none, rows or term are too many,
                or it is not signed.
        """
        # A feed's fields are the columns of its file.
        stated, subject = " ".join(self.purpose.split()), self.subject.strip()
        if not self.promised:
            raise UndertakingRefused("nothing is granted without the promise")
        if not subject:
            raise UndertakingRefused("say which street or community, which feed, or which department")
        if not SHORTEST_PURPOSE <= len(stated) <= LONGEST_PURPOSE:
            raise UndertakingRefused(f"state the purpose in {SHORTEST_PURPOSE} to {LONGEST_PURPOSE} characters")
        possible = self._possible_fields(subject, scopes)
        unknown = sorted(set(self.fields) - set(possible))
        if unknown or not self.fields:
            there = f"; there are {', '.join(possible)}"
            raise UndertakingRefused(
                (f"there is no field {', '.join(unknown)}" if unknown else "name the fields") + there
            )
        most = MOST_ROWS_OF[self.kind]
        if not 1 <= (self.rows or 0) <= most:
            raise UndertakingRefused(f"say how many rows, up to {most}: {ROWS_ARE[self.kind]}")
        longest = LONGEST_TERM_DAYS[self.kind]
        if not 1 <= self.term_days <= longest:
            raise UndertakingRefused(f"the term is 1 to {longest} days")
        return replace(self, purpose=stated, subject=subject)

    def _possible_fields(self, subject: str, scopes: Collection[str]) -> Collection[str]:
        """Which fields there are to apply for.

        Raises:
            UndertakingRefused: there is no such feed, or a column is left out without which its files say nothing.
        """
        match self.kind:
            case UndertakingKind.BULK_VIEW:
                return BULK_FIELDS
            case UndertakingKind.DEPARTMENT_USE:
                return scopes
            case UndertakingKind.FEED:
                feed = feeds().get(subject)
                if feed is None:
                    raise UndertakingRefused(f"there is no feed {subject}; there are {', '.join(feeds())}")
                missing = sorted(set(feed.needs) - set(self.fields))
                if missing:
                    raise UndertakingRefused(f"without {', '.join(missing)} a file of {subject} says nothing")
                return feed.fields


def ask(session: Session, asked: Asked, scopes: Collection[str], *, by: str, now: datetime) -> Undertaking:
    """Put an application on record; it waits for a second person.

    Raises:
        UndertakingRefused: it is not in order.
    """
    asked = asked.checked(scopes)
    row = Undertaking(
        kind=asked.kind,
        subject=asked.subject,
        purpose=asked.purpose,
        fields=sorted(set(asked.fields)),
        rows=asked.rows,
        promise=PROMISE,
        asked_by=by,
        asked_at=now,
        expires_at=now + timedelta(days=asked.term_days),
        state=UndertakingState.WAITING,
    )
    session.add(row)
    session.flush()
    _note(session, row, "undertaking.ask", by, now)
    return row


def decide(session: Session, undertaking_id: int, decision: Decision, *, by: str, now: datetime) -> Undertaking:
    """A second person's yes or no; or the end of what was granted, which anybody who decides may call.

    Raises:
        UndertakingNotFound: there is no such application.
        UndertakingRefused: it is one's own, was decided already, or its term is over.
    """
    row = session.get(Undertaking, undertaking_id, with_for_update=True)
    if row is None:
        raise UndertakingNotFound(f"there is no application {undertaking_id}")
    needed = UndertakingState.APPROVED if decision is Decision.END else UndertakingState.WAITING
    if row.state is not needed:
        raise UndertakingRefused(f"application {undertaking_id} is {row.state.value}")
    if decision is Decision.APPROVE and row.asked_by == by:
        raise UndertakingRefused("nobody approves their own application")
    if decision is Decision.APPROVE and now >= row.expires_at:
        raise UndertakingRefused("its term is over: apply anew")
    row.state = {
        Decision.APPROVE: UndertakingState.APPROVED,
        Decision.REFUSE: UndertakingState.REFUSED,
        Decision.END: UndertakingState.ENDED,
    }[decision]
    row.decided_by, row.decided_at = by, now
    _note(session, row, f"undertaking.{decision.value}", by, now)
    return row


def stands(row: Undertaking | None, now: datetime) -> bool:
    """Whether it was agreed to, and is neither ended nor over."""
    return row is not None and row.state is UndertakingState.APPROVED and now < row.expires_at


def terms_of_feeds(session: Session, *, now: datetime) -> dict[str, FeedTerms]:
    """What each feed may bring that was ever applied for: by the newest application that stands, else nothing.

    A feed that nobody applied for is one of the house's own rosters and is not held to anything.
    """
    found: dict[str, FeedTerms] = {}
    rows = session.scalars(
        select(Undertaking).where(Undertaking.kind == UndertakingKind.FEED).order_by(Undertaking.id.desc())
    )
    for row in rows:
        known = found.get(row.subject)
        if known is None or (known.over is not None and stands(row, now)):
            over = None if stands(row, now) else _why_not(row, now)
            found[row.subject] = FeedTerms(row.id, frozenset(row.fields), row.rows or 0, over)
    return found


def _why_not(row: Undertaking, now: datetime) -> str:
    if row.state is UndertakingState.APPROVED and now >= row.expires_at:
        return f"was over on {row.expires_at.date().isoformat()}"
    return {
        UndertakingState.WAITING: "waits for a second person",
        UndertakingState.REFUSED: "was refused",
    }.get(row.state, "was ended")


def undertakings(session: Session, *, most: int = 100) -> Sequence[Undertaking]:
    """Those that wait first, then the newest."""
    waits = Undertaking.state != UndertakingState.WAITING
    return session.scalars(select(Undertaking).order_by(waits, Undertaking.id.desc()).limit(most)).all()


def bulk_fields(session: Session, subjects: Collection[str], rows: int, *, by: str, now: datetime) -> tuple[str, ...]:
    """Which fields of so many people may be shown in full to whom asks, on the record; a few need no application.

    Raises:
        NotUndertaken: no application of theirs for one of these places stands, or none for so many.
    """
    if rows <= BULK_ROWS_WITHOUT:
        return BULK_FIELDS
    theirs = select(Undertaking).where(
        Undertaking.kind == UndertakingKind.BULK_VIEW,
        Undertaking.asked_by == by,
        Undertaking.subject.in_(subjects),
        Undertaking.state == UndertakingState.APPROVED,
        Undertaking.expires_at > now,
        Undertaking.rows >= rows,
    )
    row = session.scalars(theirs.order_by(Undertaking.id.desc())).first()
    if row is None:
        raise NotUndertaken(f"{rows} people in full take an approved application for {' or '.join(sorted(subjects))}")
    _note(session, row, "undertaking.use", by, now, shown=rows)
    return tuple(row.fields)


def _note(session: Session, row: Undertaking, action: str, by: str, now: datetime, **more: object) -> None:
    facts = {"kind": row.kind.value, "subject": row.subject, "fields": row.fields, "rows": row.rows, **more}
    facts["until"] = row.expires_at.isoformat()
    subject = f"undertaking:{row.id}"
    session.add(AuditEntry(at=now, actor=by, action=action, subject=subject, purpose=row.purpose, facts=facts))
