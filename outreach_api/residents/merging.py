"""Two records of one person become one: an import brought them twice, or their ID number was corrected.

What hangs on the record that goes hangs on the one that stays; a stop, a quarantine or a refusal on either holds for
both. What was told by either counts as told. The old record keeps who it was, and points at the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import groupby

from sqlalchemy import ColumnElement, Table, UniqueConstraint, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.contact import ContactMatch
from models.conversation import Consent, ContactStop, Conversation
from models.event import AuditEntry, Event
from models.match import Match
from models.resident import Preference, Resident, ResidentPhone
from models.session import lock_residents
from models.tables import metadata
from models.vocabulary import Audience, EventKind, MatchState, Refusal, ResidentStatus, StopReason
from outreach_api.residents.keeping import SHORTEST_REASON
from outreach_api.residents.same_match import in_order
from scheduler.matching.moves import cancel_planned, move_match
from scheduler.planning.stops import cancel_under, standing_stop

# A stop is about messages: who waits for a visit they asked for, or for a result, still gets it.
_GOES_ON_UNDER_A_STOP = frozenset({MatchState.IN_QUEUE, MatchState.AWAITING_RESULT})
_FAR_AWAY = 1_000_000
"""An episode no match has, while they are numbered anew."""
_OWN_WAY = frozenset({"resident", "match", "enterprise"})


class MergeRefused(ValueError):  # noqa: N818
    """These two are not merged; says why."""


@dataclass(frozen=True)
class SecondLook:
    """What a merge would do, and a mark of what it was decided on."""

    moves: dict[str, int]
    """Table → rows that change hands."""
    policies_twice: tuple[str, ...]
    """Policies both are matched to: one match of each stands."""
    seen: str


def look_again(session: Session, stays_id: int, goes_id: int) -> SecondLook:
    """What would be merged, as it is now.

    Raises:
        MergeRefused: these two cannot be.
    """
    _check(session.get(Resident, stays_id), session.get(Resident, goes_id))
    moves = {
        table.name: count
        for table, column in _hangs_on()
        if (count := session.scalar(select(func.count()).select_from(table).where(column == goes_id)) or 0)
    }
    policies = [
        set(session.scalars(select(Match.policy_id).where(Match.resident_id == one))) for one in (stays_id, goes_id)
    ]
    twice = tuple(sorted(policies[0] & policies[1]))
    return SecondLook(moves, twice, _mark(session, stays_id, goes_id, moves))


def merge_residents(
    session: Session, stays_id: int, goes_id: int, *, seen: str, because: str, by: str, now: datetime, zone: tzinfo
) -> Resident:
    """Let one record stand for both, in the caller's transaction and on the record.

    Raises:
        MergeRefused: no reason is given, the two cannot be merged, or one of them changed since it was `seen`.
    """
    because = " ".join(because.split())[:200]
    if len(because) < SHORTEST_REASON:
        raise MergeRefused("say why")
    lock_residents(session, [stays_id, goes_id])
    if look_again(session, stays_id, goes_id).seen != seen:
        raise MergeRefused("one of them changed since you looked; look again")
    stays, goes = session.get_one(Resident, stays_id), session.get_one(Resident, goes_id)
    closed = _one_match_each(session, stays_id, goes_id, today=now.astimezone(zone).date(), now=now)
    moved = {table.name: _move(session, table, column, stays_id, goes_id) for table, column in _hangs_on()}
    # Who stands for both is reached at each of their numbers, and the other at none.
    session.execute(delete(ResidentPhone).where(ResidentPhone.resident_id == goes_id))
    session.execute(delete(Preference).where(Preference.resident_id == goes_id))
    session.execute(update(Resident).where(Resident.merged_into_id == goes_id).values(merged_into_id=stays_id))
    _take_over(stays, goes)
    session.flush()
    session.expire_all()
    _keep_to_stops(session, stays_id, now=now)
    facts = {"stays": stays_id, "goes": goes_id, "closed": closed, "moved": {k: v for k, v in moved.items() if v}}
    subject = f"resident:{stays_id}"
    session.add(AuditEntry(at=now, actor=by, action="resident.merge", subject=subject, purpose=because, facts=facts))
    merged = {"resident": stays_id, "merged": goes_id}
    session.add(Event(at=now, kind=EventKind.RESIDENTS_MERGED, facts=merged))
    session.flush()
    return stays


def _check(stays: Resident | None, goes: Resident | None) -> None:
    if stays is None or goes is None:
        raise MergeRefused("there is no such resident")
    if stays.id == goes.id:
        raise MergeRefused("these are one record already")
    for one in (stays, goes):
        if one.audience is not Audience.PERSON:
            raise MergeRefused("a firm is one by its credit code")
        if one.erased_at is not None:
            raise MergeRefused(f"the record of resident {one.id} was erased at their wish")
        if one.merged_into_id is not None:
            raise MergeRefused(f"resident {one.id} was merged into {one.merged_into_id} already")


def _hangs_on() -> Iterator[tuple[Table, ColumnElement[int]]]:
    """Each table whose rows are somebody's; a new table is among them by itself."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table.name == "resident" and table.name not in _OWN_WAY:
                yield table, key.parent


