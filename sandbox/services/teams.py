"""Visiting teams: each working morning they read who expects them that day, go there, and report.

Until the product makes an appointment, they take from its queue what they can manage.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from sandbox.backend import Backend
from sandbox.ledger import Ledger
from sandbox.services import desk as services
from sandbox.services.desk import Desk
from sandbox.services.workdays import is_workday
from sandbox.timeline import CHINA, Timeline, local, stamp
from sandbox.world import Person, World

MORNING = time(8, 30)
FIRST_VISIT, BETWEEN_VISITS = time(9, 30), timedelta(minutes=90)

_APPLIED, _NOT_HOME, _DECLINED = "applied", "not_home", "declined"
_ALREADY, _MOVED, _DECEASED = "already_enrolled", "moved", "deceased"
_USUAL = {_APPLIED: 73, _NOT_HOME: 17, _DECLINED: 4, _ALREADY: 3, _MOVED: 2, _DECEASED: 1}
_BY_PERSONA: dict[str, dict[str, int]] = {
    "needs_visit": {_APPLIED: 95, _NOT_HOME: 5},
    "no_phone_skill": {_APPLIED: 90, _NOT_HOME: 10},
    "declined": {_DECLINED: 75, _APPLIED: 25},
    "moved": {_MOVED: 100},
    "deceased": {_DECEASED: 100},
    "already": {_ALREADY: 100},
}


class VisitingTeams:
    def __init__(self, *, world: World, timeline: Timeline, ledger: Ledger, backend: Backend, desk: Desk) -> None:
        self._world = world
        self._timeline = timeline
        self._ledger = ledger
        self._backend = backend
        self._desk = desk
        self._by_phone = {phone.number: person for person in world.people for phone in person.phones}
        self._by_door = {(person.name, person.address): person for person in world.people}
        self._by_name = by_name_and_month(world)
        self._knocked: Counter[str] = Counter()
        self._appointments_are_made = False

    def open(self) -> None:
        if self._world.teams.count and self._world.teams.visits_per_day:
            self._timeline.schedule(self._next_morning(), self._start_day)

    def _start_day(self) -> None:
        if is_workday(local(self._timeline.now).date()):
            self._go_where_expected()
            if not self._appointments_are_made:
                self._share_out()
        self._timeline.schedule(self._next_morning(), self._start_day)

    def _go_where_expected(self) -> None:
        """Visit today's appointments, mornings first, one door once."""
        today = local(self._timeline.now).date()
        status, page = self._backend.get(
            "/api/v1/cases", {"kind": "home_visit", "on": today.isoformat(), "limit": "500"}
        )
        listed = list(page["items"]) if status == 200 and isinstance(page, dict) else []
        cases = [case for case in listed if case.get("appointment")]
        self._appointments_are_made = self._appointments_are_made or bool(cases)
        by_team: dict[str, dict[str, Mapping[str, Any]]] = {}
        for case in sorted(cases, key=lambda case: (case["appointment"]["part"] != "morning", case["id"])):
            doors = by_team.setdefault(case["appointment"]["team"], {})
            doors.setdefault(self._door(case), case)
        for team, doors in sorted(by_team.items()):
            for turn, case in enumerate(doors.values()):
                self._plan_visit(case, team, turn)

    @staticmethod
    def _door(case: Mapping[str, Any]) -> str:
        resident = case.get("resident") or {}
        known = [str(resident.get(field) or "") for field in ("name", "address", "phone", "birth_month")]
        return "|".join(known) if any(known) else str(case["id"])

    def _share_out(self) -> None:
        """Cases in the order in which the product queues them, dealt out team by team until everyone's day is full."""
        teams = [f"T{number:02}" for number in range(1, self._world.teams.count + 1)]
        rounds = [(team, turn) for turn in range(self._world.teams.visits_per_day) for team in teams]
        cases = iter(self._open_cases(len(rounds)))
        for team, turn in rounds:
            case = next((case for case in cases if self._accept(case, team)), None)
            if case is None:
                return
            self._plan_visit(case, team, turn)

    def _open_cases(self, wanted: int) -> list[dict[str, Any]]:
        query = {"kind": "home_visit", "state": "open", "limit": str(max(wanted, 1))}
        status, page = self._backend.get("/api/v1/cases", query)
        return list(page["items"]) if status == 200 and isinstance(page, dict) else []

    def _accept(self, case: Mapping[str, Any], team: str) -> bool:
        status, _ = self._backend.post(f"/api/v1/cases/{case['id']}/accept", {"team": team})
        return 200 <= status < 300

    def _plan_visit(self, case: Mapping[str, Any], team: str, turn: int) -> None:
        today = local(self._timeline.now).date()
        when = datetime.combine(today, FIRST_VISIT, CHINA) + turn * BETWEEN_VISITS
        self._timeline.schedule(when, lambda: self._visit(case, team))

    def _visit(self, case: Mapping[str, Any], team: str) -> None:
        """One door, every item the case is about."""
        person = self._find(case["resident"])
        outcomes = self._knock(person, list(case.get("policy_ids") or []))
        for policy, outcome in outcomes:
            self._report(case, team, policy, outcome)

    def _find(self, described: Mapping[str, Any]) -> Person | None:
        name = described.get("name") or ""
        by_door = self._by_door.get((name, described.get("address") or ""))
        by_month = self._by_name.get((name, described.get("birth_month") or ""))
        by_phone = self._by_phone.get(_e164(described.get("phone") or ""))
        return by_door or by_month or by_phone

    def _knock(self, person: Person | None, policies: list[str]) -> list[tuple[str | None, str]]:
        if person is None:
            return [(policies[0] if policies else None, _NOT_HOME)]
        self._knocked[person.id] += 1
        dice = Random(f"{person.seed}:knock:{self._knocked[person.id]}")
        outcome = _draw(_BY_PERSONA.get(person.persona, _USUAL), dice)
        results: list[tuple[str | None, str]] = []
        for policy in policies or person.policies:
            if outcome == _APPLIED and self._desk.has_applied(person, policy):
                results.append((policy, _ALREADY))
                continue
            results.append((policy, outcome))
            if outcome == _APPLIED:
                self._hand_in(person, policy, dice)
        return results

    def _hand_in(self, person: Person, policy: str, dice: Random) -> None:
        """The team hands the form in at the hall; for a check-up it makes an appointment, kept some days later."""
        if policy != services.HEALTH_CHECK:
            self._desk.take_in(person, policy, services.Counter.HALL, channel="上门")
            return
        when = self._timeline.now + timedelta(days=dice.randint(3, 10))
        self._timeline.schedule(when, lambda: self._desk.take_in(person, policy, services.Counter.HALL, channel="上门"))

    def _report(self, case: Mapping[str, Any], team: str, policy: str | None, outcome: str) -> None:
        today = local(self._timeline.now).date().isoformat()
        body = {
            "client_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self._world.seed}:{case['id']}:{policy}:{today}")),
            "team": team,
            "visit_on": today,
            "outcome": outcome,
            "policy_id": policy,
            "note": "",
        }
        status, _ = self._backend.post(f"/api/v1/cases/{case['id']}/visits", body)
        self._ledger.visits.append(
            {
                "at": stamp(self._timeline.now),
                "case": case["id"],
                "team": team,
                "policy": policy,
                "outcome": outcome,
                "answer": status,
            }
        )

    def _next_morning(self) -> datetime:
        now = local(self._timeline.now)
        morning = datetime.combine(now.date(), MORNING, CHINA)
        return morning if morning > now else morning + timedelta(days=1)


def _draw(weights: Mapping[str, int], dice: Random) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def by_name_and_month(world: World) -> dict[tuple[str, str], Person]:
    """Those whom name and month of birth tell apart."""
    seen = Counter((person.name, person.birth_month) for person in world.people)
    return {key: p for p in world.people if seen[key := (p.name, p.birth_month)] == 1}


def _e164(phone: str) -> str:
    digits = "".join(character for character in phone if character.isdigit())
    return "+" + (digits if digits.startswith("86") and len(digits) > 11 else "86" + digits.removeprefix("0"))
