"""What a recogniser or a trunk may bring as somebody's words: the call goes on, nothing is agreed, a stop is one."""

from __future__ import annotations

import json

import pytest
from websockets.sync.client import connect

from models.conversation import ContactStop
from outreach_api.voice.settings import Transport
from tests.voice.lab import ME, Lab
from tests.voice.test_gateway import Peer, _url
from tests.web.test_naughty_strings import NAUGHTY

pytestmark = pytest.mark.rasa
LONE = "\\ud83d"
"""Half of an emoji, as it is left where a machine cuts a text by length."""


@pytest.mark.parametrize("transport", [Transport.GATHER, Transport.RELAY])
def test_naughty_words_end_no_call_and_agree_to_nothing(lab: Lab, transport: Transport) -> None:
    lab.use(transport)
    for start in range(0, len(NAUGHTY), 5):
        talked = lab.call(ME, *NAUGHTY[start : start + 5])
        assert talked.faults == []
        assert talked.heard
        assert talked.consents == []


def test_a_trunk_may_bring_halves_of_signs_and_a_stop_beside_them(lab: Lab) -> None:
    lab.into_contact_hours()
    resident_id, number, matches = lab.a_resident()
    contact_id = lab.plan_call(resident_id, number, matches)
    with connect(_url(lab), additional_headers={"Authorization": "Bearer gate"}, proxy=None) as socket:
        peer = Peer(socket)
        peer.tell("setup", call="trunk-naughty", direction="out", number=number, contact=contact_id)
        peer.tell("prompt", text=ME)
        for junk in ("not json", "[]", "[" * 16_000 + LONE, '{"type": 7}', json.dumps({"type": "prompt"})):
            socket.send(junk)
        socket.send(f'{{"type": "prompt", "text": "{LONE}退订\\u0000"}}')
        heard = [json.loads(socket.recv(timeout=60))]
        while heard[-1]["type"] != "end":
            heard.append(json.loads(socket.recv(timeout=60)))
    stops = lab.all(ContactStop, ContactStop.resident_id == resident_id)
    assert [stop.reason.value for stop in stops] == ["opt_out"]
