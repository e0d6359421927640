"""Lives put together step by step: whatever happens in whatever order, the rules that outrank everything hold."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from models.case import Case
from models.contact import Contact, Receipt
from models.conversation import Consent, ContactStop, Message
from models.match import Match
from models.transitions import UnlawfulTransition
from models.vocabulary import CLOSED_MATCH_STATES, PROACTIVE_PURPOSES, Channel, Direction
from outreach_api.cases.home_help import open_home_help
from outreach_api.cases.work_case import CaseTaken, cancel, confirm, reopen, resolve
from outreach_api.conversations.exact_words import Exact, read_exact_word
from outreach_api.conversations.offers import OfferTexts
from outreach_api.delivery.receipts import apply_receipts
from outreach_api.delivery.reconcile import reconcile_unknown
from outreach_api.delivery.worker import deliver_due
from outreach_api.rehearsal.campaigns import open_campaigns
from proof.bugs import broken_by
from proof.history import unlawful_changes, watch_states
from scheduler.planning.planner import plan
from tests.builders import a_database
from tests.conversations.street import ALLOWANCE, CHECK_UP, READINGS, Street
from tests.delivery.fakes import FakeCarrier
from tests.web.conftest import cards

WORDS = (
    *READINGS,
    "同意",
    "收到",
    "1",
    "2",
    "都同意",
    "嗯",
    "👌",
    "退订",
    "恢复",
    "他去世了",
    "打错了",
    "人工",
    "哇啦",
)
AGREEING = {Exact.AGREE, Exact.NUMBER, Exact.ALL, Exact.OWN_WORD}
ZONE = ZoneInfo("Asia/Shanghai")
STEPS = {
    "resolve": lambda session, case, now: resolve(session, case, by="staff:1", now=now),
    "confirm": lambda session, case, now: confirm(session, case, by="staff:1", now=now),
    "reopen": lambda session, case, now: reopen(session, case, by="staff:1", now=now, note="还没解决"),
    "cancel": lambda session, case, now: cancel(session, case, by="staff:1", now=now),
}


class Lives(RuleBasedStateMachine):
    """Two neighbours, one of them behind two items; the real planner, sender, inbox and cases; a carrier with moods."""

    def __init__(self) -> None:
        super().__init__()
        self.street = Street(a_database(), cards())
        self.carrier = FakeCarrier(self.street.clock.now)
        self.people = [
            self.street.a_resident(ALLOWANCE, CHECK_UP, offered=False),
            self.street.a_resident(ALLOWANCE, name="李国强", number="+8613800000002", offered=False),
        ]
        now = self.street.clock.now()
        with self.street.sessions.write() as session:
            open_campaigns(session, self.street.cards.values(), starts_on=now.date(), now=now)
        watch_states(self.street.sessions)
        self.after_stop: list[int] = []

    def teardown(self) -> None:
        self.street.sessions.engine.dispose()

    @rule(who=st.integers(0, 1), words=st.sampled_from(WORDS))
    def write(self, who: int, words: str) -> None:
        self.street.tell(self.people[who], words)

    @rule(minutes=st.sampled_from((10, 60, 300, 1440, 4320)))
    def wait(self, minutes: int) -> None:
        self.street.clock.set(self.street.clock.now() + timedelta(minutes=minutes))

    @rule()
    def plan(self) -> None:
        street = self.street
        plan(
            street.sessions,
            now=street.clock.now(),
            cards=street.cards,
            render=OfferTexts(street.cards),
            open_home_help=open_home_help,
        )

    @rule(moods=st.lists(st.sampled_from(("accept", "timeout_after_accept", "timeout_before_accept", "rate_limited"))))
    def send(self, moods: list[str]) -> None:
        before, stopped = len(self.carrier.accepted), self._stopped_phones()
        self.carrier.script = list(moods)
        deliver_due(self.street.sessions, {Channel.SMS: self.carrier}, self.street.clock)
        contacts = {contact.id: contact for contact in self.street.all(Contact)}
        sent = [contacts[message.contact_id] for message in self.carrier.accepted[before:]]
        self.after_stop += [each.id for each in sent if each.phone_id in stopped and _unasked(each)]

    @precondition(lambda self: self.carrier.accepted)
    @rule(status=st.sampled_from(("sent", "delivered", "undelivered", "failed", "queued")), back=st.integers(1, 3))
    def receipt(self, status: str, back: int) -> None:
        number = max(len(self.carrier.accepted) - back, 0)
        message, now = self.carrier.accepted[number], self.street.clock.now()
        values: dict[str, Any] = {"contact_id": message.contact_id, "status": status, "received_at": now}
        with self.street.sessions.write() as session:
            session.add(Receipt(provider="twilio", provider_ref=f"SM{number + 1:032d}", **values))
        apply_receipts(self.street.sessions, now=now)

    @rule()
    def reconcile(self) -> None:
        reconcile_unknown(self.street.sessions, {Channel.SMS: self.carrier}, now=self.street.clock.now())

    @precondition(lambda self: self.street.cases)
    @rule(step=st.sampled_from(sorted(STEPS)))
    def work_the_newest_case(self, step: str) -> None:
        with self.street.sessions.write() as session:
            case = session.scalars(select(Case).order_by(Case.id.desc())).first()
            try:
                STEPS[step](session, case, self.street.clock.now())
            except (UnlawfulTransition, CaseTaken):
                session.rollback()

    @invariant()
    def every_change_of_state_is_lawful(self) -> None:
        with self.street.sessions.engine.connect() as connection:
            assert unlawful_changes(connection) == []

    @invariant()
    def nothing_unasked_follows_a_stop(self) -> None:
        assert self.after_stop == []

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        assert [one for one, times in Counter(self.carrier.contact_ids()).items() if times > 1] == []

    @invariant()
    def one_unasked_text_a_day_at_most(self) -> None:
        contacts = {contact.id: contact for contact in self.street.all(Contact)}
        sent = [contacts[one] for one in self.carrier.contact_ids() if _unasked(contacts[one])]
        days = Counter((each.phone_id, (each.sent_at or each.due_at).astimezone(ZONE).date()) for each in sent)
        assert max(days.values(), default=0) <= 1

    @invariant()
    def who_agreed_said_so_or_was_asked(self) -> None:
        messages = self.street.all(Message)
        for consent in self.street.all(Consent):
            word = read_exact_word(consent.text)
            if word is None or word.kind not in AGREEING:
                said = next(message for message in messages if message.id == consent.message_id)
                asked = [m for m in messages if m.conversation_id == said.conversation_id and m.id < said.id]
                question = next(m.text for m in reversed(asked) if m.direction is Direction.OUT)
                assert "同意" in question, (consent.text, question)

    @invariant()
    def what_is_closed_has_an_end_and_what_is_open_none(self) -> None:
        for match in self.street.all(Match):
            assert (match.closed_at is not None) is (match.state in CLOSED_MATCH_STATES), match.state

    def _stopped_phones(self) -> set[int | None]:
        stops = [stop for stop in self.street.all(ContactStop) if stop.released_at is None]
        return {stop.phone_id for stop in stops}


def _unasked(contact: Contact) -> bool:
    return contact.purpose in PROACTIVE_PURPOSES


def live(examples: int, steps: int) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Lives,
        settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=quiet),
    )


def test_a_house_that_sends_again_from_unknown_is_seen() -> None:
    with broken_by("resend_from_unknown"):
        lives = Lives()
        lives.plan()
        lives.send(["timeout_after_accept"] * 2)
        lives.wait(60)
        lives.send([])
        with pytest.raises(AssertionError):
            lives.nothing_is_sent_twice()
        lives.teardown()


def test_the_rules_hold_in_whatever_order_things_happen() -> None:
    live(examples=12, steps=20)


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
def test_the_rules_hold_in_many_lives() -> None:
    live(examples=300, steps=50)
