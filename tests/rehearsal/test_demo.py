"""The whole house on one clock: what a seed fixes, what faults may not break, and that a missing guard is noticed."""

from __future__ import annotations

import pytest

from outreach_api.rehearsal.demo import DemoResult
from outreach_api.rehearsal.figures import BREACH_KINDS
from sandbox.street.firms import MISSED
from tests.rehearsal.conftest import Rehearse

pytestmark = pytest.mark.rasa
UNCOUNTED = {"steps"}


def figures(result: DemoResult) -> dict[str, object]:
    return {name: value for name, value in result.figures.items() if name not in UNCOUNTED}


@pytest.fixture(scope="module")
def plain(rehearse: Rehearse) -> DemoResult:
    return rehearse()


def test_every_match_is_accounted_for_and_no_rule_is_broken(plain: DemoResult) -> None:
    for policy, found in plain.figures["newly_matched"].items():
        assert sum(plain.figures["match_states"][policy].values()) == found
    assert sum(plain.figures["newly_matched"].values()) > 0
    assert plain.figures["newly_matched"]["startup-subsidy"] == MISSED
    assert all(plain.figures["ledger"].values())
    assert set(plain.figures["contacts"]) == {"sms", "voice", "chat"}
    assert not plain.breached


def test_one_seed_gives_one_ledger(plain: DemoResult, rehearse: Rehearse) -> None:
    again = rehearse()
    assert again.ledger_hash == plain.ledger_hash
    assert figures(again) == figures(plain)


def test_a_carrier_with_bad_days_breaks_no_rule_and_loses_nobody(plain: DemoResult, rehearse: Rehearse) -> None:
    faulty = rehearse(faults=True)
    assert faulty.ledger_hash != plain.ledger_hash
    assert not faulty.breached


@pytest.mark.exhaustive
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("guard", BREACH_KINDS)
def test_a_guard_switched_off_is_noticed(guard: str, rehearse: Rehearse) -> None:
    # The ladder's own waits keep most people within their budget: only a whole street over sixty days runs into it.
    size = {"residents": 200_000, "days": 60} if guard == "budget" else {"residents": 6000, "days": 10}
    broken = rehearse(broken_guard=guard, **size)
    assert broken.figures["rule_breaches"][guard] > 0
    assert broken.breached
