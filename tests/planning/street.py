"""A small street for the planner: one running campaign, residents with matches, and what the planner calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.contact import Campaign, Contact, ContactMatch, RefusedContact
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions
from models.vocabulary import (
    CampaignState,
    CaseKind,
    CaseReason,
    Channel,
    ContactPurpose,
    ContactState,
    MatchState,
    Refusal,
)
from outreach_api.cases.open_case import open_case
from outreach_api.delivery.outbox import Rendered
from scheduler.planning.planner import PlanReport, plan
from tests.builders import a_database, a_match, a_phone, a_resident

SHENZHEN = ZoneInfo("Asia/Shanghai")
EIGHT = datetime(2026, 9, 1, 8, tzinfo=SHENZHEN)
"""Tuesday; the planner runs before contact hours."""
DAY = timedelta(days=1)
POLICY = "elderly-allowance"
OTHER_POLICY = "elderly-health-check"


@dataclass(frozen=True)
class ACard:
    pushable: bool = True
    closing: date | None = None

    def is_pushable(self, today: date) -> bool:
        return self.pushable

    def closes_on(self, today: date) -> date | None:
        return self.closing


@dataclass
class Rendering:
    """Remembers what it was asked to write."""

    asked: list[dict[str, Any]] = field(default_factory=list)

    def __call__(
        self,
        offers: Any,
        *,
        resident: Resident,
        step: int,
        shared_phone: bool,
        for_family: bool = False,
        for_guardian: bool = False,
        channel: Channel,
        contact_purpose: ContactPurpose,
        from_days: Any = None,
    ) -> Rendered:
        asked = {
            "offers": offers,
            "step": step,
            "shared_phone": shared_phone,
            "for_family": for_family,
            "for_guardian": for_guardian,
            "purpose": contact_purpose,
        }
        self.asked.append({**asked, "from_days": from_days})
        return Rendered("offer", f"您好{resident.name}", {"step": step})


def open_home_help(session: Session, match: Match, reason: CaseReason, now: datetime) -> None:
    open_case(
        session,
        kind=CaseKind.HOME_VISIT,
        reason=reason,
        now=now,
        resident_id=match.resident_id,
        match_id=match.id,
        policy_id=match.policy_id,
    )


class Street:
    def __init__(self, url: str = "sqlite://") -> None:
        self.sessions: Sessions = a_database(url)
        self.rendering = Rendering()
        self.cards = {POLICY: ACard(), OTHER_POLICY: ACard()}
        self.campaign()

    def campaign(self, policy_id: str = POLICY, **values: Any) -> int:
        values = {
            "name": policy_id,
            "state": CampaignState.RUNNING,
            "daily_cap": 100,
            "starts_on": date(2026, 8, 1),
        } | values
        with self.sessions.write() as session:
            campaign = Campaign(policy_id=policy_id, **values)
            session.add(campaign)
            session.flush()
            return campaign.id

    def matched(self, *policies: str, number: str | None = None, **values: Any) -> int:
        """A resident with a match for each policy; the resident's id."""
        with self.sessions.write() as session:
            phone = None
            if number is not None:
                phone = session.scalar(select(Phone).where(Phone.number_index == self.index(number)))
                phone = phone or a_phone(session, number)
            resident = a_resident(session, phone=phone)
            for policy_id in policies or (POLICY,):
                a_match(session, resident, policy_id=policy_id, **({"state": MatchState.NEW} | values))
            return resident.id

    def index(self, number: str) -> str:
        return key_ring().blind_index(number, kind="phone")

    def second_phone(self, resident_id: int) -> int:
        with self.sessions.write() as session:
            phone = a_phone(session)
            session.add(ResidentPhone(resident_id=resident_id, phone_id=phone.id, rank=1, source="community"))
            return phone.id

    def plan(self, now: datetime = EIGHT, **values: Any) -> PlanReport:
        return plan(
            self.sessions,
            now=now,
            cards=self.cards,
            render=self.rendering,
            open_home_help=open_home_help,
            **values,
        )

    def contacts(self) -> list[Contact]:
        with self.sessions.read() as session:
            found = list(session.scalars(select(Contact).order_by(Contact.id)))
            session.expunge_all()
            return found

    def numbered(self, contact: Contact) -> dict[int, str]:
        with self.sessions.read() as session:
            query = (
                select(ContactMatch.number, Match.policy_id)
                .join(Match, Match.id == ContactMatch.match_id)
                .where(ContactMatch.contact_id == contact.id)
            )
            return dict(session.execute(query).all())

    def told_of(self, contact: Contact) -> dict[int, int]:
        """The residents a contact speaks of, by its numbers."""
        with self.sessions.read() as session:
            query = (
                select(ContactMatch.number, Match.resident_id)
                .join(Match, Match.id == ContactMatch.match_id)
                .where(ContactMatch.contact_id == contact.id)
            )
            return dict(session.execute(query).all())

    def settle(self, state: ContactState = ContactState.DELIVERED, **values: Any) -> None:
        """Let every planned contact have gone out at its time."""
        with self.sessions.write() as session:
            for contact in session.scalars(select(Contact).where(Contact.state == ContactState.PLANNED)):
                contact.state = state
                contact.sent_at = contact.due_at
                for name, value in values.items():
                    setattr(contact, name, value)

    def states(self) -> dict[str, MatchState]:
        with self.sessions.read() as session:
            return {m.policy_id: m.state for m in session.scalars(select(Match))}

    def refusals(self) -> list[Refusal]:
        with self.sessions.read() as session:
            return list(session.scalars(select(RefusedContact.reason).order_by(RefusedContact.id)))
