"""A phone to try: a house of one resident, whose phone is a page in the browser, in real time."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import func, select

from models.column_types import key_ring
from models.contact import Contact
from models.crypto import write_key_ring
from models.match import Match
from models.resident import Phone, Resident, ResidentPhone
from models.session import Durability, Sessions
from models.vocabulary import Channel, ContactState, MatchState
from outreach_api.bootstrap import House, open_house
from outreach_api.clock import JumpingClock
from outreach_api.conversations.bot_process import bot_program
from outreach_api.language import say
from outreach_api.processes import Program, free_port, refuse_taken_port, sole_use_of
from outreach_api.rehearsal.campaigns import open_campaigns
from outreach_api.rehearsal.demo import ACCOUNT_SID, FROM_NUMBER, START_ON, key_ring_of, port_of, sandbox_program
from outreach_api.rehearsal.sandbox import SandboxClient, tied_to
from outreach_api.rehearsal.server import ServerThread
from outreach_api.settings import ROOT, Settings
from outreach_api.voice.by_hand import CannotCall, plan_call
from outreach_api.voice.settings import VoiceSettings
from outreach_api.web.app import create_app
from outreach_api.web.vocabulary_words import VOCABULARY

NUMBER, OWNER, BORN = "+8613900000001", "陈桂芳", date(1943, 5, 12)
OFFERED = ("elderly-allowance", "elderly-health-check")
OPENS, PLANS = clock_time(9, 50), clock_time(10)
"""It gets ready before the planner's hour and lives from then on: the first text comes at once."""
LOOK_SECONDS = 0.25
AGAIN_AFTER = timedelta(days=7)
UNUSED = "none"
"""In the place of a token for the API: no team or hall calls it here."""


@dataclass(frozen=True)
class PhonePlan:
    port: int = 8010
    home: Path = field(default_factory=lambda: ROOT / "var" / "phone")
    bot: tuple[str, str] | None = None
    """Address and secret of an assistant that runs already."""


class PhoneDemo:
    def __init__(self, plan: PhonePlan, console: Console) -> None:
        self.plan = plan
        self.console = console

    def run(self) -> None:
        """Serve until interrupted.

        Raises:
            ProcessFault: another run uses the same folder, or the page's port is taken.
        """
        with contextlib.suppress(KeyboardInterrupt), self.opened() as life:
            address = f"http://127.0.0.1:{self.plan.port}/phone"
            self.console.print(say(f"电话在 {address} ，按 Ctrl-C 结束", f"The phone is at {address}; Ctrl-C ends it"))
            while True:
                life.go_on()
                time.sleep(LOOK_SECONDS)

    @contextlib.contextmanager
    def opened(self) -> Iterator[Life]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(sole_use_of(self.plan.home))
            refuse_taken_port(self.plan.port)
            shutil.rmtree(self.plan.home, ignore_errors=True)
            settings = self._settings()
            write_key_ring(key_ring_of(1), settings.keys)
            with self.console.status(say("等助手和电话就绪", "The assistant and the phone get ready")):
                self._start_programs(stack, settings)
            clock = JumpingClock(datetime.combine(START_ON, OPENS, settings.zone))
            durability = Durability.PROCESS_LOSS
            house = stack.enter_context(open_house(settings, clock=clock, durability=durability))
            _move_in(house.sessions, house)
            stack.enter_context(ServerThread(create_app(house), host=settings.host, port=settings.port))
            sandbox = SandboxClient(settings.twilio_base_url)
            stack.callback(sandbox.close)
            self._tie(house, sandbox)
            # From a job's first look on, its slots count.
            house.tick()
            clock.set(max(datetime.combine(START_ON, PLANS, settings.zone), clock.now()))
            yield Life(house, clock, sandbox)

    def _settings(self) -> Settings:
        port = free_port()
        bot_url, bot_secret = self.plan.bot or (f"http://127.0.0.1:{free_port()}", secrets.token_urlsafe(24))
        return Settings(
            home=self.plan.home,
            database_url="",
            look_ahead=False,
            second_factor_for=[],
            port=port,
            public_url=f"http://127.0.0.1:{port}",
            bot_urls=[bot_url],
            bot_secret=SecretStr(bot_secret),
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=SecretStr(secrets.token_hex(16)),
            twilio_from=FROM_NUMBER,
            twilio_base_url=f"http://127.0.0.1:{self.plan.port}",
            voice=VoiceSettings(enabled=True),
        )

    def _start_programs(self, stack: contextlib.ExitStack, settings: Settings) -> None:
        logs = self.plan.home / "log"
        programs: list[Program] = [sandbox_program(self.plan.port, log=logs / "sandbox.log")]
        if self.plan.bot is None:
            secret = settings.bot_secret.get_secret_value()
            programs.append(bot_program(port=port_of(settings.bot_urls[0]), secret=secret, log=logs / "bot.log"))
        for program in programs:
            stack.callback(program.stop)
            program.start()
        for program in programs:
            program.wait_until_ready()

    def _tie(self, house: House, sandbox: SandboxClient) -> None:
        sandbox.set_world({"people": [], **tied_to(house.settings, start=house.clock.now(), api_token=UNUSED)})
        sandbox.hand_out_phone(NUMBER, OWNER, f"{BORN:%Y-%m}")


