"""A forecast: many courses of one campaign, and between which values nineteen of twenty of them lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from math import ceil, floor

from sqlalchemy.orm import Session

from models.contact import Campaign
from models.report import CampaignForecast
from models.session import Sessions
from models.vocabulary import Channel
from outreach_api.forecasts.assumptions import Assumptions
from outreach_api.forecasts.audience import Audience, read_audience
from outreach_api.forecasts.seen import assumptions_now
from outreach_api.forecasts.simulate import Course, live_through
from scheduler.policies.card import PolicyCard

DAYS = 60
SEEDS = 100
OUTSIDE = 0.025
"""Share of the courses left out at either end."""
Band = tuple[float, float, float]
"""Low, middle, high."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Forecast:
    policy_id: str
    starts_on: date
    days: int
    seeds: int
    matches: int
    assumptions: Assumptions
    expected: Mapping[str, Sequence[Band]]
    """Measure → for each day the band of its value up to the end of that day."""

    def at_the_end(self) -> dict[str, Band]:
        return {measure: bands[-1] for measure, bands in self.expected.items()}


class NobodyToForecast(LookupError):  # noqa: N818
    """No match of this policy is open."""


def _silent(done: int, whole: int) -> None:
    """Progress that nobody watches."""


def forecast(
    sessions: Sessions,
    policy_ids: Sequence[str],
    *,
    now: datetime,
    cards: Mapping[str, PolicyCard],
    channels: Sequence[Channel],
    campaign: Campaign | None = None,
    days: int = DAYS,
    seeds: int = SEEDS,
    progress: Progress = _silent,
) -> list[Forecast]:
    """Live through the coming days so many times; every campaign that runs takes part, `campaign` beside them.

    Raises:
        NobodyToForecast: a policy has no match that could be contacted.
    """
    with sessions.read() as session:
        audience = read_audience(session, now=now, cards=cards, channels=channels, campaign=campaign)
        assumptions = assumptions_now(session, now=now)
    for policy_id in policy_ids:
        if not audience.matches.get(policy_id):
            raise NobodyToForecast(policy_id)
    starts_on = now.astimezone(audience.rules.zone).date()
    takes_replies = [card.id for card in cards.values() if card.reply.accepts]
    courses = []
    for seed in range(seeds):
        courses.append(
            live_through(audience, assumptions, takes_replies=takes_replies, starts_on=starts_on, days=days, seed=seed)
        )
        progress(seed + 1, seeds)
    return [_forecast(policy, courses, audience, assumptions, starts_on) for policy in policy_ids]


def _forecast(
    policy_id: str, courses: Sequence[Course], audience: Audience, assumptions: Assumptions, starts_on: date
) -> Forecast:
    by_measure: dict[str, list[list[float]]] = {}
    for course in courses:
        for measure, values in _measures(course[policy_id], assumptions).items():
            by_measure.setdefault(measure, []).append(values)
    expected = {measure: [band(values) for values in zip(*runs, strict=True)] for measure, runs in by_measure.items()}
    days = len(next(iter(expected.values())))
    whole = round(audience.matches[policy_id] * audience.each_stands_for)
    return Forecast(policy_id, starts_on, days, len(courses), whole, assumptions, expected)


def _measures(daily: Mapping[str, Sequence[float]], assumptions: Assumptions) -> dict[str, list[float]]:
    """What a course comes to by the end of each day."""
    found = {
        name: list(accumulate(daily[name]))
        for name in (
            "contacts",
            "texts",
            "calls",
            "answered",
            "done",
            "home_visits",
            "desk_cases",
            "complaints",
            "surveys",
        )
    }
    texts, calls = assumptions.yuan_a_text, assumptions.yuan_a_call
    found["text_cost"] = [number * texts for number in found["texts"]]
    found["call_cost"] = [number * calls for number in accumulate(daily["answered_calls"])]
    spent = zip(found["text_cost"], found["call_cost"], found["surveys"], strict=True)
    found["cost"] = [texting + calling + asked * texts for texting, calling, asked in spent]
    found["home_visits_a_day"] = [visits / number for number, visits in enumerate(found["home_visits"], start=1)]
    found["busiest_day"] = list(accumulate(daily["home_visits"], max))
    due, late = accumulate(daily["due"]), accumulate(daily["late"])
    found["late_percent"] = [100 * missed / promised if promised else 0.0 for promised, missed in zip(due, late)]  # noqa: B905
    return found


def band(values: Sequence[float]) -> Band:
    """The values between which all but a twentieth lie, and the median."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return (
        ordered[floor(last * OUTSIDE)],
        (ordered[floor(last / 2)] + ordered[ceil(last / 2)]) / 2,
        ordered[ceil(last * (1 - OUTSIDE))],
    )


def keep_forecast(session: Session, made: Forecast, *, by: str, now: datetime) -> CampaignForecast:
    """Put it on record, so that the report can hold it against what came."""
    row = CampaignForecast(
        policy_id=made.policy_id,
        made_at=now,
        made_by=by,
        starts_on=made.starts_on,
        days=made.days,
        seeds=made.seeds,
        matches=made.matches,
        assumptions=made.assumptions.model_dump(mode="json"),
        expected={
            measure: [[round(value, 2) for value in one] for one in bands] for measure, bands in made.expected.items()
        },
    )
    session.add(row)
    session.flush()
    return row
