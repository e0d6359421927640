"""Firms: taken in by credit code, matched by the same rules, kept beside the people."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.credit_code import check_character
from models.enterprise import Enterprise
from models.match import Match
from models.session import Sessions
from models.vocabulary import Audience, MatchState
from outreach_api.commands.roster import without_roster
from scheduler.matching.applications import take_applications
from scheduler.matching.explain import explain_match
from scheduler.matching.moves import move_match
from scheduler.matching.population import Population
from scheduler.matching.run import run_matching
from scheduler.policies.card import PolicyCard
from scheduler.policies.load import load_cards
from scheduler.roster.applications import read_applications
from scheduler.roster.feed import recognise
from scheduler.roster.import_population import ImportReport, import_population
from tests.builders import NOON, a_key_ring
from tests.matching.conftest import AS_OF, HEADER, MEI

CARD = load_cards(Path(__file__).parents[2] / "policies")["startup-subsidy"]
CARDS = {CARD.id: CARD}
ROSTER = (
    "企业名称,统一社会信用代码,联系人,联系电话,企业规模,所属行业,街道,经营地址,成立日期,正常经营月数,经营状态,更新日期"
)
FOUNDERS = "统一社会信用代码,创办人类别,是否法人或出资人,创办人本企业社保月数,初创补贴已领"


def credit_code(serial: int) -> str:
    first_17 = f"91440303MA5{serial:06d}"
    return first_17 + check_character(first_17)


def a_firm(serial: int, name: str = "", **changes: str) -> str:
    """Founded fifteen months before, and at work for a year."""
    row = {
        "name": name or f"深圳市桥东{serial}号科技有限公司",
        "code": credit_code(serial),
        "clerk": "何敏",
        "phone": f"137000{serial:05d}",
        "size": "微型",
        "industry": "软件",
        "street": "东门街道",
        "address": f"桥东路{serial}号",
        "established_on": "2024-12-01",
        "months": "12",
        "state": "存续",
        "updated_on": "2026-01-01",
    }
    return ",".join({**row, **changes}.values())


def a_founder(serial: int, kind: str = "毕业5年内") -> str:
    return f"{credit_code(serial)},{kind},是,8,否"


class District:
    """Imports files, each time as a new state of the world."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report: ImportReport | None = None
        self._imports = 0

    def population(
        self,
        firms: Sequence[str],
        founders: Sequence[str],
        *,
        enrolled: Sequence[str] = (),
        more: Mapping[str, Sequence[str]] | None = None,
    ) -> Population:
        self._imports += 1
        folder = self.folder / f"files{self._imports}"
        folder.mkdir()
        files = {
            "全员人口.csv": [HEADER, MEI.row()],
            "企业名录.csv": [ROSTER, *firms],
            "创业登记.csv": [FOUNDERS, *founders],
            "enrolled_startup-subsidy.csv": ["统一社会信用代码,起发日期", *enrolled],
            **(more or {}),
        }
        for name, lines in files.items():
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        out = self.folder / f"population{self._imports}"
        self.report = import_population(recognise(sorted(folder.iterdir())), out, a_key_ring(), today=AS_OF)
        return Population(out, as_of=AS_OF)

    def rejects(self) -> list[dict[str, str]]:
        with (self.folder / f"population{self._imports}" / "rejects.csv").open(encoding="utf-8-sig") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def firm_rows(population: Population) -> list[dict[str, Any]]:
    firms = population.of(Audience.ENTERPRISE)
    return firms.fetch(firms.people.order_by("credit_code"))


def matched_firms(sessions: Sessions) -> list[tuple[str, MatchState]]:
    with sessions.read() as session:
        rows = session.execute(
            select(Enterprise.credit_code, Match.state)
            .join(Match, Match.resident_id == Enterprise.resident_id)
            .order_by(Enterprise.credit_code)
        )
        return [(code, state) for code, state in rows]


def test_eligible_minus_enrolled_holds_for_firms_in_the_same_ledger(sessions: Sessions, district: District) -> None:
    firms = [a_firm(1), a_firm(2), a_firm(3, established_on="2020-01-01"), a_firm(4)]
    population = district.population(firms, [a_founder(1), a_founder(2), a_founder(3)], enrolled=[f"{credit_code(2)},"])
    report = run_matching(sessions, population, CARDS, now=NOON)
    found = report.policies[CARD.id]
    assert (found.eligible, found.enrolled, found.undecided, found.newly_matched) == (2, 1, 1, 1)
    with sessions.read() as session:
        (firm,) = session.scalars(select(Enterprise))
        assert (firm.credit_code, firm.clerk, firm.size, firm.industry) == (credit_code(1), "何敏", "微型", "软件")
        assert (firm.resident.audience, firm.resident.street) == (Audience.ENTERPRISE, "东门街道")
        assert firm.resident.id_number is None
        assert [reached.phone.number for reached in firm.resident.phones] == ["+8613700000001"]
        told = list(explain_match(session, session.scalars(select(Match)).one()))
    assert any("企业成立时间：15个月" in line for line in told)
    assert told[-1].endswith("结果一致")


