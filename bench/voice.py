"""Calls at once: from what was said to the first word of the answer, by the real application and the real assistant.

One process of each, SQLite as durable as in service, and so many calls over ConversationRelay at once. Between an
answer and the next thing said pass some seconds, as on a phone; they are given with the figures.
"""

from __future__ import annotations

import secrets
import subprocess
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench.child import run_in_child
from bench.frame import Aim, Bench, Measure, Measured, Progress
from bench.front_door import TOKEN, a_port, front_door, front_door_environment
from bench.street import working_folder
from models.column_types import key_ring
from models.contact import Contact, ContactMatch
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.vocabulary import Channel, ContactPurpose, ContactState, MatchState
from outreach_api.bootstrap import House, open_house
from outreach_api.conversations.bot_process import bot_program
from outreach_api.processes import ProcessFault, Program, free_port
from outreach_api.settings import ROOT, Settings
from outreach_api.voice.lines import line

POLICY = "elderly-allowance"
TURNS = 6
PAUSE_SECONDS = (2.0, 4.0)
ROUNDS = {"p95_ms_1": 1, "p95_ms_10": 10}
_BIG_ROUND = "p95_ms_50"


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--calls", type=int, default=50, metavar="N", help="at once in the largest round (p95_ms_50)")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    rounds = {**ROUNDS, _BIG_ROUND: chosen.calls}
    with working_folder() as folder, ExitStack() as stack:
        environment, bot = _environment(folder)
        called = people_being_called(environment, folder, sum(rounds.values()) + 1)
        stack.enter_context(bot)
        door = stack.enter_context(front_door(environment))
        port = int(environment["OUTREACH_PORT"])
        _hold(port, "warm", called[:1])
        values: dict[str, float] = {}
        taken, dropped, turns = 1, 0, 0
        before = _cpu_seconds((bot, door))
        for name, calls in rounds.items():
            held = _hold(port, f"{calls}x", called[taken : taken + calls])
            values[name] = held.p95_ms
            progress(f"{calls} at once: {held.turns} turns, p95 {held.p95_ms:.0f} ms, {held.dropped} dropped")
            taken, dropped, turns = taken + calls, dropped + held.dropped, turns + held.turns
        cpu = _cpu_seconds((bot, door)) - before
    return Measured(
        {**values, "cpu_ms_per_turn": 1000 * cpu / max(turns, 1), "dropped": dropped},
        machine={"calls": chosen.calls, "turns": turns, "pause_seconds": list(PAUSE_SECONDS), "database": "sqlite"},
    )


def _environment(folder: Path) -> tuple[dict[str, str], Program]:
    secret, port = secrets.token_urlsafe(24), free_port()
    bot = bot_program(port=port, secret=secret, log=ROOT / "var" / "log" / "bench-voice.log")
    environment = front_door_environment(folder, f"sqlite:///{folder / 'outreach.db'}", port=a_port())
    voice = {"OUTREACH_VOICE_ENABLED": "true", "OUTREACH_VOICE_RELAY_SILENCE_SECONDS": "60"}
    return environment | voice | {
        "OUTREACH_BOT_URLS": f'["http://127.0.0.1:{port}"]',
        "OUTREACH_BOT_SECRET": secret,
    }, bot


@dataclass(frozen=True)
class _Held:
    """What came of one round of calls."""

    turns: int
    p95_ms: float
    dropped: int


def _hold(port: int, prefix: str, called: Sequence[tuple[str, int]]) -> _Held:
    """Raises: ProcessFault: nothing was answered at all."""
    held = run_in_child(
        "bench.voice_load:load",
        port=port,
        token=TOKEN,
        prefix=prefix,
        called=list(called),
        turns=TURNS,
        pause=list(PAUSE_SECONDS),
    ).result
    times = sorted(held["latencies_ms"])
    if not times:
        raise ProcessFault(f"of {len(called)} calls none was answered")
    return _Held(len(times), times[min(len(times) - 1, len(times) * 95 // 100)], held["dropped"])


def people_being_called(environment: dict[str, str], folder: Path, count: int) -> list[tuple[str, int]]:
    """So many residents who are just being called: their numbers, and the contacts that the calls are."""
    settings = Settings(_env_file=None, home=folder, database_url=environment["OUTREACH_DATABASE_URL"])
    with open_house(settings) as house:
        return [_called(house, place) for place in range(count)]


def _called(house: House, place: int) -> tuple[str, int]:
    number, now = f"+86199{place:08d}", house.clock.now()
    with house.sessions.write() as session:
        phone = Phone(number=number, number_index=key_ring().blind_index(number, kind="phone"))
        resident = Resident(
            person_key=f"bench-{place}",
            name="陈桂芳",
            name_index=f"bench-{place}",
            birth_date=date(1943, 5, 12),
            street="黄贝街道",
            created_at=now,
        )
        session.add_all((phone, resident))
        session.flush()
        session.add(ResidentPhone(resident_id=resident.id, phone_id=phone.id, source="bench"))
        match = Match(
            resident_id=resident.id,
            policy_id=POLICY,
            policy_version=str(house.cards[POLICY].version),
            state=MatchState.IN_OUTREACH,
            opened_at=now,
            state_changed_at=now,
        )
        contact = Contact(
            resident_id=resident.id,
            phone_id=phone.id,
            channel=Channel.VOICE,
            purpose=ContactPurpose.REMINDER,
            state=ContactState.ACCEPTED,
            template_key="call.opening",
            variables={},
            text=line("opening"),
            created_at=now,
            due_at=now,
            sent_at=now,
        )
        session.add_all((match, contact))
        session.flush()
        session.add(ContactMatch(contact_id=contact.id, match_id=match.id))
        return number, contact.id


def _cpu_seconds(programs: Sequence[Program]) -> float:
    """User and system time of these processes so far; the system tells it in whole seconds, or in hundredths."""
    pids = ",".join(str(program.pid) for program in programs)
    told = subprocess.run(["ps", "-o", "time=", "-p", pids], capture_output=True, text=True, check=True)
    return sum(_seconds(each) for each in told.stdout.split())


def _seconds(told: str) -> float:
    days, _, clock = told.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + 86_400 * int(days or 0)


BENCH = Bench(
    name="voice",
    measures=(
        Measure("p95_ms_1", "ms"),
        Measure("p95_ms_10", "ms", Aim(at_most=150)),
        Measure("p95_ms_50", "ms", Aim(at_most=400)),
        Measure("cpu_ms_per_turn", "ms"),
        Measure("dropped", "calls", Aim(at_most=0)),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
