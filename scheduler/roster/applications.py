"""The application feed: what the hall, the online service and visiting teams report of people's applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models.crypto import KeyRing
from models.id_number import IdNumber
from models.vocabulary import ApplicationChannel, ApplicationStatus
from scheduler.policies.card import PolicyCard
from scheduler.roster.cleaned import CleanBatch, clean_file
from scheduler.roster.faults import RowFault
from scheduler.roster.feed import RosterFile, feeds, spelling
from scheduler.roster.rejects import Outcome, Reject, Rejects


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """One line of the feed. `row` is its place in the file, `person_key` the blind index of the identity number."""

    row: int
    receipt_number: str | None
    person_key: str
    policy_id: str
    status: ApplicationStatus
    channel: ApplicationChannel
    happened_on: date


def read_applications(
    path: Path, cards: Mapping[str, PolicyCard], keyring: KeyRing, rejects_path: Path, *, today: date
) -> tuple[list[ApplicationRow], int]:
    """The good rows in the order of the file, and how many were rejected into the rejects file.

    A policy is named by its id, its name or its short name; a channel left out is unattributed.

    Raises:
        FileRefused: the file cannot be read, or lacks a needed column.
    """
    file = RosterFile(path, feeds()["applications"])
    policies = {spelling(name): card.id for card in cards.values() for name in _names(card)}
    rows: list[ApplicationRow] = []
    with Rejects(rejects_path, keyring) as rejects:
        for batch in clean_file(file, rejects, today=today):
            _take(batch, path.name, policies, keyring, rejects, rows)
        return rows, rejects.of(path.name, Outcome.ROW_REJECTED)


def _names(card: PolicyCard) -> tuple[str, ...]:
    return card.id, card.name.zh, card.name.en, card.short_name


def _take(
    batch: CleanBatch,
    source: str,
    policies: Mapping[str, str],
    keyring: KeyRing,
    rejects: Rejects,
    rows: list[ApplicationRow],
) -> None:
    absent = [None] * len(batch.numbers)
    columns = [batch.fields.get(name, absent) for name in feeds()["applications"].fields]
    for number, (receipt, person, policy, status, channel, happened_on) in zip(
        batch.numbers, zip(*columns, strict=True), strict=True
    ):
        if not (isinstance(person, IdNumber) and isinstance(happened_on, date)):
            continue  # the sieve has rejected these
        policy_id = policies.get(spelling(str(policy)))
        if policy_id is None:
            cells = (str(policy),)
            rejects.add(Reject(source, number, "policy", RowFault.POLICY, Outcome.ROW_REJECTED, cells, person.text))
            continue
        rows.append(
            ApplicationRow(
                row=number,
                receipt_number=str(receipt) if receipt else None,
                person_key=keyring.blind_index(person.text, kind="id_number"),
                policy_id=policy_id,
                status=ApplicationStatus(str(status)),
                channel=ApplicationChannel(str(channel)) if channel else ApplicationChannel.UNATTRIBUTED,
                happened_on=happened_on,
            )
        )
