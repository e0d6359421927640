"""A thousand open chat pages on one process: how soon the assistant's reply is seen, and what a restart loses.

First quietly, for the times: from a message's due moment until its reply stands on its page. Then the server is stopped
and started again while messages go on: each is sent until it is acknowledged, and counted on the page it came from.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from argparse import ArgumentParser, Namespace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.chat_clients import Crowd, Door
from bench.databases import fresh_database
from bench.frame import Aim, Bench, Measure, Measured, Progress
from bench.front_door import a_port, front_door_environment
from bench.street import working_folder
from models.chat import ChatLink, ChatVisit
from models.column_types import key_ring, use_key_ring
from models.crypto import read_key_ring
from models.match import Match
from models.migrate import upgrade
from models.resident import Phone, Resident, ResidentPhone
from models.session import Sessions, make_engine
from models.vocabulary import MatchState
from outreach_api.conversations.bot_process import bot_program
from outreach_api.processes import ProcessFault, Program
from scheduler.planning.chat_links import token_digest

RATE = 20.0
POLICY = "elderly-allowance"
WARM_UP_SECONDS = 3
RESTART_AFTER_SECONDS = 2
MOST_P95_MS, MOST_KB = 1000, 60


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=1000, metavar="N", help="open chat pages")
    parser.add_argument("--seconds", type=float, default=30, metavar="S", help="of quiet, and again around the restart")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    with working_folder() as folder, fresh_database("sqlite", folder) as database:
        port, bot_port, secret = a_port(), a_port(), secrets.token_hex(8)
        environment = front_door_environment(folder, database, port=port) | {
            "OUTREACH_BOT_URLS": f'["http://127.0.0.1:{bot_port}"]',
            "OUTREACH_BOT_SECRET": secret,
        }
        doors = _settle(folder, database, chosen.clients)
        progress(f"{len(doors)} residents; starting the assistant")
        with bot_program(port=bot_port, secret=secret, log=folder / "bot.log"):
            return asyncio.run(_measure(folder, environment, doors, chosen.seconds, progress))


async def _measure(
    folder: Path, environment: dict[str, str], doors: list[Door], seconds: float, progress: Progress
) -> Measured:
    house = _house(folder, environment)
    await asyncio.to_thread(house.__enter__)
    crowd = Crowd(int(environment["OUTREACH_PORT"]), doors)
    try:
        before = _rss_kb(house.pid)
        await crowd.open_all()
        await asyncio.sleep(1)
        kb = (_rss_kb(house.pid) - before) / len(doors)
        progress(f"{len(doors)} pages open, {kb:.1f} kB each; sending")
        await crowd.send_for(WARM_UP_SECONDS, RATE)
        await crowd.settle()
        warmed_up = crowd.all_sent()
        await crowd.send_for(seconds, RATE)
        await crowd.settle()
        timed = [sent for sent in crowd.all_sent() if not any(sent is warm for warm in warmed_up)]
        times = sorted((sent.seen_at - sent.at) * 1000 for sent in timed if sent.seen_at is not None)
        progress(f"p95 {_share(times, 0.95):.0f} ms; restarting in the middle of it")
        away = await _restart_while_sending(house, crowd, seconds)
        await crowd.settle()
        counts = crowd.counted()
    finally:
        crowd.close()
        await asyncio.to_thread(house.stop)
    sent = len(crowd.all_sent())
    progress(f"{sent} messages, away for {away:.1f} s, {counts['reconnected']} streams opened again")
    values = {
        "p95_reply_ms": _share(times, 0.95),
        "kb_per_client": kb,
        "lost": counts["lost"],
        "doubled": counts["doubled"],
    }
    facts = {"p50_reply_ms": round(_share(times, 0.5), 1), "messages": sent, "clients": len(doors)}
    return Measured(values, machine=facts | {"away_s": round(away, 1), "reconnected": counts["reconnected"]})


async def _restart_while_sending(house: Program, crowd: Crowd, seconds: float) -> float:
    """How long nobody answered."""
    sending = asyncio.create_task(crowd.send_for(seconds, RATE))
    await asyncio.sleep(RESTART_AFTER_SECONDS)
    began = time.perf_counter()
    await asyncio.to_thread(house.stop)
    await asyncio.to_thread(house.start)
    await asyncio.to_thread(house.wait_until_ready)
    away = time.perf_counter() - began
    await sending
    return away


def _house(folder: Path, environment: dict[str, str]) -> Program:
    ready = f"http://127.0.0.1:{environment['OUTREACH_PORT']}/healthz"
    command = [sys.executable, "-P", "-m", "bench.chat_house"]
    return Program("house", command, log=folder / "house.log", ready_url=ready, env=environment)


def _share(times: list[float], share: float) -> float:
    if not times:
        raise ProcessFault("no reply was seen")
    return times[min(len(times) - 1, int(share * len(times)))]


def _rss_kb(pid: int) -> int:
    """Resident memory of a process; Linux says it in a file.

    Raises:
        ProcessFault: this system does not.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError as fault:
        raise ProcessFault("the memory of a process is read from /proc, which this system has not") from fault
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _settle(folder: Path, database: str, clients: int) -> list[Door]:
    """Residents with a phone, an open match, and a chat page that somebody has opened."""
    use_key_ring(read_key_ring(folder / "keys.json"))
    engine = make_engine(database)
    upgrade(engine)
    now = datetime.now(UTC)
    doors = [Door(secrets.token_urlsafe(16), secrets.token_urlsafe(24)) for _ in range(clients)]
    with Sessions(engine).write() as session:
        numbers = [f"+86139{serial:08d}" for serial in range(clients)]
        ring = key_ring()
        phones = _insert(
            session,
            Phone,
            [{"number": each, "number_index": ring.blind_index(each, kind="phone")} for each in numbers],
        )
        residents = _insert(session, Resident, [_resident(serial, now) for serial in range(clients)])
        owned = list(zip(residents, phones, strict=True))
        _insert(session, ResidentPhone, [{"resident_id": r, "phone_id": p, "source": "bench"} for r, p in owned])
        opened = {"policy_id": POLICY, "policy_version": "1", "state": MatchState.IN_OUTREACH, "opened_at": now}
        _insert(session, Match, [{"resident_id": r, "state_changed_at": now, **opened} for r in residents])
        links = _insert(session, ChatLink, [_link(door, *who, now) for door, who in zip(doors, owned, strict=True)])
        _insert(session, ChatVisit, [_visit(door, link, now) for door, link in zip(doors, links, strict=True)])
    engine.dispose()
    return doors


