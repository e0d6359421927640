"""One course that a campaign may take, day by day, with the planner's own decisions and the cases' own promises.

The planner's function decides about made-up residents as it does about real ones: cadence, budget, hours, shared
phones and caps are not modelled a second time. What people, carriers and teams do is drawn from the assumptions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random

from models.vocabulary import CaseKind, Cause, Channel, ContactState, MatchState, Refusal
from outreach_api.cases.promises import WorkingHours, due_time
from outreach_api.forecasts.assumptions import Assumptions
from outreach_api.forecasts.audience import Audience
from outreach_api.forecasts.visits import Visits
from scheduler.planning.budget import WEEK, Spent
from scheduler.planning.cadence import Attempt, ContactHistory, Never, NotYet, next_contact
from scheduler.planning.deciding import decide_in_turn
from scheduler.planning.decision import PlannedContact
from scheduler.planning.holidays import DayKind
from scheduler.planning.situation import MatchSituation, ResidentSituation
from scheduler.planning.spending import Spending

MORNING = time(9)
ONE_DAY = timedelta(days=1)
PEOPLE_AT_A_TIME = 50
MEASURES = (
    "contacts", "texts", "calls", "answered_calls", "answered", "done", "home_visits", "desk_cases", "complaints",
    "surveys", "due", "late",
)  # fmt: skip
# What holds for good, as far as a forecast can see.
_FOR_GOOD = frozenset(
    {
        Refusal.OPTED_OUT, Refusal.DECEASED, Refusal.WRONG_NUMBER, Refusal.PROFILING_REFUSED, Refusal.IN_HUMAN_HANDS,
        Refusal.NOT_PUSHABLE, Refusal.NO_PHONE, Refusal.PREFERENCE, Refusal.LADDER_EXHAUSTED,
    }
)  # fmt: skip

Course = Mapping[str, Mapping[str, Sequence[float]]]
"""Policy → measure → how much more of it on each day."""


@dataclass
class _Person:
    situation: ResidentSituation
    kind: str
    silent_phones: frozenset[int]
    noticed: bool = False
    answered: set[int] = field(default_factory=set)


def live_through(
    audience: Audience,
    assumptions: Assumptions,
    *,
    takes_replies: Iterable[str],
    starts_on: date,
    days: int,
    seed: int,
) -> Course:
    """One course: what happened on each day, by policy and measure; the same seed gives the same."""
    run = _Run(audience, assumptions, frozenset(takes_replies), starts_on, days, Random(seed))  # noqa: S311 - no secret
    for number in range(days):
        run.live(number)
    return run.tally


class _Run:
    def __init__(
        self,
        audience: Audience,
        assumptions: Assumptions,
        takes_replies: frozenset[str],
        starts_on: date,
        days: int,
        dice: Random,
    ) -> None:
        self.audience, self.assumptions, self.takes_replies = audience, assumptions, takes_replies
        self.starts_on, self.days, self.dice = starts_on, days, dice
        self.zone = audience.rules.zone
        self.calendar = audience.rules.hours.calendar
        self.hours = WorkingHours(self.zone, is_working_day=self._is_workday)
        self.share: dict[str, dict[str, float]] = {
            name: getattr(assumptions, name).drawn(dice)
            for name in (
                "undelivered", "unnoticed", "people", "writes_before_going", "silent_but_writes", "confirms",
                "needs_desk", "at_the_door", "complains", "answers_survey", "dissatisfied",
            )
        }  # fmt: skip
        self.tally: dict[str, dict[str, list[float]]] = {
            policy: {measure: [0.0] * days for measure in MEASURES} for policy in audience.matches
        }
        self.people = {person.resident_id: self._person(person) for person in audience.people}
        self.order = {resident_id: place for place, resident_id in enumerate(self.people)}
        self.spent = {resident_id: list(spent) for resident_id, spent in audience.spent.items()}
        self.phone_spent: dict[int, list[Spent]] = defaultdict(list)
        self.agenda: dict[int, list[Callable[[], None]]] = defaultdict(list)
        self.look: dict[int, set[int]] = defaultdict(set)
        self.look[0] = set(self.people)
        self.owner = {match.match_id: person.resident_id for person in audience.people for match in person.matches}
        self.visits = Visits(assumptions.visits_per_workday / audience.each_stands_for, audience.backlog)
        self.asked: dict[tuple[int, str], float] = defaultdict(float)
        self.today = 0
        self.filled: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))

    def _person(self, situation: ResidentSituation) -> _Person:
        silent = frozenset(phone.phone_id for phone in situation.phones if self._is("undelivered"))
        return _Person(situation, self._one_of("people"), silent)

    def live(self, number: int) -> None:
        """A day: what people set out to do, the teams' round, what was promised for today, the planner's pass."""
        self.today = number
        day = self._day(number)
        for happens in self.agenda.pop(number, ()):
            happens()
        if self._is_workday(day):
            self._go_round()
        self._hold_to_promises()
        self._plan(datetime.combine(day, MORNING, self.zone).astimezone(UTC))

    # Planning

    def _plan(self, now: datetime) -> None:
        due = sorted(self.look.pop(self.today, ()), key=self.order.__getitem__)
        for start in range(0, len(due), PEOPLE_AT_A_TIME):
            some = [self.people[resident_id] for resident_id in due[start : start + PEOPLE_AT_A_TIME]]
            self._decide([person for person in some if self._is_worth_a_look(person, now)], now)

    def _is_worth_a_look(self, person: _Person, now: datetime) -> bool:
        """Whether something is due; else they are looked at again on the day on which it is."""
        if not person.situation.matches:
            return False
        soonest = None
        for match in person.situation.matches:
            begins = self.audience.begins_on.get((person.situation.resident_id, match.policy_id))
            wait = (begins - self.starts_on).days if begins else 0
            if wait <= self.today:
                history = ContactHistory(match.attempts, self.zone, match.callback_at, match.interested_at)
                answer = next_contact(history, match.cadence or self.audience.rules.cadence, now=now)
                if isinstance(answer, Never):
                    continue
                wait = self._number(answer.until) if isinstance(answer, NotYet) else self.today
                if wait <= self.today and not self._has_room(match.policy_id):
                    wait = self.today + 1
            soonest = wait if soonest is None else min(soonest, wait)
        if soonest is not None and soonest > self.today:
            self._look_again(person, soonest)
        return soonest is not None and soonest <= self.today

    def _decide(self, some: list[_Person], now: datetime) -> None:
        situations = [self._begun(person.situation) for person in some]
        decided = decide_in_turn(situations, self.audience.bench(now), self._spending(situations, now), self._fits)
        looked_after = set()
        for resident_id, contact in decided.contacts:
            looked_after |= self._contact(self.people[resident_id], contact)
        owners = {match.match_id: person for person in some for match in person.situation.matches}
        for help_ in decided.home_help:
            self._open_visit(owners[help_.match.match_id], help_.match)
        lost = {refused.match_id for refused in decided.refused if refused.reason in _FOR_GOOD}
        for person in some:
            resident_id = person.situation.resident_id
            left = tuple(match for match in person.situation.matches if match.match_id not in lost)
            person.situation = replace(person.situation, matches=left)
            if resident_id not in looked_after:
                self._look_again(person, self.today + 1)

    def _begun(self, situation: ResidentSituation) -> ResidentSituation:
        if not self.audience.begins_on:
            return situation
        today, mine = self._day(self.today), situation.resident_id
        begun = tuple(
            match for match in situation.matches if self.audience.begins_on.get((mine, match.policy_id), today) <= today
        )
        return replace(situation, matches=begun)

    def _has_room(self, policy_id: str) -> bool:
        return self.filled[policy_id][self.today] < self.audience.caps.get(policy_id, 0)

    def _fits(self, contact: PlannedContact) -> bool:
        filled = self.filled[contact.matches[0].policy_id]
        day = self._number(contact.due_at)
        if filled[day] >= self.audience.caps.get(contact.matches[0].policy_id, 0):
            return False
        filled[day] += 1
        return True

    def _spending(self, situations: list[ResidentSituation], now: datetime) -> Spending:
        counted = Spending()
        key = 0
        since = now - WEEK
        for person in situations:
            for spent in self.spent.get(person.resident_id, ()):
                if spent.at > since:
                    key += 1
                    counted.by_resident[person.resident_id][key] = spent
            for phone in person.phones:
                if phone.shared and phone.phone_id not in counted.by_phone:
                    for spent in self.phone_spent.get(phone.phone_id, ()):
                        key += 1
                        counted.by_phone[phone.phone_id][key] = spent
        return counted

    def _contact(self, addressee: _Person, contact: PlannedContact) -> set[int]:
        """It goes out; whoever it spoke of may notice it. The residents that it took care of."""
        first = contact.matches[0].policy_id
        spent = Spent(contact.channel, contact.due_at)
        self.phone_spent[contact.phone.phone_id].append(spent)
        arrived = contact.phone.phone_id not in addressee.silent_phones
        self._count(first, "calls" if contact.channel is Channel.VOICE else "texts")
        if contact.channel is Channel.VOICE and arrived:
            self._count(first, "answered_calls")
        spoken_of = {match.match_id for match in contact.matches}
        reached = {}
        for match in contact.matches:
            self._count(match.policy_id, "contacts")
            resident_id = self.owner[match.match_id]
            reached[resident_id] = self.people[resident_id]
        for person in reached.values():
            self.spent.setdefault(person.situation.resident_id, []).append(spent)
            self._keep_attempt(person, spoken_of, contact, arrived=arrived)
            self._look_again(person, self.today + 1)
            if arrived and not person.noticed and not self._is("unnoticed"):
                person.noticed = True
                self._notice(person, spoken_of)
        return set(reached)

    def _keep_attempt(self, person: _Person, spoken_of: set[int], contact: PlannedContact, *, arrived: bool) -> None:
        state = ContactState.DELIVERED if arrived else ContactState.UNDELIVERED
        cause = None if arrived else Cause.UNREACHABLE
        attempt = Attempt(contact.step, contact.phone.phone_id, state, cause, contact.due_at)
        self._replace(
            person,
            lambda match: replace(match, attempts=(*match.attempts, attempt)) if match.match_id in spoken_of else match,
        )

    # People

    def _notice(self, person: _Person, spoken_of: set[int]) -> None:
        kind = person.kind
        if kind in ("goes_to_hall", "goes_online"):
            self._later(self._days("applies_after_days"), lambda: self._apply(person, spoken_of))
            writes = self._is("writes_before_going")
        elif kind == "silent":
            writes = self._is("silent_but_writes")
        else:
            writes = True
        if writes:
            self._later(self._days("answers_after_days"), lambda: self._answer(person, spoken_of))

    def _answer(self, person: _Person, spoken_of: set[int]) -> None:
        mine = [match for match in person.situation.matches if match.match_id in spoken_of]
        for match in mine:
            if match.match_id not in person.answered:
                person.answered.add(match.match_id)
                self._count(match.policy_id, "answered")
        if not mine:
            return
        if self._is("needs_desk"):
            self._count(mine[0].policy_id, "desk_cases")
        if self._is("complains"):
            self._count(mine[0].policy_id, "complaints")
        now = self._now()
        person.situation = replace(person.situation, last_talk_at=now)
        match person.kind:
            case "says_yes":
                self._say_yes(person, mine, now)
            case "wants_visit":
                for one in mine:
                    self._open_visit(person, one)
            case "declines" | "stops":
                self._close(person, {one.match_id for one in mine})
            case _:
                pass

    def _say_yes(self, person: _Person, mine: list[MatchSituation], now: datetime) -> None:
        applied = {one.match_id for one in mine if one.policy_id in self.takes_replies and self._is("confirms")}
        self._done(person, applied)
        wanted = {one.match_id for one in mine} - applied
        self._replace(
            person,
            lambda one: replace(one, state=MatchState.INTERESTED, interested_at=now) if one.match_id in wanted else one,
        )

    def _apply(self, person: _Person, spoken_of: set[int]) -> None:
        self._done(person, {match.match_id for match in person.situation.matches if match.match_id in spoken_of})

    def _open_visit(self, person: _Person, match: MatchSituation) -> None:
        """Who waits for a visit is not contacted any more."""
        self._count(match.policy_id, "home_visits")
        self.visits.ask(match.policy_id, due_time(CaseKind.HOME_VISIT, self._now(), self.hours))
        self._close(person, {match.match_id})

    def _go_round(self) -> None:
        for policy_id in self.visits.go_round(partial(self._one_of, "at_the_door")):
            self._served(policy_id)

    def _hold_to_promises(self) -> None:
        for visit in self.visits.promised_by(self._closing()):
            self._count(visit.policy_id, "due")
            if not visit.settled:
                self._count(visit.policy_id, "late")

    # Small things

    def _done(self, person: _Person, match_ids: set[int]) -> None:
        for match in person.situation.matches:
            if match.match_id in match_ids:
                self._served(match.policy_id)
        self._close(person, match_ids)

    def _served(self, policy_id: str) -> None:
        self._count(policy_id, "done")
        for number, survey in enumerate(self.audience.surveys):
            if policy_id in survey.most:
                self._later(survey.after_days, partial(self._ask, number, policy_id))

    def _ask(self, survey: int, policy_id: str) -> None:
        """How it went, unless as many are asked as the survey takes."""
        if self.asked[survey, policy_id] >= self.audience.surveys[survey].most[policy_id]:
            return
        self.asked[survey, policy_id] += self.audience.each_stands_for
        self._count(policy_id, "surveys")
        if self._is("answers_survey") and self._is("dissatisfied"):
            self._count(policy_id, "complaints")

    def _close(self, person: _Person, match_ids: set[int]) -> None:
        left = tuple(match for match in person.situation.matches if match.match_id not in match_ids)
        person.situation = replace(person.situation, matches=left)

    def _replace(self, person: _Person, change: Callable[[MatchSituation], MatchSituation]) -> None:
        person.situation = replace(person.situation, matches=tuple(change(m) for m in person.situation.matches))

    def _count(self, policy_id: str, measure: str) -> None:
        self.tally[policy_id][measure][self.today] += self.audience.each_stands_for

    def _look_again(self, person: _Person, number: int) -> None:
        if person.situation.matches and number < self.days:
            self.look[max(number, self.today + 1)].add(person.situation.resident_id)

    def _later(self, days: int, happens: Callable[[], None]) -> None:
        if days:
            self.agenda[self.today + days].append(happens)
        else:
            happens()

    def _is(self, name: str) -> bool:
        return self.dice.random() < self.share[name]["yes"]

    def _one_of(self, name: str) -> str:
        shares = self.share[name]
        return self.dice.choices(list(shares), list(shares.values()))[0]

    def _days(self, name: str) -> int:
        return self.dice.randint(*getattr(self.assumptions, name))

    def _day(self, number: int) -> date:
        return self.starts_on + number * ONE_DAY

    def _number(self, instant: datetime) -> int:
        return (instant.astimezone(self.zone).date() - self.starts_on).days

    def _now(self) -> datetime:
        return self._closing() - timedelta(hours=1)

    def _closing(self) -> datetime:
        return datetime.combine(self._day(self.today), self.hours.closes_at, self.zone)

    def _is_workday(self, day: date) -> bool:
        return self.calendar.kind(day) is DayKind.WORKDAY
