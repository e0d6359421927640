"""Routing: which station, which team, which day; and that a supervisor's word goes over it, with a reason."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Appointment, Building, Case, Station, Team
from models.resident import Preference
from models.session import Sessions
from models.vocabulary import AppointmentState, CaseKind, CaseState, DayPart, Dialect, TeamSkill, VisitOutcome
from outreach_api.cases.appointments import wish_for
from outreach_api.cases.bookings import BOOKABLE_WORKING_DAYS
from outreach_api.cases.places import AddressBook, Door, Point, metres
from outreach_api.cases.route_by_hand import ReasonMissing, SlotTaken, Wanted, send_team
from outreach_api.cases.route_cases import route_waiting
from outreach_api.cases.routing import Ground, Need, Slot, TeamAtWork, Wish, station_for, team_for
from outreach_api.cases.take_places import PlacesRefused, read_places, take_places
from outreach_api.cases.visits import record_visit
from outreach_api.cases.work_case import Assignee, CaseTaken, HandsFull, accept, standing_appointment
from tests.builders import NOON, a_case, a_match, a_resident, a_staff_member, a_team

TOMORROW = date(2026, 9, 2)
DAY = timedelta(days=1)
LAKE = Point(22.5571, 114.1302)


def north_of(point: Point, by_metres: float) -> Point:
    return Point(point.lat + by_metres / 111_195, point.lon)


def a_station(
    number: int, *, point: Point | None = None, community: str | None = None, street: str = "东门街道"
) -> Station:
    lat, lon = (point.lat, point.lon) if point else (None, None)
    return Station(id=number, name=f"站{number}", street=street, community=community, lat=lat, lon=lon)


def a_team_at_work(
    number: int,
    *,
    station: int | None = 1,
    free: date | None = TOMORROW,
    filled: float = 0.0,
    skills: frozenset[str] = frozenset(),
    dialects: frozenset[str] = frozenset(),
) -> TeamAtWork:
    slot = Slot(free, DayPart.MORNING) if free else None
    return TeamAtWork(number, station, skills, dialects, slot, filled)


def test_the_circle_goes_before_the_community_and_that_before_the_street() -> None:
    near = a_station(1, point=north_of(LAKE, 400), community="别的社区")
    nearer = a_station(2, point=north_of(LAKE, 300), community="别的社区")
    own = a_station(3, point=north_of(LAKE, 800), community="湖贝社区")
    street = a_station(4, street="东门街道")
    door = Door(LAKE, "湖贝社区", "东门街道")
    assert station_for(door, [street, own, near, nearer]) == (nearer, Ground.CIRCLE)
    assert station_for(door, [street, own]) == (own, Ground.COMMUNITY)
    assert station_for(Door(None, "无名社区", "东门街道"), [own, street]) == (own, Ground.STREET)
    assert station_for(Door(None, None, "别的街道"), [own, street]) is None


@given(st.floats(0, 5000), st.floats(22.0, 23.0))
def test_distance_is_that_of_the_map_both_ways(by: float, lat: float) -> None:
    here = Point(lat, 114.1)
    there = north_of(here, by)
    assert metres(here, there) == pytest.approx(by, rel=0.01, abs=0.1)
    assert metres(here, there) == metres(there, here)


def test_who_goes_can_do_it_is_near_and_speaks_the_dialect() -> None:
    need = Need(frozenset({TeamSkill.HEALTH}), frozenset({Dialect.CANTONESE}))
    plain = a_team_at_work(1)
    cannot = a_team_at_work(2, skills=frozenset({"disability"}), dialects=frozenset({"cantonese"}))
    elsewhere = a_team_at_work(3, station=2, dialects=frozenset({"cantonese"}))
    speaks = a_team_at_work(4, free=TOMORROW + DAY, dialects=frozenset({"cantonese"}))
    full = a_team_at_work(5, free=None, dialects=frozenset({"cantonese"}))
    assert team_for(need, 1, [plain, cannot, elsewhere, speaks, full]) is speaks
    assert team_for(need, 1, [plain, cannot, elsewhere]) is plain
    assert team_for(need, 1, [cannot, elsewhere]) is elsewhere
    assert team_for(need, 1, [cannot, full]) is None


def test_among_equals_the_sooner_then_the_less_filled_goes() -> None:
    late, busy, idle = a_team_at_work(1, free=TOMORROW + DAY), a_team_at_work(2, filled=0.5), a_team_at_work(3)
    assert team_for(Need(), 1, [late, busy, idle]) is idle
    assert team_for(Need(), 1, [late, busy]) is busy


def test_an_address_is_found_by_its_longest_beginning() -> None:
    addresses = ("罗湖区湖贝路1号", "罗湖区湖贝路12号", "罗湖区湖贝路12号翠景阁2栋")
    one, twelve, tower = (Point(22.5 + n / 100, 114.1) for n in range(3))
    book = AddressBook(
        Building(address=address, street="东门街道", lat=point.lat, lon=point.lon)
        for address, point in zip(addresses, (one, twelve, tower), strict=True)
    )
    assert book.point("罗湖区湖贝路１２号 翠景阁2栋1203室") == tower
    assert book.point("罗湖区湖贝路12号5楼") == twelve
    assert book.point("罗湖区湖贝路1号") == one
    assert book.point("罗湖区湖贝路3号") is None
    assert book.point(None) is None


@pytest.fixture
def street(sessions: Sessions) -> Sessions:
    """One station with two teams of two visits a day."""
    with sessions.write() as session:
        session.add(a_station(1, community="湖贝社区"))
        for code in ("T01", "T02"):
            team = a_team(session, code)
            team.station_id, team.visits_per_day = 1, 2
    return sessions


def home_visits(sessions: Sessions, number: int) -> list[int]:
    with sessions.write() as session:
        return [a_case(session, a_match(session)).id for _ in range(number)]


def standing(session: Session) -> list[Appointment]:
    query = select(Appointment).where(Appointment.state == AppointmentState.STANDING)
    return list(session.scalars(query.order_by(Appointment.on, Appointment.team_id)))


@pytest.mark.engines
def test_what_waits_is_appointed_as_far_as_the_teams_can_keep_it(street: Sessions) -> None:
    bookable = 2 * 2 * BOOKABLE_WORKING_DAYS
    home_visits(street, bookable + 3)
    routed = route_waiting(street, {}, now=NOON)
    assert (routed.appointed, routed.waiting) == (bookable, 3)
    with street.read() as session:
        made = standing(session)
        taken = {(a.team_id, a.on, a.part) for a in made}
        assert len(taken) == len(made) == bookable
        assert {a.on for a in made} == {TOMORROW + n * DAY for n in range(14) if (TOMORROW + n * DAY).weekday() < 5}
        kept = session.scalars(select(Case).where(Case.kept_at == NOON)).all()
        assert {case.state for case in kept} == {CaseState.ACCEPTED}
        assert len(kept) == bookable
    assert route_waiting(street, {}, now=NOON).appointed == 0


def test_work_is_shared_evenly(street: Sessions) -> None:
    home_visits(street, 8)
    route_waiting(street, {}, now=NOON)
    with street.read() as session:
        shares = [sum(a.team_id == team.id for a in standing(session)) for team in session.scalars(select(Team))]
    assert shares == [4, 4]


def test_two_benefits_of_one_person_are_one_door(street: Sessions) -> None:
    with street.write() as session:
        resident = a_resident(session)
        for policy in ("elderly-allowance", "elderly-health-check"):
            a_case(session, a_match(session, resident, policy_id=policy))
    route_waiting(street, {}, now=NOON)
    with street.read() as session:
        one, other = standing(session)
        assert (one.team_id, one.on, one.part) == (other.team_id, other.on, other.part)


def test_who_speaks_the_dialect_is_sent(street: Sessions) -> None:
    with street.write() as session:
        resident = a_resident(session)
        session.add(Preference(resident_id=resident.id, name="cantonese", value={}, since=NOON))
        case_id = a_case(session, a_match(session, resident)).id
        speaks = session.scalars(select(Team).where(Team.code == "T02")).one()
        speaks.dialects = ["cantonese"]
    route_waiting(street, {}, now=NOON)
    with street.read() as session:
        assert session.get_one(Case, case_id).team_id == speaks.id


def test_the_time_that_suits_the_resident_steers_the_appointment(street: Sessions) -> None:
    first, second, third = home_visits(street, 3)
    thursday = Wish(at(3, 14), at(3, 18))
    # Today is too late to be told; of another day it is the afternoon again.
    this_afternoon = Wish(at(1, 14), at(1, 18))
    with street.write() as session:
        for case_id, wish in ((first, thursday), (second, this_afternoon)):
            wish_for(session, session.get_one(Case, case_id), wish, by="resident", now=NOON)
    route_waiting(street, {}, now=NOON)
    with street.read() as session:
        made = {a.case_id: (a.on.day, a.part) for a in standing(session)}
    assert made == {
        first: (3, DayPart.AFTERNOON),
        second: (2, DayPart.AFTERNOON),
        third: (2, DayPart.MORNING),
    }


def test_a_wish_said_after_the_appointment_makes_it_anew(street: Sessions) -> None:
    (case_id,) = home_visits(street, 1)
    route_waiting(street, {}, now=NOON)
    with street.write() as session:
        wish_for(session, session.get_one(Case, case_id), Wish(at(2, 9), at(2, 11)), by="resident", now=NOON)
        assert session.get_one(Case, case_id).state is CaseState.ACCEPTED
        wish_for(session, session.get_one(Case, case_id), Wish(at(4, 14), at(4, 18)), by="resident", now=NOON)
    route_waiting(street, {}, now=NOON)
    with street.read() as session:
        (anew,) = standing(session)
        assert (anew.on.day, anew.part) == (4, DayPart.AFTERNOON)
        assert session.get_one(Case, case_id).kept_at == NOON


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 9, day, hour, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_a_day_that_went_by_is_missed_and_appointed_anew(street: Sessions) -> None:
    (case_id,) = home_visits(street, 1)
    route_waiting(street, {}, now=NOON)
    routed = route_waiting(street, {}, now=NOON + 3 * DAY)
    assert (routed.missed, routed.appointed) == (1, 1)
    with street.read() as session:
        states = [a.state for a in session.get_one(Case, case_id).appointments]
        assert states == [AppointmentState.MISSED, AppointmentState.STANDING]


def test_nobody_home_gets_another_day_and_so_does_what_was_to_be_done_beside(street: Sessions) -> None:
    with street.write() as session:
        resident = a_resident(session)
        for policy in ("elderly-allowance", "elderly-health-check"):
            a_case(session, a_match(session, resident, policy_id=policy))
    route_waiting(street, {}, now=NOON)
    with street.write() as session:
        case = session.scalars(select(Case).order_by(Case.id)).first()
        assert case
        team = session.get_one(Team, case.team_id)
        record_visit(session, case, "c1" * 8, team, TOMORROW, VisitOutcome.NOT_HOME, None, None, NOON + DAY)
    assert route_waiting(street, {}, now=NOON + DAY).appointed == 2
    with street.read() as session:
        assert {a.on for a in standing(session)} == {TOMORROW + DAY}


def test_a_visit_that_settles_everything_leaves_no_case_behind(street: Sessions) -> None:
    with street.write() as session:
        resident = a_resident(session)
        matches = [a_match(session, resident, policy_id=p) for p in ("elderly-allowance", "elderly-health-check")]
        cases = [a_case(session, match) for match in matches]
    route_waiting(street, {}, now=NOON)
    with street.write() as session:
        case = session.get_one(Case, cases[0].id)
        for number, match in enumerate(matches):
            record_visit(
                session,
                case,
                f"client{number}",
                None,
                TOMORROW,
                VisitOutcome.APPLIED,
                match.policy_id,
                None,
                NOON + DAY,
            )
    with street.read() as session:
        assert {one.state for one in session.scalars(select(Case))} == {CaseState.RESOLVED}
        assert standing(session) == []


@pytest.mark.engines
def test_of_two_supervisors_who_send_a_team_in_the_same_second_one_is_told(street: Sessions) -> None:
    (case_id,) = home_visits(street, 1)
    with street.read() as session:
        version = session.get_one(Case, case_id).version
        teams = list(session.scalars(select(Team.id)))
    start = threading.Barrier(2)
    answers: list[str] = []

    def send(team_id: int) -> None:
        start.wait()
        try:
            with street.write() as session:
                send_team(
                    session,
                    case_id,
                    Wanted(team_id),
                    why="老人只认得她们",
                    seen_version=version,
                    by="staff:1",
                    now=NOON,
                )
        except CaseTaken:
            answers.append("told")
        else:
            answers.append("got it")

    threads = [threading.Thread(target=send, args=(team_id,)) for team_id in teams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["got it", "told"]
    with street.read() as session:
        assert len(standing(session)) == 1


def test_an_override_needs_a_reason_and_a_free_half_day(street: Sessions) -> None:
    first, second = home_visits(street, 2)
    with street.write() as session:
        team_id = session.scalars(select(Team.id)).first() or 0
        wanted = Wanted(team_id, TOMORROW, DayPart.MORNING)
        version = session.get_one(Case, first).version
        with pytest.raises(ReasonMissing):
            send_team(session, first, wanted, why=" ", seen_version=version, by="staff:1", now=NOON)
        send_team(session, first, wanted, why="离得近", seen_version=version, by="staff:1", now=NOON)
        again: dict[str, Any] = {
            "why": "也近",
            "seen_version": session.get_one(Case, second).version,
            "by": "staff:1",
            "now": NOON,
        }
        with pytest.raises(SlotTaken):
            send_team(session, second, wanted, **again)
        with pytest.raises(SlotTaken):
            send_team(session, second, Wanted(team_id, NOON.date()), **again)
        kept = standing_appointment(session.get_one(Case, first))
        assert kept is not None
        assert (kept.on, kept.part) == (TOMORROW, DayPart.MORNING)


def test_who_has_their_hands_full_takes_no_more(session: Session) -> None:
    staff = a_staff_member(session, most_cases=1)
    one, other = (a_case(session, kind=CaseKind.HUMAN) for _ in range(2))
    accept(session, one.id, Assignee(staff_id=staff.id), by="staff:1", now=NOON)
    session.flush()
    with pytest.raises(HandsFull):
        accept(session, other.id, Assignee(staff_id=staff.id), by="staff:1", now=NOON)


def test_places_are_taken_in_and_renewed(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "places.json"
    file.write_text(
        '{"stations": [{"name": "湖贝站", "street": "东门街道", "lat": 22.5, "lon": 114.1}],'
        '"buildings": [{"address": "湖贝路1号", "street": "东门街道", "lat": 22.5, "lon": 114.1}],'
        '"teams": [{"code": "T01", "name": "一队", "station": "湖贝站", "skills": ["health"], "visits_per_day": 6}]}'
    )
    for _ in range(2):
        assert take_places(session, read_places(file)).teams == 1
    team = session.scalars(select(Team)).one()
    assert (team.station and team.station.name, team.skills, team.visits_per_day) == ("湖贝站", ["health"], 6)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"teams": [{"code": "T01", "name": "一队", "skills": ["flying"]}]}', "teams.0.skills.0"),
        ('{"buildings": [{"address": "湖贝路1号", "street": "东门街道", "lat": 99, "lon": 0}]}', "buildings.0.lat"),
        ("{", "JSON"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "places.json"
    file.write_text(text)
    with pytest.raises(PlacesRefused, match=says):
        read_places(file)


def test_a_team_of_an_unknown_station_is_refused(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "places.json"
    file.write_text('{"teams": [{"code": "T01", "name": "一队", "station": "没有的站"}]}')
    with pytest.raises(PlacesRefused, match="no station"):
        take_places(session, read_places(file))
