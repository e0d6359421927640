"""The texts' carrier takes every request and never answers: calls by another one go on, webhooks are answered."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from bench.databases import ENGINES, fresh_database
from bench.sending_house import accept_contacts, settle_people
from bench.street import working_folder
from models.session import make_engine
from outreach_api.bootstrap import House, open_house
from outreach_api.settings import Settings
from outreach_api.voice.by_hand import plan_call
from proof.killed_house import API, WORKER
from proof.outside import REAL, Carrier, Outside, number_of, program_of, use
from proof.peers import Peer, peer

TEXTS, CALLS = 60, 10
FOR_SECONDS = 30.0
EVERY_SECONDS = 0.25
TO_THE_AFTERNOON = timedelta(hours=3)
"""At noon nobody is called."""
LONGEST_OPEN = text(
    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM pg_stat_activity"
    " WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
)


def let_carrier_hang() -> dict[str, float]:
    """Half a minute of it: calls that went out, the slowest webhook, the longest open transaction, doubles.

    Raises:
        ProcessFault: there is no PostgreSQL here, or a program did not start.
    """
    with (
        working_folder() as folder,
        fresh_database(ENGINES[1], folder) as database,
        peer(after_seconds=10 * FOR_SECONDS) as silent,
        peer(_placed) as trunk,
    ):
        outside = Outside(folder, database, pace=REAL)
        outside.jump(TO_THE_AFTERNOON)
        environment = outside.environment | {
            "OUTREACH_TWILIO_BASE_URL": silent.url,
            "OUTREACH_VOICE_ENABLED": "true",
            "OUTREACH_VOICE_GATEWAY_URL": trunk.url,
            "OUTREACH_VOICE_GATEWAY_TOKEN": "unused",
        }
        use(environment)
        with (
            open_house(Settings(_env_file=None), clock=outside.clock) as house,
            outside.running(),
            contextlib.closing(Carrier(outside.url)) as carrier,
            program_of(API, environment),
            program_of(WORKER, environment),
        ):
            longest = _watch(house, carrier, silent)
        begun = Counter(contact for contact in map(_contact, silent.asked_for("/Messages.json")) if contact)
        return {
            "texts_begun": len(begun),
            "begun_twice": sum(count - 1 for count in begun.values()),
            "calls_sent": len(trunk.asked_for("/calls")),
            "slowest_answer_s": carrier.slowest_seconds,
            "unanswered": len(carrier.said) - len(carrier.acknowledged),
            "longest_transaction_s": longest,
        }


def _watch(house: House, carrier: Carrier, silent: Peer) -> float:
    """The longest that a transaction was left open while texts hung, in seconds."""
    with house.sessions.write() as session:
        people = settle_people(session, TEXTS + CALLS)
    accept_contacts(house, people[:TEXTS])
    while not silent.asked_for("/Messages.json"):
        time.sleep(EVERY_SECONDS)
    with house.sessions.write() as session:
        for person in people[TEXTS:]:
            plan_call(session, person["resident_id"], now=house.clock.now())
    engine = make_engine(house.settings.database)
    longest, until, number = 0.0, time.monotonic() + FOR_SECONDS, TEXTS + CALLS
    with engine.connect() as connection:
        while time.monotonic() < until:
            carrier.bring(number_of(number), "1")
            number += 1
            longest = max(longest, float(connection.execute(LONGEST_OPEN).scalar_one()))
            connection.rollback()
            time.sleep(EVERY_SECONDS)
    engine.dispose()
    return longest


def _contact(body: bytes) -> str | None:
    """Which contact a text belongs to, as its callback says."""
    callback = parse_qs(body.decode()).get("StatusCallback", [""])[0]
    return parse_qs(urlsplit(callback).query).get("contact", [None])[0]


def _placed(body: bytes) -> dict[str, object]:
    if not body:
        return {"calls": [], "complete": True}
    return {"call": f"trunk-{json.loads(body)['contact']}"}
