"""Looking ahead: who will be eligible soon, and who has a date coming with a benefit they have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from models.match import Match
from models.reminder import Reminder
from models.resident import Resident
from models.session import Sessions
from models.vocabulary import MatchState, ReminderOccasion
from scheduler.matching.ahead import AheadReport, look_ahead
from scheduler.matching.explain import explain_match
from scheduler.matching.run import run_matching
from scheduler.policies.card import Deadlines, PolicyCard
from tests.matching.conftest import AS_OF, FANG, MEI, Person, Street

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
SOON = Person("何秀英", date(1956, 4, 20), 11)
"""70 on 20 April: within two months of 2 March."""
LATER = Person("罗玉梅", date(1956, 6, 1), 12)
EIGHTY = Person("吴桂珍", date(1946, 3, 10), 13)
Cards = dict[str, PolicyCard]


def ahead(
    street: Street,
    sessions: Sessions,
    cards: Cards,
    people: Iterable[Person],
    *,
    enrolled: Iterable[Person] = (),
    as_of: date = AS_OF,
) -> AheadReport:
    population = street.population(people, enrolled=[FANG, *enrolled], as_of=as_of)
    try:
        return look_ahead(sessions, population, cards, now=NOW + (as_of - AS_OF))
    finally:
        population.close()


def match_on(street: Street, sessions: Sessions, cards: Cards, people: Iterable[Person], day: date) -> None:
    population = street.population(people, enrolled=[FANG], as_of=day)
    run_matching(sessions, population, cards, now=NOW + (day - AS_OF))
    population.close()


def test_who_turns_70_within_two_months_is_matched_with_the_day(
    street: Street, sessions: Sessions, cards: Cards
) -> None:
    report = ahead(street, sessions, cards, [MEI, SOON, LATER])
    with sessions.read() as session:
        found = {m.resident.name: m.eligible_from for m in session.scalars(select(Match))}
        assert found[SOON.name] == date(2026, 4, 20)
        assert LATER.name not in found
        match = next(m for m in session.scalars(select(Match)) if m.resident.name == SOON.name)
        lines = list(explain_match(session, match))
    assert report.matched == {"elderly-allowance": len(found)}
    assert "结果一致" in lines[-1]


def test_the_regular_pass_neither_closes_nor_repeats_a_match_made_ahead(
    street: Street, sessions: Sessions, cards: Cards
) -> None:
    match_on(street, sessions, cards, [MEI, SOON], AS_OF)
    ahead(street, sessions, cards, [MEI, SOON])
    for day in (date(2026, 3, 20), date(2026, 4, 21)):
        match_on(street, sessions, cards, [MEI, SOON], day)
        assert ahead(street, sessions, cards, [MEI, SOON], as_of=day).matched.total() == 0
    with sessions.read() as session:
        assert [m.state for m in session.scalars(select(Match))] == [MatchState.NEW] * 2


def reminders(sessions: Sessions) -> list[tuple[str, ReminderOccasion, date, date]]:
    with sessions.read() as session:
        rows = session.execute(
            select(Resident.name, Reminder.occasion, Reminder.on, Reminder.until)
            .join(Resident, Resident.id == Reminder.resident_id)
            .order_by(Reminder.id)
        )
        return [(name, occasion, on, until) for name, occasion, on, until in rows]


def test_who_has_the_allowance_is_told_of_may_and_of_a_new_amount_once(
    street: Street, sessions: Sessions, cards: Cards
) -> None:
    people = [MEI, FANG, EIGHTY]
    assert ahead(street, sessions, cards, people, enrolled=[EIGHTY]).reminders == {"new_amount": 1}
    assert ahead(street, sessions, cards, people, enrolled=[EIGHTY]).reminders == {}
    april = date(2026, 4, 20)
    assert ahead(street, sessions, cards, people, enrolled=[EIGHTY], as_of=april).reminders == {"renewal": 2}
    birthday, may = date(2026, 3, 10), (date(2026, 5, 1), date(2026, 5, 31))
    found = reminders(sessions)
    assert found[0] == (EIGHTY.name, ReminderOccasion.NEW_AMOUNT, birthday, birthday + timedelta(days=14))
    assert {row[0] for row in found[1:]} == {FANG.name, EIGHTY.name}
    assert {row[1:] for row in found[1:]} == {(ReminderOccasion.RENEWAL, *may)}


def test_what_waits_for_an_item_whose_window_closed_expires_and_comes_back(
    street: Street, sessions: Sessions, allowance: PolicyCard
) -> None:
    stretches = [{"from": "03-01", "to": "03-31"}, {"from": "06-01", "to": "06-30"}]
    windows = Deadlines.model_validate({"windows": stretches})
    cards = {allowance.id: allowance.model_copy(update={"deadlines": windows})}
    match_on(street, sessions, cards, [MEI], AS_OF)
    assert ahead(street, sessions, cards, [MEI], as_of=date(2026, 3, 31)).expired == 0
    assert ahead(street, sessions, cards, [MEI], as_of=date(2026, 4, 1)).expired == 1
    match_on(street, sessions, cards, [MEI], date(2026, 6, 1))
    with sessions.read() as session:
        states = list(session.scalars(select(Match.state).order_by(Match.episode)))
    assert states == [MatchState.EXPIRED, MatchState.NEW]
