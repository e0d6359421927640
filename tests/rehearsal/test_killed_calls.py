"""The API killed in the middle of twenty calls: each ends with a goodbye, and nothing said is lost or counted twice."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from bench.front_door import ACCOUNT, TOKEN, a_port, front_door, front_door_environment
from bench.voice import people_being_called
from models.contact import ContactMatch
from models.conversation import Consent, Inbound
from models.match import Match
from models.session import Sessions, make_engine
from models.vocabulary import InboundState, MatchState
from outreach_api.bootstrap import House, open_house
from outreach_api.clock import VirtualClock
from outreach_api.settings import Settings
from outreach_api.voice.twiml import PATH
from sandbox.backend import Backend
from sandbox.carrier.line import Line
from sandbox.carrier.listening import Act, HangUp, Say
from sandbox.carrier.relay_socket import RelaySession
from sandbox.world import Callbacks
from tests.bot.conftest import Bot

pytestmark = [pytest.mark.rasa, pytest.mark.exhaustive, pytest.mark.timeout(600)]
CALLS = 20
IDENTITY, YES = "我姓陈，五月生的", "同意"
GOODBYE = "线路不好，我们过后再联系您，再见。"
LONGEST_THOUGHT_SECONDS = 1.5


class Thoughtful:
    """Takes a while over each answer."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._acts: list[Act] = [Say(IDENTITY), Say(YES), Say("没有了，再见")]

    def hear(self, said: str) -> Act:
        if "再见" in said:
            return HangUp()
        time.sleep(self._dice.uniform(0, LONGEST_THOUGHT_SECONDS))
        return self._acts.pop(0) if self._acts else HangUp()


class _Elsewhere(BaseHTTPRequestHandler):
    """The static goodbye that the carrier turns to when we do not answer."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f'<Response><Say language="cmn-CN">{GOODBYE}</Say><Hangup/></Response>'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def goodbye_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def a_line(port: int, place: int, number: str, goodbye_url: str) -> tuple[str, Line]:
    sid = f"CA{place:032d}"
    form = {"AccountSid": ACCOUNT, "CallSid": sid, "CallStatus": "in-progress", "Direction": "outbound-api"}
    form |= {"From": "+8675500012345", "To": number}
    here = f"http://127.0.0.1:{port}"
    backend = Backend(Callbacks(inbound=here, api=here, api_token="none"), TOKEN)

    def fetch(url: str, fields: object) -> str | None:
        status, document = backend.twiml(url, {**form, **fields})  # type: ignore[dict-item]
        return document if status == 200 else None

    listener = Thoughtful(random.Random(place))
    return sid, Line(listener, fetch, RelaySession(TOKEN, form), fallback_url=goodbye_url)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_calls_end_kindly_and_lose_or_double_nothing(assistant: Bot, tmp_path: Path, goodbye_url: str) -> None:
    port = a_port()
    database = f"sqlite:///{tmp_path / 'outreach.db'}"
    environment = front_door_environment(tmp_path, database, port=port)
    environment |= {"OUTREACH_VOICE_ENABLED": "true", "OUTREACH_BOT_SECRET": assistant.secret}
    environment["OUTREACH_BOT_URLS"] = f'["{assistant.client.base_url}"]'
    called = people_being_called(environment, tmp_path, CALLS)
    lines = {}
    with front_door(environment) as door:
        for place, (number, contact_id) in enumerate(called):
            sid, line = a_line(port, place, number, goodbye_url)
            lines[sid] = (line, contact_id)
        answer = f"http://127.0.0.1:{port}{PATH}/answer?contact="
        threads = [
            threading.Thread(target=line.run, args=(f"{answer}{contact_id}", {"AnsweredBy": "human"}))
            for line, contact_id in lines.values()
        ]
        for thread in threads:
            thread.start()
        engine = make_engine(database)
        # In the middle: most have said who they are, some have agreed.
        wait_until(lambda: _said_so_far(Sessions(engine)) > CALLS)
        os.kill(door.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(60)
        engine.dispose()
    assert all("再见" in line.heard[-1] for line, _ in lines.values())
    assert any(GOODBYE in line.heard[-1] for line, _ in lines.values())
    settings = Settings(
        _env_file=None,
        home=tmp_path,
        database_url=database,
        bot_urls=[str(assistant.client.base_url)],
        bot_secret=SecretStr(assistant.secret),
    )
    # Whoever starts next takes up what the dead process held, once its lease is over.
    with open_house(settings, clock=VirtualClock(datetime.now(UTC) + timedelta(minutes=5))) as house:
        while house.work_off():
            pass
        for sid, (line, contact_id) in lines.items():
            _check(house, sid, line, contact_id)


def _said_so_far(sessions: Sessions) -> int:
    with sessions.read() as session:
        return session.scalar(select(func.count()).select_from(Inbound)) or 0


def _check(house: House, sid: str, line: Line, contact_id: int) -> None:
    with house.sessions.read() as session:
        rows = session.scalars(select(Inbound).where(Inbound.provider_ref.startswith(f"{sid}:"))).all()
        kept = [row.text for row in rows]
        matches = session.scalars(
            select(Match)
            .join(ContactMatch, ContactMatch.match_id == Match.id)
            .where(ContactMatch.contact_id == contact_id)
        ).all()
        consents = session.scalar(select(func.count()).where(Consent.match_id.in_([match.id for match in matches])))
        assert all(row.state is InboundState.DONE for row in rows)
        assert len(kept) == len(set(kept))
        # What was answered was kept; what was cut off on its way in may not have been.
        assert line.said[: len(kept)] == kept
        assert len(line.said) - len(kept) <= 1
        agreed = YES in kept
        assert consents == int(agreed)
        assert (matches[0].state is MatchState.APPLIED_BY_REPLY) is agreed
