"""Who was erased, stopped or refuses to be matched, in a file beside the database: what a restore must not forget.

A backup knows nothing of what was asked for after it was taken. The file holds keyed indexes alone, no name and no
number; it is added to every hour and at every erasure, and a restore puts it into force before anything is sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.conversation import ContactStop
from models.resident import BARE, Phone, Resident
from models.session import Sessions
from models.vocabulary import Audience, StopReason
from outreach_api.privacy.erase import ERASED, erase
from outreach_api.privacy.sight import whole_district
from scheduler.planning.stops import StopScope, place_stop, standing_stop

# What committed late, or by a clock that is a little behind, is written down with the next ones, a second time at most.
LOOKS_BACK = timedelta(hours=1)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
BY = "restore"


class Mark(StrEnum):
    ERASED = "erased"
    REFUSED = "refused"
    """To be matched."""
    STOPPED = "stopped"
    RELEASED = "released"
    """A stop, by a person."""
    UPTO = "upto"
    """All there was until then is written down."""


@dataclass(frozen=True)
class Tombstone:
    mark: Mark
    at: str
    person: str | None = None
    """Their `person_key`."""
    number: str | None = None
    """The index of a number."""
    reason: str | None = None
    audience: str | None = None


class TombstonesFault(ValueError):  # noqa: N818
    """The file cannot be read; says which line."""


@dataclass(frozen=True)
class Reburied:
    """What a restore put into force again."""

    erased: int
    refused: int
    stopped: int


def keep_tombstones(sessions: Sessions, file: Path, *, now: datetime) -> int:
    """Add what is new since the last time; how many lines. Where nothing is, the file is left alone."""
    known = read_tombstones(file)
    seen = frozenset(known)
    with whole_district(), sessions.read() as session:
        found = [one for one in _marked(session, _upto(known) - LOOKS_BACK) if one not in seen]
    if known and not found:
        return 0
    found.append(Tombstone(Mark.UPTO, now.isoformat()))
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps({k: v for k, v in asdict(one).items() if v is not None}) + "\n" for one in found)
    # One write, at the end of the file: another process may be adding too.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb", buffering=0) as target:
        target.write(lines.encode())
        os.fsync(target.fileno())
    return len(found) - 1


def read_tombstones(file: Path) -> list[Tombstone]:
    """Oldest first; none where there is no file.

    Raises:
        TombstonesFault: a line is none.
    """
    if not file.exists():
        return []
    found = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        try:
            fields = json.loads(line)
            found.append(Tombstone(**{**fields, "mark": Mark(fields["mark"])}))
        except (ValueError, TypeError, KeyError) as fault:
            raise TombstonesFault(f"{file}, line {number}: no tombstone") from fault
    return found


def put_into_force(sessions: Sessions, tombstones: Iterable[Tombstone], *, now: datetime) -> Reburied:
    """After a restore, before anything is sent; again changes nothing.

    Where the file and the backup differ, silence wins: what somebody allowed again since the backup, they are asked
    again.
    """
    erased, refused, stopped = 0, 0, 0
    for one in _in_force(tombstones):
        with sessions.write() as session:
            match one.mark:
                case Mark.ERASED:
                    erased += _erase(session, one, now)
                case Mark.REFUSED:
                    refused += _refuse(session, one)
                case Mark.STOPPED:
                    stopped += _stop(session, one, now)
    return Reburied(erased, refused, stopped)


def _marked(session: Session, since: datetime) -> Iterator[Tombstone]:
    yield from _since(session, Mark.ERASED, Resident.erased_at, since)
    yield from _since(session, Mark.REFUSED, Resident.profiling_refused_at, since, Resident.erased_at.is_(None))
    yield from _stops(session, since)


def _since(
    session: Session,
    mark: Mark,
    column: InstrumentedAttribute[datetime | None],
    since: datetime,
    *where: ColumnElement[bool],
) -> Iterator[Tombstone]:
    """Nothing sealed is opened for it."""
    query = select(column, Resident.person_key, Resident.audience).where(column > since, *where).order_by(column)
    for at, person, audience in session.execute(query):
        if at is not None:
            yield Tombstone(mark, at.isoformat(), person=person, audience=audience.value)


def _stops(session: Session, since: datetime) -> Iterator[Tombstone]:
    """Placed ones and released ones, each at its time, so that the last word about somebody comes last."""
    rows = session.execute(
        select(ContactStop, Resident.person_key, Resident.audience, Phone.number_index)
        .outerjoin(Resident, Resident.id == ContactStop.resident_id)
        .outerjoin(Phone, Phone.id == ContactStop.phone_id)
        .where((ContactStop.placed_at > since) | (ContactStop.released_at > since))
    )
    found = []
    for stop, person, audience, number in rows:
        known = number if number and not number.startswith(ERASED) else None
        for mark, at in ((Mark.STOPPED, stop.placed_at), (Mark.RELEASED, stop.released_at)):
            if at is not None and (person or known):
                whose = audience.value if audience else None
                found.append(Tombstone(mark, at.isoformat(), person, known, stop.reason.value, whose))
    yield from sorted(found, key=lambda one: one.at)


def _in_force(tombstones: Iterable[Tombstone]) -> list[Tombstone]:
    """The last word of each kind about each of them."""
    standing: dict[tuple[str, ...], Tombstone] = {}
    for one in sorted(tombstones, key=lambda one: datetime.fromisoformat(one.at)):
        match one.mark:
            case Mark.ERASED | Mark.REFUSED:
                standing[one.mark, one.person or ""] = one
            case Mark.STOPPED | Mark.RELEASED:
                standing[Mark.STOPPED, one.person or "", one.number or "", one.reason or ""] = one
    return [one for one in standing.values() if one.mark is not Mark.RELEASED]


def _erase(session: Session, one: Tombstone, now: datetime) -> bool:
    resident = _person(session, one, now)
    if resident is None or resident.erased_at is not None:
        return False
    erase(session, resident.id, by=BY, purpose="tombstone", now=now)
    return True


def _refuse(session: Session, one: Tombstone) -> bool:
    resident = _person(session, one, datetime.fromisoformat(one.at))
    if resident is None or resident.profiling_refused_at is not None:
        return False
    resident.profiling_refused_at = datetime.fromisoformat(one.at)
    return True


def _stop(session: Session, one: Tombstone, now: datetime) -> bool:
    resident = _person(session, one, now)
    phone = _phone(session, one.number)
    scope = StopScope(resident.id if resident else None, phone.id if phone else None)
    stands = standing_stop(session, resident_id=scope.resident_id, phone_id=None) if resident else True
    silent = standing_stop(session, resident_id=None, phone_id=scope.phone_id) if phone else True
    if stands and silent:
        return False
    place_stop(session, StopReason(one.reason or StopReason.OPT_OUT), scope, placed_by=BY, message_id=None, now=now)
    return True


def _person(session: Session, one: Tombstone, now: datetime) -> Resident | None:
    """Who they are here. Whom the backup does not know gets a row without a word, by which an import knows them."""
    if one.person is None:
        return None
    found = session.scalars(select(Resident).where(Resident.person_key == one.person)).first()
    if found is None:
        audience = Audience(one.audience or Audience.PERSON)
        found = Resident(audience=audience, person_key=one.person, name="", name_index=BARE, created_at=now)
        session.add(found)
        session.flush()
    return found


def _phone(session: Session, index: str | None) -> Phone | None:
    if index is None:
        return None
    found = session.scalars(select(Phone).where(Phone.number_index == index)).first()
    if found is None:
        found = Phone(number="", number_index=index)
        session.add(found)
        session.flush()
    return found


def _upto(known: Sequence[Tombstone]) -> datetime:
    last = next((one for one in reversed(known) if one.mark is Mark.UPTO), None)
    return datetime.fromisoformat(last.at) if last else BEGINNING
