"""The application feed: what the hall, the online service and visiting teams report of people's applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from models.crypto import KeyRing
from models.id_number import IdNumber
from models.vocabulary import ApplicationChannel, ApplicationStatus
from scheduler.matching.applications import ApplicationReport
from scheduler.policies.card import PolicyCard
from scheduler.roster.cleaned import CleanBatch, clean_file
from scheduler.roster.cleaning import Cleaned
from scheduler.roster.faults import RowFault
from scheduler.roster.feed import CREDIT_CODE, RosterFile, feeds, spelling
from scheduler.roster.rejects import Outcome, Reject, RejectList
from scheduler.roster.terms import FeedTerms


def read_applications(
    path: Path,
    keyring: KeyRing,
    cards: Mapping[str, PolicyCard],
    *,
    today: date = date.max,
    terms: FeedTerms | None = None,
) -> tuple[list[ApplicationReport], list[Reject]]:
    """The good rows in the order of the file, and what was rejected (`write_rejects` keeps it).

    A policy is named by its id, its name or its short name; a channel left out is unattributed. Without `today` no date
    counts as future.

    Raises:
        FileRefused: the file cannot be read, lacks a needed column, or goes beyond `terms`.
    """
    file = RosterFile(path, feeds()["applications"], terms=terms)
    policies = {spelling(name): card.id for card in cards.values() for name in _names(card)}
    rejects = RejectList()
    reports: list[ApplicationReport] = []
    for batch in clean_file(file, rejects, today=today):
        for number, row in _rows(batch):
            taken = _report(row, policies, keyring)
            if isinstance(taken, RowFault):
                person = row["id_number"]
                known = person.text if isinstance(person, IdNumber) else None
                cells = (known or "", *(str(value or "") for name, value in row.items() if name != "id_number"))
                rejects.add(Reject(path.name, number, "policy", taken, Outcome.ROW_REJECTED, cells, known))
            else:
                reports.append(taken)
    return reports, rejects.kept


def _rows(batch: CleanBatch) -> Iterator[tuple[int, dict[str, Cleaned]]]:
    absent: list[Cleaned] = [None] * len(batch.numbers)
    names = feeds()["applications"].fields
    columns = zip(*(batch.fields.get(name, absent) for name in names), strict=True)
    for number, values in zip(batch.numbers, columns, strict=True):
        yield number, dict(zip(names, values, strict=True))


def _report(row: Mapping[str, Cleaned], policies: Mapping[str, str], keyring: KeyRing) -> ApplicationReport | RowFault:
    person, code, day = row["id_number"], row[CREDIT_CODE], row["happened_on"]
    policy_id = policies.get(spelling(str(row["policy"])))
    if policy_id is None or not isinstance(day, date):
        return RowFault.POLICY
    if isinstance(person, IdNumber):
        index = keyring.blind_index(person.text, kind="id_number")
    else:
        index = keyring.blind_index(str(code), kind=CREDIT_CODE)
    return ApplicationReport(
        # Without a receipt number, the same person's report on the same policy and day is taken for the same.
        external_ref=str(row["receipt_number"] or f"{policy_id}:{index}:{day}"),
        id_number_index=index,
        policy_id=policy_id,
        status=ApplicationStatus(str(row["status"])),
        channel=ApplicationChannel(str(row["channel"] or ApplicationChannel.UNATTRIBUTED)),
        occurred_on=day,
    )


def _names(card: PolicyCard) -> tuple[str, ...]:
    return card.id, card.name.zh, card.name.en, card.short_name
