"""PostgreSQL crashes and stays away while residents write: it waits on disk, and stops bind when it is back.

Those who write a stop are those whose offer falls due meanwhile: once the database is back, a worker finds the offer
due and the stop not yet in it.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update

from bench.databases import DURABLE
from bench.sending_house import accept_contacts, settle_people
from bench.street import working_folder
from models.contact import Contact
from outreach_api.bootstrap import House, open_house
from outreach_api.processes import ProcessFault
from outreach_api.rehearsal.cluster import Cluster, running_cluster
from outreach_api.settings import Settings
from proof.killed_house import API, WORKER
from proof.kills import Toll, judge
from proof.outside import (
    FAST,
    REAL,
    Carrier,
    Outside,
    number_of,
    program_of,
    unsettled,
    use,
    wait_for,
    wait_until_none,
    waiting,
)
from setup.programs import POSTGRES, find_postgres

A_SECOND = 5
"""Texts that come in."""
LOAD = 300
"""Texts that are being sent when the database goes."""
MEANWHILE = timedelta(hours=1)


@dataclass(frozen=True)
class Outage:
    """What came of it."""

    toll: Toll
    after_stop: int
    spooled: int
    drained_s: float
    slowest_answer_s: float
    refused: int


def stop_postgres(seconds: float, tell: Callable[[str], None] = lambda _: None) -> Outage:
    """Let PostgreSQL be away for so long while texts come in.

    Raises:
        ProcessFault: there is no PostgreSQL here, a program did not start, or the house did not settle in time.
    """
    programs = find_postgres()
    if programs is None:
        raise ProcessFault(f"PostgreSQL is missing. {POSTGRES.remedy}")
    with working_folder() as folder, running_cluster(programs, DURABLE) as cluster:
        database = cluster.url(cluster.create_database())
        outside = Outside(folder, database, pace=REAL)
        use(outside.environment)
        with open_house(Settings(_env_file=None), clock=outside.clock) as house, outside.running():
            return _live_through(seconds, house, outside, cluster, tell)


def _live_through(
    seconds: float, house: House, outside: Outside, cluster: Cluster, tell: Callable[[str], None]
) -> Outage:
    stopping = max(int(seconds * A_SECOND), 1)
    with house.sessions.write() as session:
        people = settle_people(session, stopping + LOAD)
    accept_contacts(house, people[:stopping])
    with house.sessions.write() as session:
        session.execute(update(Contact).values(due_at=outside.clock.now() + MEANWHILE))
        offers = {contact.resident_id: contact.id for contact in session.query(Contact)}
    carrier = Carrier(outside.url)
    parts = {part: program_of(part, outside.environment) for part in (API, WORKER)}
    with contextlib.ExitStack() as stack:
        stack.callback(carrier.close)
        for program in parts.values():
            stack.enter_context(program)
        accept_contacts(house, people[stopping:])
        wait_for(lambda: len(outside.sandbox.ledger()["creates"]) > 0)
        cluster.stop(signal.SIGQUIT)
        outside.jump(MEANWHILE)
        _bring_all(carrier, stopping, seconds)
        spooled = outside.waiting_on_disk()
        cluster.start()
        back_at = time.monotonic()
        wait_for(outside.disk_is_empty)
        drained_s = time.monotonic() - back_at
        tell(f"acknowledged {len(carrier.acknowledged)}, spooled {spooled}, drained after {drained_s:.1f} s")
        while carrier.bring_again():
            time.sleep(1)
        wait_until_none(lambda: waiting(house), parts)
        outside.pace = FAST
        wait_until_none(lambda: unsettled(house), parts)
    ledger = outside.sandbox.ledger()
    toll = Toll(acknowledged=len(carrier.acknowledged))
    judge(toll, house.settings.database, ledger, {one.sid for one in carrier.acknowledged})
    silenced = {offers[people[person]["resident_id"]] for person in range(stopping)}
    return Outage(
        toll,
        after_stop=_sent_of(ledger["creates"], silenced),
        spooled=spooled,
        drained_s=drained_s,
        slowest_answer_s=carrier.slowest_seconds,
        refused=len(carrier.said) - len(carrier.acknowledged),
    )


def _bring_all(carrier: Carrier, people: int, seconds: float) -> None:
    """One stop of each, evenly over the time."""
    began = time.monotonic()
    for person in range(people):
        time.sleep(max(began + person * seconds / people - time.monotonic(), 0))
        carrier.bring(number_of(person))
    time.sleep(max(began + seconds - time.monotonic(), 0))


def _sent_of(creates: Collection[dict[str, object]], contacts: Collection[int]) -> int:
    """How many of these contacts the carrier accepted."""
    return sum(int(str(one["contact"])) in contacts for one in creates if one["accepted"])
