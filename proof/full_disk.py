"""The disk is full: first the database takes nothing more, then the spool, then arrivals are refused.

The limit is the kernel's own on the size of a process' files, so that no root is needed and nothing else is harmed.
"""

from __future__ import annotations

import contextlib
import resource

from bench.databases import ENGINES, fresh_database
from bench.sending_house import accept_contacts, settle_people
from bench.street import working_folder
from outreach_api.bootstrap import open_house
from outreach_api.settings import Settings
from proof.killed_house import SERVE
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

PEOPLE = 240
MOST_BYTES = 96 * 1024


def fill_disk() -> dict[str, float]:
    """Let a service on SQLite have a full disk for a while; what it acknowledged, refused, lost and sent after a stop.

    Raises:
        ProcessFault: the service did not start, or did not settle in time.
    """
    with working_folder() as folder, fresh_database(ENGINES[0], folder) as database:
        outside = Outside(folder, database, pace=REAL)
        use(outside.environment)
        service, carrier = program_of(SERVE, outside.environment), Carrier(outside.url)
        with contextlib.ExitStack() as stack:
            house = stack.enter_context(open_house(Settings(_env_file=None), clock=outside.clock))
            stack.enter_context(outside.running())
            with house.sessions.write() as session:
                people = settle_people(session, PEOPLE)
            stack.enter_context(service)
            stack.callback(carrier.close)
            _, most = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (MOST_BYTES, most))
            for person in range(PEOPLE):
                carrier.bring(number_of(person))
            answered, on_disk = len(carrier.acknowledged), outside.waiting_on_disk()
            accept_contacts(house, people)
            resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (most, most))
            wait_for(outside.disk_is_empty)
            while carrier.bring_again():
                pass
            wait_until_none(lambda: waiting(house), {SERVE: service})
            outside.pace = FAST
            wait_until_none(lambda: unsettled(house), {SERVE: service})
            toll = Toll()
            judge(toll, database, outside.sandbox.ledger(), {one.sid for one in carrier.acknowledged})
    return {
        "acknowledged": answered,
        "spooled": on_disk,
        "refused": PEOPLE - answered,
        "lost": toll.lost,
        "duplicates": toll.duplicates,
    }
