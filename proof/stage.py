"""The stage: a street small enough for a run in a second, made once by the real import and matching, then copied."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select, update

from models.contact import Campaign
from models.crypto import write_key_ring
from models.event import Setting
from models.match import Match
from models.resident import Resident
from models.session import Durability, Sessions
from models.vocabulary import MatchState
from outreach_api.bootstrap import House, import_folder, open_house
from outreach_api.cases.take_places import read_places, take_places
from outreach_api.clock import VirtualClock
from outreach_api.rehearsal.campaigns import add_teams, open_campaigns
from outreach_api.rehearsal.demo import UNHURRIED, key_ring_of
from outreach_api.settings import ROOT, Settings
from outreach_api.voice.settings import Transport, VoiceSettings
from outreach_api.web.tokens import Scope, Terms, add_token
from proof.history import watch_states
from scheduler.planning.rules import CADENCE

START_ON = date(2026, 3, 2)
START_AT = time(8, 0)
RESIDENTS = 1000
PEOPLE = 3
"""So many of the people found missing are in one run."""
SENDER = "+8675525550100"
ACCOUNT = "AC" + "0" * 31 + "2"
TEAMS = ("T01", "T02")
SECOND_RUNGS = (("text_reminder",), ("call",), ("call",), ())
"""What a run's ladder has between its offer and help at home, a day apart: the budget allows no quicker one."""
SMARTPHONES = 0.5
"""Where the texts of a run carry links; three in four of them then open theirs."""
LINES = ("mobile",) * 9 + ("switched_off", "landline", "unknown")


@dataclass(frozen=True)
class Stage:
    """A prepared home. `world` lists the people found missing."""

    home: Path
    settings: Settings
    world: dict[str, Any]
    api_token: str

    @property
    def start(self) -> datetime:
        return datetime.combine(START_ON, START_AT, self.settings.zone).astimezone(UTC)

    def copy_to(self, home: Path) -> Settings:
        """A home of its own for one run."""
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in ("outreach.db", "keys.json"):
            shutil.copyfile(self.home / name, home / name)
        return self.settings.model_copy(update={"home": home})

    def set_for(self, sessions: Sessions, people: list[dict[str, Any]], dice: Random) -> None:
        """Leave only these people still to be reached, by a ladder drawn anew, with links to the chat page or none."""
        names = {person["name"] for person in people}
        ladder = ladder_of("text_offer", *dice.choice(SECOND_RUNGS), "home_help")
        with sessions.write() as session:
            kept = [row.id for row in session.execute(select(Resident.id, Resident.name)) if row.name in names]
            closed = {"state": MatchState.EXPIRED, "closed_at": self.start}
            others = update(Match).where(Match.resident_id.not_in(kept)).values(closed)
            session.execute(others.execution_options(synchronize_session=False))
            session.execute(update(Setting).where(Setting.name == CADENCE).values(value=ladder))
            session.execute(update(Campaign).values(chat_link=dice.random() < 0.5))

    def cast(self, dice: Random, personas: list[str]) -> list[dict[str, Any]]:
        """Some of the people, each with a temper and a line drawn anew."""
        chosen = dice.sample(self.world["people"], PEOPLE)
        return [
            {
                **person,
                "persona": dice.choice(personas),
                "seed": dice.randrange(2**31),
                "smartphone": dice.random() < SMARTPHONES,
                "phones": [{**phone, "line": dice.choice(LINES)} for phone in person["phones"]],
            }
            for person in chosen
        ]


def build_stage(home: Path, *, bot: tuple[str, str], seed: int = 7) -> Stage:
    """Import the street's files, match them, and open the campaigns, as an office would."""
    settings = Settings(
        home=home,
        database_url="",
        look_ahead=False,
        public_url="http://outreach.test",
        bot_urls=[bot[0]],
        bot_secret=SecretStr(bot[1]),
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=SecretStr(secrets.token_hex(16)),
        twilio_from=SENDER,
        carrier_connections=1,
        voice=VoiceSettings(enabled=True, transport=Transport.GATHER),
    )
    shutil.rmtree(home, ignore_errors=True)
    write_key_ring(key_ring_of(seed), settings.keys)
    street = home / "street"
    command = [sys.executable, "-m", "sandbox.street", "--out", str(street), "--seed", str(seed)]
    command += ["--residents", str(RESIDENTS), "--start", START_ON.isoformat()]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    clock = VirtualClock(datetime.combine(START_ON, START_AT, settings.zone))
    with open_house(settings, clock=clock, durability=Durability.PROCESS_LOSS) as house:
        import_folder(house, street, as_of=START_ON)
        house.match(as_of=START_ON)
        token = _open_for_business(house, street)
        watch_states(house.sessions)
    # With its last connection closed, the whole database is in its one file.
    world = json.loads((street / "world.json").read_text())
    return Stage(home, settings, world, token)


def _open_for_business(house: House, street: Path) -> str:
    now = house.clock.now()
    with house.sessions.write() as session:
        open_campaigns(session, house.cards.values(), starts_on=START_ON, now=now)
        take_places(session, read_places(street / "places.json"))
        add_teams(session, TEAMS, visits_per_day=4)
        ladder = ladder_of("text_offer", "home_help")
        session.add(Setting(name=CADENCE, value=ladder, changed_at=now, changed_by="proof"))
        return add_token(session, "sandbox", Terms([Scope.FEEDS, Scope.CASES], calls_a_minute=UNHURRIED), now=now)


def ladder_of(*actions: str) -> list[dict[str, Any]]:
    """The rungs, a day apart."""
    return [{"do": action, "after_days": int(number > 0)} for number, action in enumerate(actions)]