def test_a_wrong_check_character_is_told_with_file_row_and_column(sessions: Sessions, district: District) -> None:
    wrong = credit_code(2)[:-1] + ("0" if credit_code(2)[-1] != "0" else "1")
    population = district.population(
        [a_firm(1), a_firm(2, code=wrong), a_firm(3, code="91440303MA5O00003X"), a_firm(4, code="123")], [a_founder(1)]
    )
    assert [row["credit_code"] for row in firm_rows(population)] == [credit_code(1)]
    told = [(row["source"], row["row"], row["column"], row["reason"]) for row in district.rejects()]
    column = "统一社会信用代码"
    assert told == [
        ("企业名录.csv", "3", column, "统一社会信用代码的校验码不对"),
        ("企业名录.csv", "4", column, "统一社会信用代码里有不该有的字符"),
        ("企业名录.csv", "5", column, "统一社会信用代码不是18位"),
    ]
    assert wrong not in (district.folder / "population1" / "rejects.csv").read_text(encoding="utf-8")


def test_records_of_one_firm_are_one_firm_with_the_newest_clerk_and_their_own_phone(district: District) -> None:
    older = a_firm(1, updated_on="2025-01-01", clerk="旧经办", phone="13700009999", industry="零售")
    newer = a_firm(1, updated_on="2026-02-01", clerk="", phone="13700008888", industry="")
    (firm,) = firm_rows(district.population([newer, older], []))
    ring = a_key_ring()
    assert firm["records"] == 2
    assert firm["industry"] == "零售"
    assert firm["clerk_sealed"] is None, "the new number is not the old clerk's"
    assert ring.open(firm["phone_sealed"], context="resident.phone") == "+8613700008888"


def test_a_list_that_names_neither_people_nor_firms_is_refused(district: District) -> None:
    population = district.population([a_firm(1)], [a_founder(1)], more={"enrolled_startup-subsidy.csv": ["起发日期"]})
    assert district.report is not None
    (refused,) = district.report.refused
    assert "no column for id_number, credit_code" in refused
    assert not population.of(Audience.ENTERPRISE).knows_enrolled(CARD.id)


def test_without_a_roster_of_firms_their_items_are_not_matched(sessions: Sessions, district: District) -> None:
    population = district.population([], [], more={"企业名录.csv": [ROSTER]})
    report = run_matching(sessions, population, CARDS, now=NOON)
    assert report.policies == {}
    assert without_roster(CARDS, report, AS_OF) == [CARD]


def test_a_firm_that_closed_is_not_offered_and_its_match_is_recalled(sessions: Sessions, district: District) -> None:
    run_matching(sessions, district.population([a_firm(1)], [a_founder(1)]), CARDS, now=NOON)
    closed = district.population([a_firm(1, state="注销"), a_firm(2, state="吊销")], [a_founder(1), a_founder(2)])
    run_matching(sessions, closed, CARDS, now=NOON)
    assert matched_firms(sessions) == [(credit_code(1), MatchState.RECALLED)]


def test_a_firm_that_waits_for_a_clerk_gets_the_one_of_the_next_roster(sessions: Sessions, district: District) -> None:
    run_matching(sessions, district.population([a_firm(1)], [a_founder(1)]), CARDS, now=NOON)
    with sessions.write() as session:
        match = session.scalars(select(Match)).one()
        move_match(session, match, MatchState.IN_OUTREACH, because="planner", now=NOON)
        move_match(session, match, MatchState.AWAITING_PHONE, because="inbound:1", now=NOON)
    changed = district.population([a_firm(1, clerk="马丽", phone="13700007777")], [a_founder(1)])
    run_matching(sessions, changed, CARDS, now=NOON)
    with sessions.read() as session:
        firm = session.scalars(select(Enterprise)).one()
        assert firm.clerk == "马丽"
        numbers = [reached.phone.number for reached in firm.resident.phones]
        assert numbers == ["+8613700000001", "+8613700007777"]


def test_an_application_names_a_firm_by_its_credit_code(sessions: Sessions, district: District, tmp_path: Path) -> None:
    run_matching(sessions, district.population([a_firm(1)], [a_founder(1)]), CARDS, now=NOON)
    feed = tmp_path / "办件.csv"
    line = f"A1,{credit_code(1)},{CARD.name.zh},受理,网上,2026-03-01"
    feed.write_text(f"受理编号,统一社会信用代码,事项,状态,渠道,日期\n{line}\nA2,,{CARD.name.zh},受理,网上,2026-03-01\n")
    reports, rejected = read_applications(feed, a_key_ring(), CARDS)
    assert [(reject.row, reject.column) for reject in rejected] == [(3, "统一社会信用代码")]
    assert take_applications(sessions, reports, CARDS, now=NOON).settled == 1
    assert matched_firms(sessions) == [(credit_code(1), MatchState.APPLIED_ONLINE)]


def test_people_who_are_registered_as_dead_are_not_matched(
    sessions: Sessions, district: District, allowance: PolicyCard
) -> None:
    people = [f"{HEADER},人口状态", f"{MEI.row()},死亡"]
    lists = {"全员人口.csv": people, "enrolled_elderly-allowance.csv": ["身份证号,起发年月"]}
    population = district.population([], [], more=lists)
    assert (
        run_matching(sessions, population, {allowance.id: allowance}, now=NOON).policies[allowance.id].newly_matched
        == 0
    )
