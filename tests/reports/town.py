"""A made-up town with a month of outreach behind it: every state, channel and gap that a report must count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from sqlalchemy.orm import Session

from models.contact import Contact, ContactMatch, RefusedContact
from models.conversation import Message
from models.event import Setting
from models.match import Application, Match, MatchChange, Snapshot
from models.report_views import renew_views
from models.resident import Preference, Resident
from models.session import Sessions
from models.vocabulary import (
    CLOSED_MATCH_STATES,
    ApplicationChannel,
    ApplicationStatus,
    Author,
    CaseKind,
    CaseReason,
    CaseState,
    Cause,
    Channel,
    ContactPurpose,
    ContactState,
    Direction,
    MatchState,
    Refusal,
    StopReason,
)
from scheduler.planning.stops import StopScope, place_stop
from tests.builders import NOON, a_case, a_conversation, a_database, a_match, a_resident

POLICY = "elderly-allowance"
OTHER = "elderly-health-check"
RESIDENTS = 160
STREETS = {"东门街道": ("湖贝社区", "立新社区"), "桂园街道": ("老围社区",), "": ("",)}
SENT = (ContactState.DELIVERED, ContactState.DELIVERED, ContactState.UNDELIVERED, ContactState.ANSWERED)
UNSENT = (ContactState.PLANNED, ContactState.CANCELLED, ContactState.REJECTED, ContactState.UNKNOWN)
READINGS = (
    {"ranking": [{"intent": "affirm", "confidence": 0.9}, {"intent": "greet", "confidence": 0.05}], "directives": []},
    {
        "ranking": [{"intent": "opt_out", "confidence": 0.4}, {"intent": "complaint", "confidence": 0.35}],
        "directives": [{"do": "clarify", "readings": ["opt_out", "complaint"]}],
    },
    {"ranking": [], "exact": "agree", "directives": []},
    None,
)


def a_town(path: Path, *, seed: int = 1) -> Sessions:
    sessions = a_database(f"sqlite:///{path}")
    with sessions.write() as session:
        renew_views(session.connection())
        _Town(session, Random(seed)).fill()
    return sessions


@dataclass
class _Town:
    session: Session
    dice: Random

    def fill(self) -> None:
        counts = {POLICY: {"eligible": 900, "newly_matched": RESIDENTS}, OTHER: {"eligible": 500, "newly_matched": 40}}
        self.session.add(Snapshot(digest="0" * 64, as_of=NOON.date(), counts=counts, created_at=NOON))
        self.session.add(Setting(name="labour_minutes", value={"visit": 30}, changed_at=NOON, changed_by="staff:1"))
        for number in range(RESIDENTS):
            self._person(number)
        self.session.flush()

    def _person(self, number: int) -> None:
        street = self.dice.choice(list(STREETS))
        born = date(1925 + self.dice.randrange(80), 1 + self.dice.randrange(12), 1 + self.dice.randrange(28))
        resident = a_resident(
            self.session,
            street=street or None,
            community=self.dice.choice(STREETS[street]) or None,
            sex=self.dice.choice(("female", "male")),
            birth_date=None if number % 40 == 0 else born,
        )
        if number % 7 == 0:
            self.session.add(Preference(resident_id=resident.id, name="cantonese", value={}, since=NOON))
        for policy in (POLICY, OTHER) if number % 4 == 0 else (POLICY,):
            self._match(resident, policy)

    def _match(self, resident: Resident, policy: str) -> None:
        state = self.dice.choice(list(MatchState))
        at = NOON + timedelta(days=self.dice.randrange(20), hours=self.dice.randrange(24))
        closed = at if state in CLOSED_MATCH_STATES else None
        match = a_match(self.session, resident, policy_id=policy, state=state, closed_at=closed, state_changed_at=at)
        if self.dice.random() < 0.3:
            self._change(match, MatchState.INTERESTED)
        contacts = self.dice.randrange(3)
        for step in range(contacts):
            self._contact(match, step)
        if not contacts or self.dice.random() < 0.2:
            self._refuse(match)
        if self.dice.random() < 0.4:
            self._talk(resident)
        if self.dice.random() < 0.4:
            self._apply(match)
        if self.dice.random() < 0.4:
            self._case(match)
        if self.dice.random() < 0.05:
            scope = StopScope(resident.id, None)
            place_stop(self.session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)

    def _change(self, match: Match, new: MatchState) -> None:
        change = MatchChange(match_id=match.id, at=NOON, old=MatchState.NEW, new=new, because="inbound:1")
        self.session.add(change)

    def _contact(self, match: Match, step: int) -> None:
        state = self.dice.choice(SENT * 2 + UNSENT)
        at = NOON + timedelta(days=5 * step, hours=self.dice.randrange(6))
        contact = Contact(
            resident_id=match.resident_id,
            phone_id=match.resident.phones[0].phone_id,
            channel=self.dice.choice((Channel.SMS, Channel.SMS, Channel.VOICE)),
            purpose=ContactPurpose.REMINDER if step else ContactPurpose.OFFER,
            ladder_step=step,
            state=state,
            cause=Cause.LANDLINE if state is ContactState.UNDELIVERED else None,
            template_key="offer",
            variables={},
            text="您好",
            created_at=at,
            due_at=at,
            sent_at=at if state in SENT else None,
            provider="twilio",
        )
        self.session.add(contact)
        self.session.flush()
        self.session.add(ContactMatch(contact_id=contact.id, match_id=match.id))

    def _refuse(self, match: Match) -> None:
        for day, reason in enumerate(self.dice.sample(list(Refusal), 2)):
            at = NOON + timedelta(days=day)
            row = RefusedContact(match_id=match.id, resident_id=match.resident_id, reason=reason, on=at.date(), at=at)
            self.session.add(row)

    def _talk(self, resident: Resident) -> None:
        talk = a_conversation(self.session, resident, (Author.ASSISTANT, "您好"))
        at = NOON + timedelta(days=self.dice.randrange(-3, 15))
        self.session.add(
            Message(
                conversation_id=talk.id,
                at=at,
                direction=Direction.IN,
                author=Author.RESIDENT,
                channel=Channel.SMS,
                text="要",
                reading=self.dice.choice(READINGS),
            )
        )

    def _apply(self, match: Match) -> None:
        for _ in range(self.dice.randrange(1, 3)):
            application = Application(
                external_ref=f"A{match.id}-{self.dice.randrange(10**9)}",
                status=self.dice.choice(list(ApplicationStatus)),
                resident_id=match.resident_id,
                policy_id=match.policy_id,
                channel=self.dice.choice(list(ApplicationChannel)),
                occurred_on=NOON.date() + timedelta(days=self.dice.randrange(15)),
                received_at=NOON,
            )
            self.session.add(application)
            self.session.flush()

    def _case(self, match: Match) -> None:
        kind = self.dice.choice((CaseKind.HOME_VISIT, CaseKind.COMPLAINT, CaseKind.POLICY_QUESTION))
        case = a_case(self.session, match, kind=kind, reason=CaseReason.REQUESTED)
        if self.dice.random() < 0.6:
            case.state = CaseState.RESOLVED
            case.accepted_at = NOON
            case.resolved_at = NOON + timedelta(days=self.dice.randrange(6))
