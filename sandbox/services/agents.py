"""Agents at their desks: every working hour they answer what waits, and ask the day after if it is settled.

They work elsewhere, with a system of their own, and know the product by its interface only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any

from sandbox.backend import Backend
from sandbox.ledger import Ledger
from sandbox.services.workdays import is_workday
from sandbox.timeline import CHINA, Timeline, local, stamp
from sandbox.world import World

ROUNDS = tuple(time(hour, 10) for hour in (9, 10, 11, 14, 15, 16, 17))
CASES_A_ROUND = 6
MINUTES_A_CASE = 5
SETTLED = 0.95
"""Share of those who say, when asked, that it is settled; the others are helped once more."""
Case = Mapping[str, Any]


class Agents:
    def __init__(self, *, world: World, timeline: Timeline, ledger: Ledger, backend: Backend) -> None:
        self._world = world
        self._timeline = timeline
        self._ledger = ledger
        self._backend = backend
        self._to_ask: dict[str, list[Case]] = {agent: [] for agent in world.agents}
        self._asked: set[int] = set()

    def open(self) -> None:
        if self._world.agents:
            self._timeline.schedule(self._next_round(), self._work)

    def _work(self) -> None:
        now = local(self._timeline.now)
        if is_workday(now.date()):
            for agent in self._world.agents:
                if now.time() == ROUNDS[0]:
                    self._ask_whether_settled(agent)
                self._take_what_waits(agent)
        self._timeline.schedule(self._next_round(), self._work)

    def _take_what_waits(self, agent: str) -> None:
        for turn in range(CASES_A_ROUND):
            status, given = self._backend.post("/api/v1/queue/next", {}, token=self._world.agents[agent])
            case = given.get("case") if status == 200 and isinstance(given, dict) else None
            if case is None:
                return
            when = self._timeline.now + timedelta(minutes=MINUTES_A_CASE * (turn + 1))
            self._timeline.schedule(when, partial(self._answer, agent, case))

    def _answer(self, agent: str, case: Case) -> None:
        """Say back what is to be said, and close the case."""
        told = self._step(agent, case, "feedback", "已电话答复")
        resolved = self._step(agent, told, "resolve", "已办结") if told else None
        if resolved:
            self._to_ask[agent].append(resolved)

    def _ask_whether_settled(self, agent: str) -> None:
        waiting, self._to_ask[agent] = self._to_ask[agent], []
        for case in waiting:
            number = int(case["id"])
            settled = number in self._asked or Random(f"{self._world.seed}:{number}:settled").random() < SETTLED
            self._asked.add(number)
            self._step(agent, case, *(("confirm", "") if settled else ("reopen", "本人说还没解决")))

    def _step(self, agent: str, case: Case, step: str, note: str) -> Case | None:
        """The case as it is afterwards; None where the step was refused."""
        body = {"step": step, "version": case["version"], "note": note}
        token = self._world.agents[agent]
        status, after = self._backend.post(f"/api/v1/queue/{case['id']}/steps", body, token=token)
        self._ledger.desk.append(
            {"at": stamp(self._timeline.now), "case": case["id"], "agent": agent, "step": step, "answer": status}
        )
        return after if status == 200 and isinstance(after, dict) else None

    def _next_round(self) -> datetime:
        now = local(self._timeline.now)
        later = (at for at in ROUNDS if at > now.time())
        first = next(later, None)
        day = now.date() if first else now.date() + timedelta(days=1)
        return datetime.combine(day, first or ROUNDS[0], CHINA)
