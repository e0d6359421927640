"""The first text to a resident says how to hear what their data is used for; the answer is the short notice itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.contact import Contact
from models.notice import NoticeGiven
from models.vocabulary import Channel, ContactState

NOTICE_LINE = "信息怎么用，回“告知”。"
ONE_SEGMENT, OF_SEVERAL = 70, 67
NEVER_ARRIVED = (
    ContactState.CANCELLED,
    ContactState.REJECTED,
    ContactState.UNDELIVERED,
    ContactState.NOT_SENT,
)


def with_notice(text: str) -> str:
    """The text with that line, where it costs no further part; else as it was, for a later text to say."""
    longer = text + NOTICE_LINE
    return longer if _parts(longer) <= max(_parts(text), 2) else text


def told_by(session: Session, channel: Channel, resident_ids: Collection[int]) -> frozenset[int]:
    """Which of them were told on this channel; a text that never arrived told nobody."""
    query = (
        select(NoticeGiven.resident_id)
        .outerjoin(Contact, Contact.id == NoticeGiven.contact_id)
        .where(
            NoticeGiven.resident_id.in_(resident_ids),
            NoticeGiven.channel == channel,
            or_(NoticeGiven.contact_id.is_(None), Contact.state.not_in(NEVER_ARRIVED)),
        )
    )
    return frozenset(session.scalars(query))


def note_text(session: Session, contact: Contact, *, now: datetime) -> None:
    """Keep that a planned text tells of it."""
    if contact.resident_id is not None:
        given = NoticeGiven(resident_id=contact.resident_id, channel=contact.channel, at=now, contact_id=contact.id)
        session.add(given)


def tell_once(session: Session, resident_id: int, channel: Channel, *, now: datetime) -> bool:
    """Whether they are to be told now, as a talk begins; it is kept that they are."""
    if told_by(session, channel, [resident_id]):
        return False
    session.add(NoticeGiven(resident_id=resident_id, channel=channel, at=now, contact_id=None))
    return True


def _parts(text: str) -> int:
    return 1 if len(text) <= ONE_SEGMENT else -(-len(text) // OF_SEVERAL)
