"""One house and one carrier for all calls of a worker; every call has a resident and a number of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from models.column_types import use_key_ring
from models.session import Durability, Sessions, make_engine
from models.tables import metadata
from outreach_api.bootstrap import House, carriers_of
from outreach_api.catalogue.book import Book
from outreach_api.clock import VirtualClock
from outreach_api.conversations.rasa_bot import RasaBot
from outreach_api.processes import free_port
from outreach_api.rehearsal.server import ServerThread
from outreach_api.settings import ROOT, Settings
from outreach_api.voice.settings import VoiceSettings
from outreach_api.web.app import create_app
from sandbox.outside import Outside
from sandbox.serve import build_app
from sandbox.world import World
from scheduler.policies.load import load_catalogue
from tests.builders import a_key_ring
from tests.conversations.conftest import cards, rasa  # noqa: F401 - fixtures
from tests.voice.lab import START, Lab


def settings_for(home: Path, *, sandbox_port: int) -> Settings:
    port = free_port()
    return Settings(
        home=home,
        database_url="",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        twilio_account_sid="AC" + "0" * 32,
        twilio_auth_token=SecretStr("voice-token"),
        twilio_from="+8675525550100",
        twilio_base_url=f"http://127.0.0.1:{sandbox_port}",
        voice=VoiceSettings(
            enabled=True, relay_silence_seconds=30.0, seconds_per_character=0.0, gateway_token=SecretStr("gate")
        ),
    )


@contextlib.contextmanager
def a_lab(home: Path, bot: RasaBot) -> Iterator[Lab]:
    sandbox_port = free_port()
    settings = settings_for(home, sandbox_port=sandbox_port)
    ring = a_key_ring()
    use_key_ring(ring)
    engine = make_engine(settings.database, durability=Durability.PROCESS_LOSS)
    metadata.create_all(engine)
    sessions, clock = Sessions(engine), VirtualClock(START)
    carriers = carriers_of(settings, sessions, clock)
    book = Book(lambda: load_catalogue(ROOT / "policies"), sessions, clock, settings.zone)
    house = House(settings, ring, sessions, clock, book, carriers, bot)
    world = World.model_validate(
        {
            "people": [],
            "callbacks": {"inbound": f"{settings.public_url}/webhooks/twilio/inbound", "api": settings.public_url}
            | {"api_token": "none"},
            "account_sid": settings.twilio_account_sid,
            "auth_token": settings.twilio_auth_token.get_secret_value(),
            "start": START,
        }
    )
    outside = Outside(world)
    app = build_app()
    app.state.outside = outside
    with (
        ServerThread(create_app(house), host="127.0.0.1", port=settings.port),
        ServerThread(app, host="127.0.0.1", port=sandbox_port),
    ):
        yield Lab(house, clock, outside)
    outside.close()
    for carrier in carriers.values():
        carrier.close()  # type: ignore[attr-defined]
    engine.dispose()


@pytest.fixture(scope="session")
def lab(
    tmp_path_factory: pytest.TempPathFactory,
    rasa: RasaBot,  # noqa: F811
) -> Iterator[Lab]:
    with a_lab(tmp_path_factory.mktemp("voice"), rasa) as made:
        yield made
