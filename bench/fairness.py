"""A campaign with a hundred thousand messages queued, and single messages of another: how long until those start.

Both go to the sandbox's carrier over HTTP, through the sender as it runs in an installation. The comparison is
computed: a sender that goes by due times alone would first send the whole queue, at the rate that was measured.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from contextlib import ExitStack
from datetime import date, datetime
from datetime import time as clock_time
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, select

from bench.frame import Aim, Bench, Comparison, Measure, Measured, Progress
from bench.street import working_folder
from models.contact import Campaign, Contact
from models.vocabulary import CampaignState, ContactState
from outreach_api.bootstrap import House, open_house
from outreach_api.clock import RunningClock
from outreach_api.delivery.worker import deliver_due
from outreach_api.processes import free_port
from outreach_api.rehearsal.crowd import add_crowd, match_crowd
from outreach_api.rehearsal.demo import ACCOUNT_SID, FROM_NUMBER, sandbox_program
from outreach_api.rehearsal.sandbox import SandboxClient
from outreach_api.rehearsal.singles import Singles
from outreach_api.settings import Settings

DAY, MORNING = date(2026, 3, 3), clock_time(10)
LONG, OTHER = "elderly-allowance", "elderly-health-check"
MOST_SECONDS = 1.0
SINGLES = 20
EVERY_SECONDS = 0.5
PASS = 200


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--queued", type=int, default=100_000, metavar="N", help="messages of the long campaign")


def _run(chosen: Namespace, progress: Progress) -> Measured:
    with working_folder() as folder, ExitStack() as stack:
        settings = _settings(folder)
        program = sandbox_program(int(settings.twilio_base_url.rsplit(":", 1)[1]), log=folder / "sandbox.log")
        stack.callback(program.stop)
        program.start()
        start = datetime.combine(DAY, MORNING, settings.zone)
        house = stack.enter_context(open_house(settings, clock=RunningClock(start)))
        other_id, others = _queue(house, chosen.queued)
        program.wait_until_ready()
        _tell_sandbox(stack, settings, start)
        progress(f"{chosen.queued:,} queued; sending, with {SINGLES} of another campaign in between")
        singles = Singles(house.sessions, house.clock, other_id, OTHER, others, EVERY_SECONDS)
        began = house.clock.now()
        singles.start()
        while len(singles.starts()) < SINGLES:
            deliver_due(house.sessions, house.carriers, house.clock, limit=PASS)
        singles.stop()
        seconds = (house.clock.now() - began).total_seconds()
        starts = singles.starts()
        sent = _sent(house)
        # By due time alone the whole queue, which was there first, is sent before.
        in_order = (chosen.queued - SINGLES) / (sent / seconds)
        return Measured(
            values={"other_start_s": max(starts), "other_start_median_s": median(starts), "sent_per_s": sent / seconds},
            compared_with=[Comparison("order of due times, at this rate", in_order, in_order / max(starts))],
            machine={"queued": chosen.queued, "sent_meanwhile": sent},
        )


def _settings(folder: Path) -> Settings:
    return Settings(
        home=folder,
        database_url="",
        public_url="http://127.0.0.1:9",
        twilio_account_sid=ACCOUNT_SID,
        twilio_auth_token=SecretStr("bench"),
        twilio_from=FROM_NUMBER,
        twilio_base_url=f"http://127.0.0.1:{free_port()}",
    )


def _queue(house: House, queued: int) -> tuple[int, range]:
    now = house.clock.now()
    crowd = add_crowd(house.sessions, queued + SINGLES, street="bench", now=now)
    same: dict[str, Any] = {"state": CampaignState.RUNNING, "daily_cap": 10 * queued, "starts_on": DAY}
    with house.sessions.write() as session:
        long = Campaign(policy_id=LONG, name=LONG, priority=1, **same)
        other = Campaign(policy_id=OTHER, name=OTHER, priority=100, **same)
        session.add_all((long, other))
        session.flush()
        ids = long.id, other.id
    match_crowd(house.sessions, LONG, ids[0], queued, now=now)
    return ids[1], crowd[queued:]


def _tell_sandbox(stack: ExitStack, settings: Settings, start: datetime) -> None:
    sandbox = SandboxClient(settings.twilio_base_url)
    stack.callback(sandbox.close)
    account = {
        "account_sid": settings.twilio_account_sid,
        "auth_token": settings.twilio_auth_token.get_secret_value(),
    }
    nowhere = {"inbound": settings.public_url, "api": settings.public_url, "api_token": "none"}
    sandbox.set_world({"people": [], "seed": 7, "start": start.isoformat(), "callbacks": nowhere, **account})


def _sent(house: House) -> int:
    accepted = select(func.count()).select_from(Contact).where(Contact.state == ContactState.ACCEPTED)
    with house.sessions.read() as session:
        return session.scalar(accepted) or 0


BENCH = Bench(
    name="fairness",
    measures=(
        Measure("other_start_s", "s", Aim(at_most=MOST_SECONDS)),
        Measure("other_start_median_s", "s"),
        Measure("sent_per_s", "messages/s"),
    ),
    run=_run,
    add_arguments=_add_arguments,
)