def _insert(session: Any, table: Any, rows: list[dict[str, Any]]) -> list[int]:
    return list(session.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), rows))


def _resident(serial: int, now: datetime) -> dict[str, Any]:
    return {
        "person_key": f"{serial:032x}",
        "name": "陈秀兰",
        "name_index": key_ring().blind_index("陈秀兰", kind="name"),
        "birth_date": date(1943, 5, 12),
        "created_at": now,
    }


def _link(door: Door, resident_id: int, phone_id: int, now: datetime) -> dict[str, Any]:
    owner = {"resident_id": resident_id, "phone_id": phone_id, "created_by": "bench"}
    return {"token_hash": token_digest(door.token), "created_at": now, "expires_at": now + timedelta(days=1), **owner}


def _visit(door: Door, link_id: int, now: datetime) -> dict[str, Any]:
    times = {"opened_at": now, "seen_at": now, "expires_at": now + timedelta(hours=12)}
    return {"link_id": link_id, "secret_hash": token_digest(door.secret), **times}


BENCH = Bench(
    name="chat",
    measures=(
        Measure("p95_reply_ms", "ms", Aim(at_most=MOST_P95_MS)),
        Measure("kb_per_client", "kB", Aim(at_most=MOST_KB)),
        Measure("lost", "messages", Aim(at_most=0)),
        Measure("doubled", "messages", Aim(at_most=0)),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
