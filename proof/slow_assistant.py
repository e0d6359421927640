"""Each turn of the assistant takes ten seconds: texts are still acknowledged at once, and a stop binds."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable

from sqlalchemy import func, select

from bench.databases import ENGINES, fresh_database
from bench.sending_house import accept_contacts, settle_people
from bench.street import working_folder
from models.conversation import ContactStop, Inbound
from outreach_api.bootstrap import House, open_house
from outreach_api.settings import Settings
from proof.killed_house import API, WORKER
from proof.outside import REAL, STOP, Carrier, Outside, number_of, program_of, use, wait_for
from proof.peers import peer

TURN_SECONDS = 10.0
QUESTIONS = 30
ASKED = "我妈妈能领多少钱，要带什么证件去办"
ANSWER = {"directives": [{"do": "say", "line": "acknowledged"}], "ranking": [], "clauses": [], "model": "slow"}


def slow_the_assistant() -> dict[str, float]:
    """Thirty questions, then a stop behind them: the slowest webhook, what was lost, how soon the stop bound.

    Raises:
        ProcessFault: there is no PostgreSQL here, or a program did not start.
    """
    with (
        working_folder() as folder,
        fresh_database(ENGINES[1], folder) as database,
        peer(lambda _: ANSWER, after_seconds=TURN_SECONDS) as assistant,
    ):
        outside = Outside(folder, database, pace=REAL)
        environment = outside.environment | {
            "OUTREACH_BOT_URLS": json.dumps([assistant.url]),
            "OUTREACH_BOT_TIMEOUT_SECONDS": str(2 * TURN_SECONDS),
        }
        use(environment)
        with (
            open_house(Settings(_env_file=None), clock=outside.clock) as house,
            outside.running(),
            contextlib.closing(Carrier(outside.url)) as carrier,
            program_of(API, environment),
            program_of(WORKER, environment),
        ):
            with house.sessions.write() as session:
                accept = settle_people(session, QUESTIONS + 1)
            accept_contacts(house, accept)
            wait_for(lambda: len(outside.sandbox.ledger()["creates"]) > QUESTIONS)
            for person in range(QUESTIONS):
                carrier.bring(number_of(person), ASKED)
            wait_for(lambda: bool(assistant.asked))
            stop = carrier.bring(number_of(QUESTIONS), STOP)
            wait_for(_is_stopped(house))
            bound = time.monotonic() - stop.at
            with house.sessions.read() as session:
                kept = set(session.scalars(select(Inbound.provider_ref)))
        acknowledged = {one.sid for one in carrier.acknowledged}
        return {
            "acknowledged": len(acknowledged),
            "slowest_answer_s": carrier.slowest_seconds,
            "lost": len(acknowledged - kept),
            "stop_binds_s": bound,
        }


def _is_stopped(house: House) -> Callable[[], bool]:
    def asked() -> bool:
        with house.sessions.read() as session:
            return bool(session.scalar(select(func.count()).select_from(ContactStop)))

    return asked
