from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from models.contact import Campaign
from models.report_views import renew_views
from models.session import Sessions
from models.vocabulary import CampaignState, MatchState
from tests.builders import a_database, a_match, a_phone, a_resident

MORNING = datetime(2026, 9, 1, 0, 30, tzinfo=UTC)
"""Half past eight on Tuesday 1 September 2026, in Shenzhen."""
POLICY = "elderly-allowance"
RESIDENTS = 60
CAP = 10


class AlwaysPushable:
    def is_pushable(self, today: date) -> bool:
        return True

    def closes_on(self, today: date) -> date | None:
        return None


CARDS = {POLICY: AlwaysPushable()}


@pytest.fixture
def street() -> Sessions:
    """Sixty matched residents, four of them behind two phones, and a campaign of ten a day."""
    sessions = a_database()
    with sessions.write() as session:
        renew_views(session.connection())
        session.add(
            Campaign(
                policy_id=POLICY,
                name="高龄津贴",
                state=CampaignState.RUNNING,
                priority=1,
                daily_cap=CAP,
                starts_on=MORNING.date(),
            )
        )
        shared = [a_phone(session) for _ in range(2)]
        for number in range(RESIDENTS):
            resident = a_resident(session, phone=shared[number % 2] if number < 4 else None)
            a_match(session, resident, policy_id=POLICY, state=MatchState.NEW, opened_at=MORNING)
    return sessions
