"""What counts against the contact budget, of residents and of phones, read in one go for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cache

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask, ids
from models.contact import Contact
from models.conversation import Inbound
from models.vocabulary import Channel, ContactState
from scheduler.planning.budget import UNSPENT, WEEK, Spent, is_proactive


class Planned(Enum):
    """Whether contacts that are only planned count: they do for a plan, they don't for the sender."""

    COUNTS = "counts"
    IGNORED = "ignored"


@dataclass
class Spending:
    """Contacts by resident and by phone, keyed by contact so that one that is both counts once."""

    by_resident: dict[int, dict[int, Spent]] = field(default_factory=lambda: defaultdict(dict))
    by_phone: dict[int, dict[int, Spent]] = field(default_factory=lambda: defaultdict(dict))

    def of(self, *, resident_id: int | None, phone_id: int, but_for: int | None = None) -> list[Spent]:
        own = self.by_resident.get(resident_id, {}) if resident_id is not None else {}
        together = own | self.by_phone.get(phone_id, {})
        return [spent for contact_id, spent in together.items() if contact_id != but_for]

    def add(self, contact_id: int, spent: Spent, *, resident_id: int | None, phone_id: int) -> None:
        if resident_id is not None:
            self.by_resident[resident_id][contact_id] = spent
        self.by_phone[phone_id][contact_id] = spent

    def add_all(self, others: Spending) -> None:
        """Add what was read for others; who is in both has the same there."""
        for own, read in ((self.by_resident, others.by_resident), (self.by_phone, others.by_phone)):
            for owner, contacts in read.items():
                own[owner].update(contacts)


def spending(
    session: Session, resident_ids: Collection[int], phone_ids: Collection[int], *, now: datetime, planned: Planned
) -> Spending:
    """The contacts of the last week, and with `planned` those to come, that count for these residents and phones."""
    unspent = UNSPENT if planned is Planned.COUNTS else UNSPENT | {ContactState.PLANNED}
    rows = ask(session, _counted(), residents=resident_ids, phones=phone_ids, unspent=unspent, since=now - WEEK)
    found = Spending()
    for contact_id, resident_id, phone_id, channel, purpose, sent_at, due_at, answers in rows:
        at = sent_at or due_at
        if is_proactive(purpose, at=at, answers=answers):
            found.add(contact_id, Spent(Channel(channel), at, purpose), resident_id=resident_id, phone_id=phone_id)
    return found


@cache
def _counted() -> AnyColumns:
    columns = (Contact.id, Contact.resident_id, Contact.phone_id, Contact.channel, Contact.purpose)
    times = (Contact.sent_at, Contact.due_at, Inbound.received_at)
    # A contact may be sent long after it was planned: the window is on what happened last to it.
    since = bindparam("since", type_=Contact.due_at.type)
    return (
        select(*columns, *times)
        .outerjoin(Inbound, Inbound.id == Contact.inbound_id)
        .where(
            or_(Contact.resident_id.in_(ids("residents")), Contact.phone_id.in_(ids("phones"))),
            Contact.state.not_in(ids("unspent")),
            or_(Contact.sent_at > since, (Contact.sent_at.is_(None)) & (Contact.due_at > since)),
        )
    )
