"""The console over a million cases and 200,000 conversations: how soon each page comes, and what an open one costs."""

from __future__ import annotations

import http.client
import random
import secrets
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from bench.chats import _rss_kb as rss_kb
from bench.console_rows import CASES_PER_CONVERSATION, OPEN_EVERY, SAID, card_of, fill, number_of
from bench.databases import ENGINES, fresh_database
from bench.frame import Aim, Bench, Measure, Measured, Progress
from bench.front_door import a_port, front_door, front_door_environment
from bench.street import working_folder
from models.column_types import use_key_ring
from models.crypto import read_key_ring
from models.migrate import upgrade
from models.session import Sessions, make_engine
from models.staff import StaffSession
from models.vocabulary import Role
from outreach_api.processes import ProcessFault
from outreach_api.web.access import SESSION_COOKIE
from outreach_api.web.auth import _csrf as csrf_of
from outreach_api.web.auth import _token_hash as hash_of
from outreach_api.web.staff import add_staff
from scheduler.policies.load import load_cards
from scheduler.rules.evaluate import evaluate

SEED = 7
ROUNDS = 10
LIVE_PAGES = 150
CALM_SECONDS = 2.0
BUSY_SECONDS = 8.0
BROWSERS = 4
MOST_MS = 100
LEAST_CASES = 1000
QUEUES = (
    "", "?kind=home_visit", "?kind=complaint", "?policy=elderly-allowance", "?urgency=high", "?overdue=true",
    "?escalated=true", "?mine=true", "?state=resolved", "?state=accepted&kind=human",
)  # fmt: skip
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--cases", type=int, default=1_000_000, metavar="N", help=f"from {LEAST_CASES}")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    cases = max(LEAST_CASES, chosen.cases)
    engine_name = ENGINES[1] if chosen.postgres else ENGINES[0]
    with working_folder() as folder, fresh_database(engine_name, folder) as database:
        environment = front_door_environment(folder, database, port=a_port())
        began = time.perf_counter()
        token = _settle(folder, database, cases)
        progress(f"{cases:,} cases written in {time.perf_counter() - began:.0f} s; opening the console")
        with front_door(environment) as door:
            reader = Reader(int(environment["OUTREACH_PORT"]), token)
            values = _measure(reader, cases, progress)
            values["kb_per_live_page"] = _cost_of_live_pages(reader, door.pid)
    facts = {"database": engine_name, "cases": cases, "conversations": cases // CASES_PER_CONVERSATION}
    return Measured(values, machine=facts | {"open_cases": 2 * cases // OPEN_EVERY})


def _settle(folder: Path, database: str, cases: int) -> str:
    """The rows, and a supervisor's session; its token."""
    ring = read_key_ring(folder / "keys.json")
    use_key_ring(ring)
    engine = make_engine(database)
    upgrade(engine)
    now = datetime.now(UTC)
    token = secrets.token_urlsafe(32)
    with Sessions(engine).write() as session:
        add_staff(session, "bench", "何晓敏", Role.SUPERVISOR)
    cards = load_cards(Path("policies"))
    trace = evaluate(cards["elderly-allowance"].rule, {"age_years": 75, "hukou": "shenzhen"}).model_dump(mode="json")
    fill(engine, cases, ring, 1, trace, now)
    # Signed in only now: writing takes longer than a screen may be left alone.
    there = datetime.now(UTC)
    with Sessions(engine).write() as session:
        opened = {"created_at": there, "last_seen_at": there, "two_factors": True}
        session.add(StaffSession(token_hash=hash_of(token), staff_id=1, **opened))
    engine.dispose()
    return token


class Reader:
    """A browser of the supervisor, as far as the server notices."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> str:
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: str) -> str:
        return self._ask("POST", path, urlencode({"csrf": csrf_of(self.token), **fields}))

    def another(self) -> Reader:
        return Reader(self.port, self.token)

    @contextmanager
    def live(self) -> Iterator[None]:
        """An open page that listens for changes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/live", headers={"Cookie": f"{SESSION_COOKIE}={self.token}"})
        connection.getresponse().read(1)
        try:
            yield
        finally:
            connection.close()

    def _ask(self, method: str, path: str, body: str | None) -> str:
        headers = {"Cookie": f"{SESSION_COOKIE}={self.token}", **(FORM if body else {})}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        if answer.status != http.client.OK:
            raise ProcessFault(f"{method} {path} answered {answer.status}")
        return text


def _measure(reader: Reader, cases: int, progress: Progress) -> dict[str, float]:
    pick = random.Random(SEED)
    people = cases // CASES_PER_CONVERSATION
    pages: dict[str, Callable[[int], str]] = {
        "queue": lambda turn: _queue_page(reader, turn),
        "case": lambda turn: reader.get(f"/cases/{_a_case(pick, cases, turn)}"),
        "overview": lambda turn: reader.get("/overview/figures" if turn % 3 else "/"),
        "search": lambda turn: _search(reader, pick, people, turn),
    }
    values: dict[str, float] = {}
    for name, page in pages.items():
        page(0)
        times = [_timed(page, turn) for turn in range(ROUNDS * len(QUEUES))]
        values[f"{name}_p95_ms"] = _p95(times)
        progress(f"{name}: p95 {values[f'{name}_p95_ms']:.1f} ms, median {sorted(times)[len(times) // 2]:.1f} ms")
    values["pages_per_s"] = _pages_per_second(reader, cases)
    return values


def _timed(page: Callable[[int], str], turn: int) -> float:
    began = time.perf_counter()
    page(turn)
    return (time.perf_counter() - began) * 1000


def _queue_page(reader: Reader, turn: int) -> str:
    return reader.get("/cases" + QUEUES[turn % len(QUEUES)])


def _a_case(pick: random.Random, cases: int, turn: int) -> int:
    """Every other one of those that wait."""
    case = pick.randrange(1, cases + 1)
    return case if turn % 2 else max(OPEN_EVERY, case - case % OPEN_EVERY)


def _search(reader: Reader, pick: random.Random, people: int, turn: int) -> str:
    who = pick.randrange(1, people + 1)
    match turn % 4:
        case 0:
            return reader.post("/residents/search", known_by=number_of(who))
        case 1:
            return reader.post("/residents/search", known_by=card_of(who))
        case 2:
            return reader.post("/conversations/search", words=pick.choice(SAID))
        case _:
            return reader.post("/conversations/search", words=pick.choice(SAID)[:2] + pick.choice(SAID)[-2:])


def _pages_per_second(reader: Reader, cases: int) -> float:
    until = time.perf_counter() + BUSY_SECONDS
    read: list[int] = []

    def browse(seed: int) -> None:
        mine, pick, count = reader.another(), random.Random(seed), 0
        while time.perf_counter() < until:
            mine.get(pick.choice(("/cases", "/", f"/cases/{_a_case(pick, cases, count)}", "/conversations")))
            count += 1
        read.append(count)

    threads = [threading.Thread(target=browse, args=(seed,)) for seed in range(BROWSERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(read) / BUSY_SECONDS


def _cost_of_live_pages(reader: Reader, pid: int) -> float:
    from contextlib import ExitStack

    before = rss_kb(pid)
    with ExitStack() as pages:
        for _ in range(LIVE_PAGES):
            pages.enter_context(reader.live())
        time.sleep(CALM_SECONDS)
        return max(0.0, (rss_kb(pid) - before) / LIVE_PAGES)


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]


BENCH = Bench(
    name="console",
    measures=(
        *(Measure(f"{page}_p95_ms", "ms", Aim(at_most=MOST_MS)) for page in ("queue", "case", "overview", "search")),
        Measure("pages_per_s", "pages/s"),
        Measure("kb_per_live_page", "kB"),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
