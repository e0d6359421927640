"""A gateway of the district's own, as a small peer: the plain socket, from ring to goodbye."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from models.vocabulary import MatchState
from tests.voice.lab import ME, Lab

pytestmark = pytest.mark.rasa


class Peer:
    """Speaks the protocol of `docs/voice.md` and nothing else."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def tell(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Send one message; what is said or ordered in answer, up to a text that ends a turn or the end."""
        self.socket.send(json.dumps({"type": kind, **fields}))
        heard: list[dict[str, Any]] = []
        while not heard or (heard[-1]["type"] != "end" and not _is_turns_end(heard)):
            heard.append(json.loads(self.socket.recv(timeout=60)))
        return heard


def _is_turns_end(heard: list[dict[str, Any]]) -> bool:
    return bool(heard[-1]["type"] == "text" and heard[-1]["interruptible"])


def _said(messages: list[dict[str, Any]]) -> str:
    return "".join(sentence for message in messages for sentence in message.get("sentences", ()))


def _url(lab: Lab) -> str:
    return lab.house.settings.public_url.replace("http", "ws", 1) + "/voice/gateway"


def test_without_the_token_the_socket_stays_closed(lab: Lab) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)), connect(_url(lab), proxy=None) as socket:
        socket.recv(timeout=10)


def test_a_districts_own_trunk_carries_a_whole_call(lab: Lab) -> None:
    lab.into_contact_hours()
    resident_id, number, matches = lab.a_resident()
    contact_id = lab.plan_call(resident_id, number, matches)
    with connect(_url(lab), additional_headers={"Authorization": "Bearer gate"}, proxy=None) as socket:
        peer = Peer(socket)
        opening = peer.tell("setup", call="trunk-1", direction="out", number=number, contact=contact_id)
        assert "姓什么" in _said(opening)
        assert opening[0]["interruptible"] is False
        socket.send('{"type": "weather"}')
        assert "高龄津贴" in _said(peer.tell("prompt", text=ME))
        assert "登记" in _said(peer.tell("dtmf", digit="1"))
        leaving = peer.tell("prompt", text="没有了")
        assert "再见" in _said(leaving)
    states = [row.state for row in lab.all_matches(matches)]
    assert states == [MatchState.APPLIED_BY_REPLY]


def test_after_a_break_the_call_goes_on_where_it_was(lab: Lab) -> None:
    lab.into_contact_hours()
    resident_id, number, matches = lab.a_resident()
    contact_id = lab.plan_call(resident_id, number, matches)
    setup = {"call": "trunk-2", "direction": "out", "number": number, "contact": contact_id}
    headers = {"Authorization": "Bearer gate"}
    with connect(_url(lab), additional_headers=headers, proxy=None) as socket:
        Peer(socket).tell("setup", **setup)
        Peer(socket).tell("prompt", text=ME)
    with connect(_url(lab), additional_headers=headers, proxy=None) as socket:
        again = Peer(socket).tell("setup", **setup)
        assert "断了一下" in _said(again)
        assert "姓什么" not in _said(again)
        assert "登记" in _said(Peer(socket).tell("dtmf", digit="1"))
