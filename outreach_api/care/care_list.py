"""The care list of a street or community: shown masked, handed over in full on the record, followed up."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from models.care import CareEntry
from models.event import AuditEntry
from models.resident import Resident, ResidentPhone
from models.vocabulary import CareFound, CareReason, Role
from outreach_api.privacy.masking import mask_address, mask_name, mask_text
from outreach_api.privacy.reveal import LONGEST_PURPOSE, SHORTEST_PURPOSE
from outreach_api.privacy.undertakings import bulk_fields
from outreach_api.reports.plain_cells import harmless

SENSITIVE = frozenset({CareReason.PREGNANT})
SEE_SENSITIVE = frozenset({Role.SUPERVISOR, Role.AUDITOR})
MOST_SHOWN = 200
HEADINGS = (
    ("编号", "Number"), ("姓名", "Name"), ("街道", "Street"), ("社区", "Community"), ("地址", "Address"),
    ("电话", "Phones"), ("原因", "Reason"), ("反映的话", "In their words"), ("进名单", "On the list since"),
    ("回访结果", "What was found"), ("备注", "Note"),
)  # fmt: skip
"""In Chinese and English."""


class HandOverRefused(ValueError):  # noqa: N818
    """The list is not handed over; says why."""


class NotOnTheList(LookupError):  # noqa: N818
    """There is no entry of that number."""


@dataclass(frozen=True)
class Wanted:
    """Which part of the list: `reasons` is what may be shown at all."""

    street: str | None = None
    community: str | None = None
    reasons: Collection[CareReason] = tuple(CareReason)
    open_only: bool = True


@dataclass(frozen=True)
class OnTheList:
    """One person, or one report about somebody not known yet, as a page may show them."""

    entry_ids: tuple[int, ...]
    name: str
    street: str
    community: str
    address: str
    reasons: tuple[CareReason, ...]
    words: str | None
    opened_at: datetime
    handed_at: datetime | None
    found: CareFound | None
    note: str | None = field(default=None)


def shown_to(role: Role | None) -> tuple[CareReason, ...]:
    """The reasons that somebody of this role is shown at all."""
    return tuple(reason for reason in CareReason if role in SEE_SENSITIVE or reason not in SENSITIVE)


def care_list(session: Session, wanted: Wanted, *, most: int = MOST_SHOWN) -> list[OnTheList]:
    """Who is on it, masked: reports first, then in the order in which they came on it; one line a person."""
    entries = session.scalars(_entries(wanted).limit(most * len(CareReason))).all()
    together: dict[tuple[str, int], list[CareEntry]] = {}
    for entry in entries:
        person = ("person", entry.resident_id) if entry.resident_id is not None else ("report", entry.id)
        together.setdefault(person, []).append(entry)
    return [_masked(lines) for lines in list(together.values())[:most]]


def care_entries(session: Session, wanted: Wanted, *, after: int, most: int) -> list[OnTheList]:
    """Its entries one by one, masked, in the order in which they came: those behind `after`."""
    following = _entries(wanted).order_by(None).order_by(CareEntry.id).where(CareEntry.id > after)
    return [_masked([entry]) for entry in session.scalars(following.limit(most))]


def find_entry(session: Session, entry_id: int) -> OnTheList:
    """One entry, masked.

    Raises:
        NotOnTheList: no such entry.
    """
    entry = session.get(CareEntry, entry_id)
    if entry is None:
        raise NotOnTheList(f"there is no entry {entry_id}")
    return _masked([entry])


def hand_over(session: Session, wanted: Wanted, *, purpose: str, by: str, now: datetime, zh: bool = True) -> str:
    """The list in full as CSV in the reader's language, for whoever looks after these people.

    What is on it counts as handed over.

    More than a few people take an approved application, and then hold its fields alone.

    Raises:
        HandOverRefused: neither street nor community is named, or the purpose says nothing.
        NotUndertaken: so many take an application that stands.
    """
    stated = " ".join(purpose.split())
    if not (wanted.street or wanted.community):
        raise HandOverRefused("name a street or a community: nobody looks after the whole district")
    if not SHORTEST_PURPOSE <= len(stated) <= LONGEST_PURPOSE:
        raise HandOverRefused(f"state the purpose in {SHORTEST_PURPOSE} to {LONGEST_PURPOSE} characters")
    people = joinedload(CareEntry.resident).selectinload(Resident.phones).joinedload(ResidentPhone.phone)
    entries = session.scalars(_entries(wanted).options(people)).all()
    places = [place for place in (wanted.street, wanted.community) if place]
    fields = bulk_fields(session, places, len(entries), by=by, now=now)
    for entry in entries:
        entry.handed_at, entry.handed_by = entry.handed_at or now, entry.handed_by or by
    facts = {"entries": len(entries), "street": wanted.street, "community": wanted.community}
    session.add(AuditEntry(at=now, actor=by, action="care.hand_over", subject="care", purpose=stated, facts=facts))
    return _as_csv(entries, fields, zh=zh)


def follow_up(session: Session, entry_id: int, found: CareFound, *, note: str | None, by: str, now: datetime) -> None:
    """Keep what was found; a person's other open entries are answered by the same visit.

    Raises:
        NotOnTheList: no such entry.
    """
    entry = session.get(CareEntry, entry_id, with_for_update=True)
    if entry is None:
        raise NotOnTheList(f"there is no entry {entry_id}")
    theirs = [entry]
    if entry.resident_id is not None:
        others = select(CareEntry).where(CareEntry.resident_id == entry.resident_id, CareEntry.found.is_(None))
        theirs += [other for other in session.scalars(others) if other is not entry]
    for one in theirs:
        one.found, one.found_at, one.found_by, one.note = found, now, by, note or one.note
    session.flush()


def _entries(wanted: Wanted) -> Select[CareEntry]:
    query = (
        select(CareEntry)
        .options(joinedload(CareEntry.resident).selectinload(Resident.phones))
        .where(CareEntry.reason.in_(wanted.reasons))
        .order_by(CareEntry.reason != CareReason.REPORTED, CareEntry.opened_at, CareEntry.id)
    )
    if wanted.street:
        query = query.where(CareEntry.street == wanted.street)
    if wanted.community:
        query = query.where(CareEntry.community == wanted.community)
    # Whoever was not found is looked for again.
    return (
        query.where(or_(CareEntry.found.is_(None), CareEntry.found == CareFound.NOT_FOUND))
        if wanted.open_only
        else query
    )


def _masked(lines: Sequence[CareEntry]) -> OnTheList:
    first, person = lines[0], lines[0].resident
    names = [person.name] if person else []
    return OnTheList(
        entry_ids=tuple(line.id for line in lines),
        name=mask_name(person.name) if person else "",
        street=first.street or "",
        community=first.community or "",
        address=mask_address(person.address, street=person.street, community=person.community) if person else "",
        reasons=tuple(dict.fromkeys(line.reason for line in lines)),
        words=mask_text(first.words, names=names) if first.words else None,
        opened_at=min(line.opened_at for line in lines),
        handed_at=max((line.handed_at for line in lines if line.handed_at), default=None),
        found=first.found,
        note=mask_text(first.note, names=names) if first.note else None,
    )


REASON_WORDS = {
    CareReason.HIGH_AGE: ("高龄", "Of high age"),
    CareReason.LIVING_ALONE: ("独居", "Living alone"),
    CareReason.PREGNANT: ("孕产", "Pregnant"),
    CareReason.REPORTED: ("有人反映", "Reported"),
}


def _as_csv(entries: Sequence[CareEntry], fields: Collection[str], *, zh: bool) -> str:
    tongue = 0 if zh else 1
    text = io.StringIO(newline="")
    # A byte-order mark, so that spreadsheet programs read it as what it is.
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow([heading[tongue] for heading in HEADINGS])
    for entry in entries:
        person = entry.resident
        cells = (
            str(entry.id),
            person.name if person and "name" in fields else "",
            entry.street or "",
            entry.community or "",
            (person.address or "") if person and "address" in fields else "",
            "、".join(link.phone.number for link in person.phones) if person and "phone" in fields else "",
            REASON_WORDS[entry.reason][tongue],
            (entry.words or "") if "words" in fields else "",
            f"{entry.opened_at:%Y-%m-%d}",
            "",
            (entry.note or "") if "note" in fields else "",
        )
        writer.writerow([harmless(cell) if not cell.startswith("+86") else cell for cell in cells])
    return text.getvalue()
