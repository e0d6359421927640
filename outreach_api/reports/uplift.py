"""What contacting did: each phase against those not contacted yet, over the same days, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from outreach_api.reports.counting import Counting
from outreach_api.reports.report import Table

Z95 = 1.959964


@dataclass(frozen=True)
class Step:
    """One phase from its start to the next: how many were contacted or still waited, and how many of each were done."""

    number: int
    treated: int
    treated_done: int
    waiting: int
    waiting_done: int


@dataclass(frozen=True)
class Uplift:
    """A difference of shares with its 95 % interval."""

    estimate: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


def pooled(steps: Sequence[Step]) -> Uplift | None:
    """The difference over all steps, each weighted by what its two groups can tell (Mantel-Haenszel).

    Each share's variance counts one more success and one more failure (Agresti-Caffo): without it, a group in which
    nobody was done would claim to know that nobody ever is. None: no step has two groups.
    """
    usable = [step for step in steps if step.treated and step.waiting]
    if not usable:
        return None
    weights = [step.treated * step.waiting / (step.treated + step.waiting) for step in usable]
    whole = sum(weights)
    estimate = sum(w * _difference(step) for w, step in zip(weights, usable, strict=True)) / whole
    variance = sum(w * w * _variance(step) for w, step in zip(weights, usable, strict=True)) / whole**2
    reach = Z95 * math.sqrt(variance)
    return Uplift(estimate, estimate - reach, estimate + reach)


def _difference(step: Step) -> float:
    return step.treated_done / step.treated - step.waiting_done / step.waiting


def _variance(step: Step) -> float:
    return _spread(step.treated_done, step.treated) + _spread(step.waiting_done, step.waiting)


def _spread(done: int, people: int) -> float:
    share = (done + 1) / (people + 2)
    return share * (1 - share) / (people + 2)


# Who had a part in each step: a row for a match that was open at its start, with the step that is its own by lot (the
# planner's) and whether it was done before the next began.
AT_RISK = """
WITH phase AS (SELECT campaign_id, number, starts_on,
    LEAD(starts_on) OVER (PARTITION BY campaign_id ORDER BY number) AS ends_on,
    COUNT(*) OVER (PARTITION BY campaign_id) AS phases FROM campaign_phase),
  lot AS (SELECT q.match_id, q.policy_id, q.done, q.opened_at, q.closed_at, c.id AS campaign_id,
    CAST('0x' || substr(sha256(c.id || ':' || q.resident_id), 1, 8) AS UBIGINT) AS drawn
    FROM report_match q JOIN campaign c ON c.policy_id = q.policy_id)
SELECT l.match_id, l.policy_id, p.number, CAST(l.drawn % p.phases + 1 AS BIGINT) AS own,
  CASE WHEN l.done = 1 AND l.closed_at < CAST(p.ends_on AS TIMESTAMP) THEN 1 ELSE 0 END AS done
FROM phase p JOIN lot l ON l.campaign_id = p.campaign_id
WHERE p.ends_on IS NOT NULL AND CAST(l.opened_at AS DATE) <= p.starts_on
  AND (l.closed_at IS NULL OR l.closed_at >= CAST(p.starts_on AS TIMESTAMP))"""


def steps_of(counting: Counting) -> list[Step]:
    """The steps of the campaigns counted."""
    rows = counting.rows(f"""
        SELECT number, COUNT(*) FILTER (own = number), COALESCE(SUM(done) FILTER (own = number), 0),
          COUNT(*) FILTER (own > number), COALESCE(SUM(done) FILTER (own > number), 0)
        FROM ({AT_RISK.replace("report_match", "counted")}) GROUP BY 1 ORDER BY 1""")
    return [Step(*(int(cell or 0) for cell in row)) for row in rows]


def uplift_table(counting: Counting) -> Table:
    """One row a step, and the pooled uplift as the last."""
    columns = (
        "phase", "treated", "treated_rate", "waiting_group", "waiting_rate", "uplift", "uplift_low", "uplift_high",
    )  # fmt: skip
    steps = steps_of(counting)
    whole = pooled(steps)
    if whole is None:
        return Table("uplift", columns, ())
    rows = [(str(step.number), *_row(step)) for step in steps if step.treated and step.waiting]
    last = ("all", None, None, None, None, whole.estimate, whole.low, whole.high)
    return Table("uplift", columns, (*rows, last))


def _row(step: Step) -> tuple[float | None, ...]:
    own = pooled([step])
    shares = (step.treated, step.treated_done / step.treated, step.waiting, step.waiting_done / step.waiting)
    return (*shares, own.estimate, own.low, own.high) if own else (*shares, None, None, None)