def _mark(session: Session, stays_id: int, goes_id: int, moves: dict[str, int]) -> str:
    """A digest of all that decides what a merge does."""
    both = (stays_id, goes_id)
    looks = (
        select(Match.id, Match.state, Match.version).where(Match.resident_id.in_(both)).order_by(Match.id),
        select(ContactStop.id, ContactStop.released_at)
        .where(ContactStop.resident_id.in_(both))
        .order_by(ContactStop.id),
        select(Conversation.id, Conversation.version)
        .where(Conversation.resident_id.in_(both))
        .order_by(Conversation.id),
        select(Case.id, Case.version).where(Case.resident_id.in_(both)).order_by(Case.id),
        select(Resident.id, Resident.status, Resident.profiling_refused_at).where(Resident.id.in_(both)),
    )
    rows = [[tuple(row) for row in session.execute(look)] for look in looks]
    return hashlib.sha256(repr((both, sorted(moves.items()), rows)).encode()).hexdigest()[:32]


def _one_match_each(session: Session, stays_id: int, goes_id: int, *, today: date, now: datetime) -> int:
    """Bring the matches together, one standing for each policy; how many open ones closed."""
    query = select(Match).where(Match.resident_id.in_((stays_id, goes_id))).order_by(Match.policy_id, Match.id)
    closed = 0
    for _, group in groupby(session.scalars(query).all(), key=lambda match: match.policy_id):
        *others, stands = in_order(list(group), today=today)
        is_twice = any(other.resident_id != stands.resident_id for other in others)
        for other in others if is_twice else ():
            if other.closed_at is None:
                move_match(session, other, MatchState.RECALLED, because=f"merge:{goes_id}", now=now)
                closed += 1
            _speak_of(session, stands, instead_of=other)
        if is_twice and stands.closed_at is None:
            # What one was told the other need not be told: it is planned anew by what both were told.
            cancel_planned(session, stands, refusal=Refusal.OPEN_CONTACT, now=now)
        _number(session, [*others, stands], stays_id)
    return closed


def _speak_of(session: Session, stands: Match, *, instead_of: Match) -> None:
    """What was said and done about the one was about the other: a "yes" to it, a visit for it, a consent."""
    session.flush()
    said = select(ContactMatch.contact_id).where(ContactMatch.match_id == stands.id)
    theirs = ContactMatch.match_id == instead_of.id
    session.execute(update(ContactMatch).where(theirs, ContactMatch.contact_id.not_in(said)).values(match_id=stands.id))
    for table in (Case, Consent):
        session.execute(update(table).where(table.match_id == instead_of.id).values(match_id=stands.id))


def _number(session: Session, matches: Sequence[Match], resident_id: int) -> None:
    for match in matches:
        match.resident_id, match.episode = resident_id, _FAR_AWAY + match.id
    session.flush()
    for episode, match in enumerate(matches, start=1):
        match.episode = episode
    session.flush()


def _move(session: Session, table: Table, column: ColumnElement[int], stays_id: int, goes_id: int) -> int:
    """Give rows to the record that stays, but for those of which it has the like."""
    twin = table.alias()
    has_twin = [
        exists().where(
            twin.c[str(column.key)] == stays_id,
            and_(*(twin.c[name].is_not_distinct_from(table.c[name]) for name in others)),
        )
        for others in _unique_with(table, str(column.key))
    ]
    values: dict[str, object] = {str(column.key): stays_id}
    if table.name == ResidentPhone.__tablename__:
        most = select(func.coalesce(func.max(ResidentPhone.rank), -1)).where(ResidentPhone.resident_id == stays_id)
        values["rank"] = table.c.rank + (session.scalar(most) or 0) + 1
    if table.name == Conversation.__tablename__:
        # A turn that is being taken meanwhile has read another owner: it is taken again.
        values["version"] = table.c.version + 1
    moved = session.execute(update(table).where(column == goes_id, *(~one for one in has_twin)).values(values))
    return int(moved.rowcount)  # type: ignore[attr-defined]


def _unique_with(table: Table, column: str) -> Iterator[list[str]]:
    for one in table.constraints:
        if isinstance(one, UniqueConstraint) and column in one.columns:
            yield [part.name for part in one.columns if part.name != column]


def _take_over(stays: Resident, goes: Resident) -> None:
    refused = [at for at in (stays.profiling_refused_at, goes.profiling_refused_at) if at]
    stays.profiling_refused_at = min(refused, default=None)
    if goes.status is ResidentStatus.DECEASED:
        stays.status = goes.status
    for column in ("id_number", "id_number_index", "birth_date", "sex", "street", "community", "address", "life_stage"):
        if getattr(stays, column) is None:
            setattr(stays, column, getattr(goes, column))
    stays.focus_groups = list(dict.fromkeys([*stays.focus_groups, *goes.focus_groups]))
    goes.merged_into_id = stays.id


def _keep_to_stops(session: Session, stays_id: int, *, now: datetime) -> None:
    """A stop on either holds for all that is theirs now."""
    standing = select(ContactStop).where(ContactStop.resident_id == stays_id, ContactStop.released_at.is_(None))
    for stop in session.scalars(standing).all():
        cancel_under(session, stop, now=now)
    reason = standing_stop(session, resident_id=stays_id, phone_id=None)
    if reason is None:
        return
    ends = MatchState.DECEASED if reason is StopReason.DECEASED else MatchState.OPTED_OUT
    goes_on = frozenset() if reason is StopReason.DECEASED else _GOES_ON_UNDER_A_STOP
    still_open = select(Match).where(Match.resident_id == stays_id, Match.closed_at.is_(None))
    for match in session.scalars(still_open).all():
        if match.state not in goes_on:
            move_match(session, match, ends, because="merge", now=now)