@dataclass
class Life:
    """What goes on while somebody holds the phone: a look at the world and at the house, again and again."""

    house: House
    clock: JumpingClock
    sandbox: SandboxClient

    def go_on(self) -> None:
        """Live through everything that is due by now; place a call where one is wished."""
        self.sandbox.set_clock(self.clock.now())
        while self.house.work():
            pass
        if self.sandbox.take_wish():
            self._call()

    def _call(self) -> None:
        """Whoever was called this day is called again a week later: the budget holds for a demo too."""
        if self._called_lately():
            self.clock.set(self.clock.now() + AGAIN_AFTER)
            self.sandbox.set_clock(self.clock.now())
        with self.house.sessions.write() as session:
            resident_id = session.scalars(select(Resident.id)).one()
            try:
                contact_id = plan_call(session, resident_id, now=self.clock.now()).id
            except CannotCall:
                self.sandbox.tell_holder(
                    say(
                        "没有等着跟您说的事了。重新运行一次，从头来过。",
                        "Nothing is open any more. Run this again to begin anew.",
                    )
                )
                return
        while self.house.work():
            pass
        with self.house.sessions.read() as session:
            contact = session.get_one(Contact, contact_id)
            if contact.state is ContactState.CANCELLED and contact.refusal is not None:
                why = say(*VOCABULARY[type(contact.refusal)][contact.refusal])
                self.sandbox.tell_holder(say(f"没有打给您：{why}", f"You were not called: {why}"))

    def _called_lately(self) -> bool:
        since = self.clock.now() - timedelta(days=1)
        called = (Contact.channel == Channel.VOICE, Contact.sent_at > since)
        with self.house.sessions.read() as session:
            return bool(session.scalar(select(func.count()).select_from(Contact).where(*called)))


def _move_in(sessions: Sessions, house: House) -> None:
    """One resident with two things to tell, and campaigns that tell them."""
    now = house.clock.now()
    with sessions.write() as session:
        phone = Phone(number=NUMBER, number_index=key_ring().blind_index(NUMBER, kind="phone"))
        resident = Resident(
            person_key="phone-demo",
            name=OWNER,
            name_index="phone-demo",
            birth_date=BORN,
            street="黄贝街道",
            community="文华社区",
            created_at=now,
        )
        session.add_all((phone, resident))
        session.flush()
        session.add(ResidentPhone(resident_id=resident.id, phone_id=phone.id, source="demo"))
        session.add_all(
            Match(
                resident_id=resident.id,
                policy_id=policy_id,
                policy_version=str(house.cards[policy_id].version),
                state=MatchState.NEW,
                opened_at=now.astimezone(UTC),
                state_changed_at=now,
            )
            for policy_id in OFFERED
        )
        session.flush()
        open_campaigns(session, house.cards.values(), starts_on=START_ON, now=now)
