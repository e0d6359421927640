"""Against a receiver that listens: what it is sent, and what becomes of it whatever it answers."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
from cryptography.hazmat.primitives.hashes import SHA256, SM3
from cryptography.hazmat.primitives.hmac import HMAC
from sqlalchemy import select

from models.ciphers import HashName
from models.hook import HookDelivery, HookTarget
from models.session import Sessions
from models.undertaking import Undertaking
from models.vocabulary import CaseKind, HookState, HookTopic
from outreach_api.cases.work_case import Assignee, accept
from outreach_api.hooks.addresses import networks
from outreach_api.hooks.send import CUT_OFF_AFTER, KEPT_FOR, PAUSES, Claimed, Outcome, Poster, send_due
from outreach_api.hooks.signing import headers_for, new_secret
from outreach_api.hooks.targets import TargetRefused, add_target, end_target, ping, send_again
from tests.builders import NOON, a_case, a_database, a_match, a_staff_member, an_undertaking

pytestmark = pytest.mark.engines
HERE = networks(["127.0.0.0/8"])


@dataclass
class Receiver:
    """Answers with `status`, and remembers what came."""

    status: int = 204
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://receiver.test:{self.port}/hooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    here = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            here.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(here.status)
            if 300 <= here.status < 400:
                self.send_header("location", f"http://127.0.0.1:{here.port}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        here.port = server.server_port
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield here
        server.shutdown()
        thread.join()


def test_a_receiver_that_answers_drop_by_drop_is_left(sessions: Sessions) -> None:
    """Each drop comes in time; all of them together never would."""
    over = Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not over.wait(0.02):
                connection.sendall(b"x-drop: 1\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=drip, args=(listener,))
        thread.start()
        url = f"http://receiver.test:{listener.getsockname()[1]}/"
        telling = Claimed(1, "msg_1", url, new_secret(), b"{}", 1)
        poster = Poster(HERE, look_up=lambda _host, _port: ["127.0.0.1"], seconds=0.3)
        assert poster(telling, at=NOON) == Outcome(fault="TimeoutError")
        over.set()
        thread.join()


@pytest.mark.parametrize(("by", "mark"), [(HashName.SHA256, "v1,"), (HashName.SM3, "v1sm3,")])
def test_a_signature_says_which_hash_it_is_of(by: HashName, mark: str) -> None:
    secret = new_secret()
    headers = headers_for("msg_1", b"{}", secret, at=NOON, by=by)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"msg_1.{headers['webhook-timestamp']}.{{}}".encode()
    hashed = {HashName.SHA256: SHA256, HashName.SM3: SM3}[by]()
    made = HMAC(key, hashed)
    made.update(signed)
    assert headers["webhook-signature"] == mark + base64.b64encode(made.finalize()).decode()


@pytest.fixture
def sessions(engine: object) -> Sessions:
    return a_database()


@pytest.fixture
def target(sessions: Sessions, receiver: Receiver) -> int:
    topics = [HookTopic.CASE_OPENED, HookTopic.CASE_CHANGED]
    with sessions.write() as session:
        under = an_undertaking(session, "queue.read", "conversations.read").id
        return add_target(session, "erp", receiver.url, topics, under=under, by="terminal", now=NOON).id


def poster(*addresses: str) -> Poster:
    return Poster(HERE, look_up=lambda _host, _port: addresses or ("127.0.0.1",))


def deliveries(sessions: Sessions) -> list[HookDelivery]:
    with sessions.read() as session:
        rows = list(session.scalars(select(HookDelivery).order_by(HookDelivery.id)))
        session.expunge_all()
        return rows


def test_a_case_is_told_signed_with_ids_and_states_and_no_person(
    sessions: Sessions, receiver: Receiver, target: int
) -> None:
    with sessions.write() as session:
        case = a_case(session, a_match(session), kind=CaseKind.HUMAN, summary="陈秀兰 13800001234")
        accept(session, case.id, Assignee(staff_id=a_staff_member(session).id), by="staff:1", now=NOON)
        case_id = case.id
    assert send_due(sessions, poster(), now=NOON) == 2
    # In what order they arrive is not promised.
    in_order = sorted(receiver.came, key=lambda came: json.loads(came[1])["type"], reverse=True)
    headers, body = in_order[0]
    told = json.loads(body)
    assert (told["type"], told["data"]["case"], told["data"]["kind"]) == ("case.opened", case_id, "human")
    assert "陈秀兰" not in body.decode()
    with sessions.read() as session:
        secret = session.get_one(HookTarget, target).secret
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert int(headers["webhook-timestamp"]) == NOON.timestamp()
    assert headers["host"] == f"receiver.test:{receiver.port}"
    assert [json.loads(body)["data"]["change"] for _, body in in_order] == ["opened", "accepted"]
    assert {row.state for row in deliveries(sessions)} == {HookState.DELIVERED}
    assert send_due(sessions, poster(), now=NOON + timedelta(days=1)) == 0


def test_what_was_rolled_back_is_told_to_nobody(sessions: Sessions, target: int) -> None:
    def fail_after_opening() -> None:
        with sessions.write() as session:
            a_case(session, a_match(session))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_opening()
    assert deliveries(sessions) == []


def test_only_the_topics_that_were_asked_for_are_told(sessions: Sessions, receiver: Receiver, target: int) -> None:
    with sessions.write() as session:
        topics = [HookTopic.CONVERSATION_OUTCOME]
        add_target(session, "other", receiver.url, topics, under=1, by="terminal", now=NOON)
        a_case(session, a_match(session))
    assert [row.target_id for row in deliveries(sessions)] == [target]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_is_not_taken_is_tried_again_with_growing_pauses_and_then_given_up(
    sessions: Sessions, receiver: Receiver, target: int, status: int
) -> None:
    receiver.status = status
    with sessions.write() as session:
        ping(session, target, now=NOON)
    at = NOON
    for pause in PAUSES:
        assert send_due(sessions, poster(), now=at) == 1
        assert send_due(sessions, poster(), now=at + pause - timedelta(seconds=1)) == 0
        at += pause
    send_due(sessions, poster(), now=at)
    (row,) = deliveries(sessions)
    assert (row.state, row.attempts, row.status) == (HookState.GIVEN_UP, len(PAUSES) + 1, status)
    # A redirect was not followed: each try came here once.
    assert len(receiver.came) == len(PAUSES) + 1
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1


def test_one_that_was_given_up_is_sent_again_on_demand(sessions: Sessions, receiver: Receiver, target: int) -> None:
    with sessions.write() as session:
        sent = ping(session, target, now=NOON)
        with pytest.raises(TargetRefused):
            send_again(session, sent.id, now=NOON)
        sent.state = HookState.GIVEN_UP
        send_again(session, sent.id, now=NOON)
    send_due(sessions, poster(), now=NOON)
    assert [row.state for row in deliveries(sessions)] == [HookState.DELIVERED]


def test_a_receiver_that_is_gone_ends_its_webhook(sessions: Sessions, receiver: Receiver, target: int) -> None:
    receiver.status = 410
    with sessions.write() as session:
        ping(session, target, now=NOON)
        ping(session, target, now=NOON + timedelta(minutes=1))
    send_due(sessions, poster(), now=NOON)
    assert send_due(sessions, poster(), now=NOON + timedelta(minutes=1)) == 0
    with sessions.read() as session:
        assert session.get_one(HookTarget, target).ended_because == "gone"
    assert [row.fault for row in deliveries(sessions)] == [None, "target_ended"]
    assert len(receiver.came) == 1


def test_an_ended_webhook_is_told_nothing_more(sessions: Sessions, receiver: Receiver, target: int) -> None:
    with sessions.write() as session:
        end_target(session, target, by="staff:1", now=NOON)
        a_case(session, a_match(session))
        with pytest.raises(TargetRefused):
            ping(session, target, now=NOON)
    assert deliveries(sessions) == []


def test_a_try_that_was_cut_off_is_taken_up_again_with_its_id(
    sessions: Sessions, receiver: Receiver, target: int
) -> None:
    def dies(*_: object, **__: object) -> Outcome:
        raise KeyboardInterrupt

    with sessions.write() as session:
        ping(session, target, now=NOON)
    with pytest.raises(KeyboardInterrupt):
        send_due(sessions, dies, now=NOON)
    assert send_due(sessions, poster(), now=NOON + timedelta(seconds=30)) == 0
    assert send_due(sessions, poster(), now=NOON + CUT_OFF_AFTER) == 1
    assert receiver.came[0][0]["webhook-id"] == deliveries(sessions)[0].message_id


def test_a_receiver_nobody_finds_or_that_is_down_is_a_fault_of_the_try(sessions: Sessions, target: int) -> None:
    def no_such_name(_host: str, _port: int) -> list[str]:
        raise OSError

    with sessions.write() as session:
        ping(session, target, now=NOON)
        session.get_one(HookTarget, target).url = "http://receiver.test:1/hooks"
    send_due(sessions, Poster(HERE, look_up=no_such_name), now=NOON)
    assert deliveries(sessions)[0].fault == "name_not_found"
    send_due(sessions, poster(), now=NOON + PAUSES[0])
    assert deliveries(sessions)[0].fault == "ConnectError"


def test_an_inner_address_is_not_connected_to(sessions: Sessions, receiver: Receiver, target: int) -> None:
    with sessions.write() as session:
        ping(session, target, now=NOON)
    send_due(sessions, Poster(look_up=lambda _host, _port: ["127.0.0.1"]), now=NOON)
    assert (receiver.came, deliveries(sessions)[0].fault) == ([], "address_refused")


def test_old_tellings_are_forgotten(sessions: Sessions, receiver: Receiver, target: int) -> None:
    with sessions.write() as session:
        ping(session, target, now=NOON)
    send_due(sessions, poster(), now=NOON)
    with sessions.write() as session:
        ping(session, target, now=NOON + KEPT_FOR + timedelta(days=1))
    send_due(sessions, poster(), now=NOON + KEPT_FOR + timedelta(days=1))
    assert len(deliveries(sessions)) == 1


def test_a_target_rests_on_an_application_that_opens_what_it_is_told_of(
    sessions: Sessions, receiver: Receiver, target: int
) -> None:
    with sessions.write() as session:
        narrow = an_undertaking(session, "reports.read").id
        for under in (narrow, 999):
            with pytest.raises(TargetRefused):
                add_target(session, "x", receiver.url, [HookTopic.CASE_OPENED], under=under, by="terminal", now=NOON)


def test_nothing_is_told_once_the_application_is_over(sessions: Sessions, receiver: Receiver, target: int) -> None:
    with sessions.write() as session:
        a_case(session, a_match(session), kind=CaseKind.HUMAN)
        session.get_one(Undertaking, 1).expires_at = NOON + timedelta(seconds=1)
    assert send_due(sessions, Poster(HERE, lambda *_: ["127.0.0.1"]), now=NOON + timedelta(minutes=1)) == 0
    with sessions.write() as session:
        told = session.scalars(select(HookDelivery)).one()
        assert (told.state, told.fault) == (HookState.GIVEN_UP, "application_over")
        a_case(session, a_match(session), kind=CaseKind.HUMAN, now=NOON + timedelta(minutes=1))
        assert len(session.scalars(select(HookDelivery)).all()) == 1
    assert receiver.came == []
