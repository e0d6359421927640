"""Two carriers of texts: one times out for ten minutes in the middle of a campaign, and nobody pays for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.carrier import CarrierBreaker
from models.vocabulary import BreakerState, Channel, ContactState, Role
from outreach_api.channels.carrier import OutgoingText
from outreach_api.channels.routed_texts import RoutedTexts
from outreach_api.delivery.reconcile import reconcile_unknown
from outreach_api.delivery.worker import deliver_due
from outreach_api.settings import Settings
from outreach_api.web.app import create_app
from tests.builders import a_staff_member
from tests.delivery.fakes import FakeCarrier
from tests.delivery.office import MINUTE, Office
from tests.web.conftest import PASSWORD_HASH, FakeHouse, TestClient, sign_in

AWAY_FROM, AWAY_FOR = 5 * MINUTE, 10 * MINUTE
CAMPAIGN_TAKES = 45
TEXTS_A_MINUTE = 4


class Domestic(FakeCarrier):
    """Times out while it is away; half of what it was given then was taken all the same."""

    def __init__(self, now: Any, away: tuple[datetime, datetime]) -> None:
        super().__init__(now, name="alibaba", sender="罗湖民政")
        self.away = away
        self.asked = 0

    def carries(self, message: OutgoingText) -> bool:
        return message.to.startswith("+86")

    def send(self, message: OutgoingText) -> Any:
        self.asked += 1
        if self.away[0] <= self.now() < self.away[1]:
            self.script = ["timeout_after_accept" if self.asked % 2 else "timeout_before_accept"]
        return super().send(message)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(f"sqlite:///{tmp_path}/office.db")


@pytest.fixture
def console(office: Office, tmp_path: Path) -> Iterator[TestClient]:
    """A supervisor's browser."""
    house = FakeHouse(office.sessions, Settings(_env_file=None, home=tmp_path), clock=office.clock)
    with office.sessions.write() as session:
        staff = a_staff_member(session, Role.SUPERVISOR, password_hash=PASSWORD_HASH)
    with TestClient(create_app(house), follow_redirects=False) as client:
        assert sign_in(client, staff) == 303
        yield client


def routed(office: Office, domestic: FakeCarrier) -> RoutedTexts:
    return RoutedTexts(domestic, office.carrier, office.sessions, office.clock.now)  # type: ignore[arg-type]


def test_ten_minutes_without_the_domestic_carrier(office: Office, console: TestClient) -> None:
    began = office.clock.now()
    domestic = Domestic(office.clock.now, (began + AWAY_FROM, began + AWAY_FROM + AWAY_FOR))
    carriers = {Channel.SMS: routed(office, domestic)}
    campaign = office.campaign()
    planned, open_at, by_minute, shown = [], [], [], []
    assert _switches_shown(console) == ""
    for _ in range(CAMPAIGN_TAKES):
        planned += [office.due(campaign_id=campaign) for _ in range(TEXTS_A_MINUTE)]
        before = len(domestic.accepted)
        deliver_due(office.sessions, carriers, office.clock)
        reconcile_unknown(office.sessions, carriers, now=office.clock.now())
        by_minute.append(len(domestic.accepted) - before)
        if _breaker(office) is not BreakerState.CLOSED:
            open_at.append(office.clock.now() - began)
            shown.append(_switches_shown(console))
        office.clock.set(office.clock.now() + MINUTE)

    handed = Counter(each.contact_id for each in [*domestic.accepted, *office.carrier.accepted])
    assert max(handed.values()) == 1, "somebody got two texts"
    states = {number: office.contact(number).state for number in planned}
    unknown = {number for number, state in states.items() if state is ContactState.UNKNOWN}
    assert set(states.values()) == {ContactState.ACCEPTED, ContactState.UNKNOWN}
    assert {number for number, state in states.items() if state is ContactState.ACCEPTED} <= set(handed)
    # Only what the failing carrier was given stays unknown, and it is not taken for unsent by the other's listing.
    assert {office.contact(number).provider for number in unknown} == {"alibaba"}
    assert len(unknown) <= 15
    # The switch is seen within two minutes, the return once it answers again.
    assert AWAY_FROM <= open_at[0] <= AWAY_FROM + 2 * MINUTE
    assert AWAY_FOR - 2 * MINUTE <= open_at[-1] - open_at[0] <= AWAY_FOR + 11 * MINUTE
    # Little by little: a minute after the return it has less than its full share.
    back = int((open_at[-1] + MINUTE) / MINUTE)
    assert sum(by_minute[back : back + 3]) < 3 * TEXTS_A_MINUTE
    assert by_minute[-1] == TEXTS_A_MINUTE
    told = [facts["state"] for facts in office.events() if facts.get("carrier") == "alibaba"]
    assert told[0] == "open"
    assert told[-1] == "closed"
    # What the overview says, while it lasts and afterwards.
    assert set(shown) == {f"alibaba {_clock(began + open_at[0])} 接连出错，停用 · 还没恢复"}
    back_at = _clock(began + open_at[-1] + MINUTE)
    assert _switches_shown(console) == shown[0].replace("还没恢复", f"{back_at} 恢复")
    office.clock.set(office.clock.now() + 25 * 60 * MINUTE)
    assert _switches_shown(console) == ""


def test_a_number_abroad_goes_by_the_other_carrier(office: Office) -> None:
    domestic = Domestic(office.clock.now, (office.clock.now(), office.clock.now()))
    router = routed(office, domestic)
    router.send(OutgoingText(1, "+85251234567", "您好", "offer"))
    router.send(OutgoingText(2, "+8613800000001", "您好", "offer"))
    assert [each.contact_id for each in office.carrier.accepted] == [1]
    assert [each.contact_id for each in domestic.accepted] == [2]


def test_what_was_turned_away_goes_by_the_other_at_once(office: Office) -> None:
    domestic = Domestic(office.clock.now, (office.clock.now(), office.clock.now()))
    domestic.script = ["rate_limited"]
    result = routed(office, domestic).send(OutgoingText(1, "+8613800000001", "您好", "offer"))
    assert result.provider == "twilio"
    assert len(office.carrier.accepted) == 1
    assert domestic.accepted == []


def _breaker(office: Office) -> BreakerState:
    with office.sessions.read() as session:
        row = session.get(CarrierBreaker, "alibaba")
        return row.state if row else BreakerState.CLOSED


def _switches_shown(console: TestClient) -> str:
    """What the overview shows of carriers left and taken up again, as it is read."""
    page = console.get("/")
    assert page.status_code == 200
    section = re.search(r'<h2 id="switches-title">运营商切换</h2>(.*?)</section>', page.text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", section[1])).split()) if section else ""


def _clock(at: datetime) -> str:
    here = at.astimezone(ZoneInfo("Asia/Shanghai"))
    return f"{here.month}月{here.day}日 {here:%H:%M}"
