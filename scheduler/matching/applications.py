"""What outside systems report about applications, and what it does to matches. The channel is theirs, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.match import Application, Match
from models.resident import Resident
from models.session import Sessions
from models.vocabulary import (
    OPEN_MATCH_STATES,
    ApplicationChannel,
    ApplicationStatus,
    MatchState,
)
from scheduler.matching.moves import move_match
from scheduler.policies.card import PolicyCard, PolicyKind

BATCH_ROWS = 500

# An application closes its match by the channel it came through; without one it is closed, but by nobody's merit.
STATE_OF_CHANNEL: Mapping[ApplicationChannel, MatchState] = {
    ApplicationChannel.HALL: MatchState.APPLIED_AT_HALL,
    ApplicationChannel.ONLINE: MatchState.APPLIED_ONLINE,
    ApplicationChannel.REPLY: MatchState.APPLIED_BY_REPLY,
    ApplicationChannel.VISIT: MatchState.APPLIED_BY_VISIT,
    ApplicationChannel.UNATTRIBUTED: MatchState.ALREADY_ENROLLED,
}


@dataclass(frozen=True)
class ApplicationReport:
    """One line of an application feed; `id_number_index` is of the applicant's ID number or firm's credit code."""

    external_ref: str
    id_number_index: str
    policy_id: str
    status: ApplicationStatus
    channel: ApplicationChannel
    occurred_on: date


@dataclass
class ApplicationsTaken:
    accepted: int = 0
    unchanged: int = 0
    not_ours: int = 0
    """Reports about people who were never matched: counted, not kept."""
    settled: int = 0


def take_applications(
    sessions: Sessions,
    reports: Iterable[ApplicationReport],
    cards: Mapping[str, PolicyCard],
    *,
    now: datetime,
) -> ApplicationsTaken:
    """Record reports and settle the matches they speak of. The same report twice changes nothing."""
    taken = ApplicationsTaken()
    for batch in _batches(reports):
        with sessions.write() as session:
            _take_batch(session, batch, cards, taken, now)
    return taken


def _batches(reports: Iterable[ApplicationReport]) -> Iterator[Sequence[ApplicationReport]]:
    remaining = iter(reports)
    while batch := list(islice(remaining, BATCH_ROWS)):
        yield batch


def _take_batch(
    session: Session,
    batch: Sequence[ApplicationReport],
    cards: Mapping[str, PolicyCard],
    taken: ApplicationsTaken,
    now: datetime,
) -> None:
    residents = _residents(session, {report.id_number_index for report in batch})
    known = _known(session, {report.external_ref for report in batch})
    for report in batch:
        resident_id = residents.get(report.id_number_index)
        if resident_id is None or report.policy_id not in cards:
            taken.not_ours += 1
        elif (report.external_ref, report.status) in known:
            taken.unchanged += 1
        else:
            known.add((report.external_ref, report.status))
            taken.accepted += 1
            taken.settled += _take(session, report, resident_id, cards[report.policy_id].kind, now)


def _residents(session: Session, indexes: set[str]) -> dict[str, int]:
    found = session.execute(
        select(Resident.id_number_index, func.coalesce(Resident.merged_into_id, Resident.id)).where(
            Resident.id_number_index.in_(indexes)
        )
    ).all()
    return {index: resident_id for index, resident_id in found if index is not None}


def _known(session: Session, refs: set[str]) -> set[tuple[str, ApplicationStatus]]:
    rows = session.execute(
        select(Application.external_ref, Application.status).where(Application.external_ref.in_(refs))
    ).all()
    return {(ref, status) for ref, status in rows}


def _take(session: Session, report: ApplicationReport, resident_id: int, kind: PolicyKind, now: datetime) -> int:
    application = Application(
        external_ref=report.external_ref,
        status=report.status,
        resident_id=resident_id,
        policy_id=report.policy_id,
        channel=report.channel,
        occurred_on=report.occurred_on,
        received_at=now,
    )
    session.add(application)
    session.flush()
    match = session.scalar(
        select(Match).where(
            Match.resident_id == resident_id,
            Match.policy_id == report.policy_id,
            Match.state.in_(OPEN_MATCH_STATES),
        )
    )
    if match is None:
        return 0
    settled = settled_state(report.status, report.channel, kind)
    if settled is None:
        return 0
    move_match(session, match, settled, because=f"application:{application.id}", now=now)
    return 1


def settled_state(status: ApplicationStatus, channel: ApplicationChannel, kind: PolicyKind) -> MatchState | None:
    """What a report makes of an open match.

    A rejection leaves it as it is, for a person to look at. A service is settled by attendance alone: an appointment
    made for it only waits.
    """
    if status is ApplicationStatus.REJECTED:
        return None
    if status is ApplicationStatus.ATTENDED:
        return MatchState.ATTENDED
    return MatchState.AWAITING_RESULT if kind is PolicyKind.SERVICE else STATE_OF_CHANNEL[channel]
