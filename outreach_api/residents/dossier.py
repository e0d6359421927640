"""Everything about one resident, gathered for one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.case import Case
from models.conversation import Consent, ContactStop, Conversation
from models.match import Match
from models.resident import Preference, Resident, ResidentPhone

MOST_OF_A_KIND = 50


@dataclass(frozen=True)
class Dossier:
    """Newest first; of cases and conversations the last fifty."""

    resident: Resident
    phones: Sequence[ResidentPhone]
    matches: Sequence[Match]
    cases: Sequence[Case]
    conversations: Sequence[Conversation]
    stops: Sequence[ContactStop]
    consents: Sequence[Consent]
    preferences: Sequence[Preference]


def dossier(session: Session, resident: Resident) -> Dossier:
    phones = list(resident.phones)
    phone_ids = [link.phone_id for link in phones]
    mine = resident.id
    covers = or_(ContactStop.resident_id == mine, ContactStop.phone_id.in_(phone_ids))
    talks = select(Conversation).where(Conversation.resident_id == mine).order_by(Conversation.id.desc())
    cases = select(Case).where(Case.resident_id == mine).order_by(Case.id.desc())
    return Dossier(
        resident=resident,
        phones=phones,
        matches=session.scalars(select(Match).where(Match.resident_id == mine).order_by(Match.id.desc())).all(),
        cases=session.scalars(cases.limit(MOST_OF_A_KIND)).all(),
        conversations=session.scalars(talks.limit(MOST_OF_A_KIND)).all(),
        stops=session.scalars(select(ContactStop).where(covers).order_by(ContactStop.id.desc())).all(),
        consents=session.scalars(select(Consent).where(Consent.resident_id == mine).order_by(Consent.id.desc())).all(),
        preferences=session.scalars(select(Preference).where(Preference.resident_id == mine)).all(),
    )
