"""A sender as one builds it with Celery and Redis, in an environment of its own; nothing of the house is in it.

A row a message in PostgreSQL, a task a send and a task a receipt, acknowledged late; Redis keeps its queue on disk once
a second. What it leaves out (encryption, stops, budget, contact hours, transcript, events) is to its advantage.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Any
from urllib.parse import parse_qsl

import psycopg
import requests
from celery import Celery

app = Celery("peer", broker=os.environ["PEER_BROKER"])
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_prefetch_multiplier=16)

DATABASE = os.environ["PEER_DATABASE"]
CARRIER = os.environ["PEER_CARRIER"]
ACCOUNT = os.environ["PEER_ACCOUNT"]
TOKEN = os.environ["PEER_TOKEN"]
PUBLIC = os.environ["PEER_PUBLIC"]
STATUS_PATH = "/webhooks/twilio/status"
RANKS = {"sent": 1, "delivered": 2, "undelivered": 2}
TABLE = """
CREATE TABLE IF NOT EXISTS peer_message (
    id BIGSERIAL PRIMARY KEY, number TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'accepted',
    rank INT NOT NULL DEFAULT 0, reference TEXT)
"""
_open: dict[str, Any] = {}


def database() -> psycopg.Connection[Any]:
    if "database" not in _open:
        _open["database"] = psycopg.connect(DATABASE)
    connection: psycopg.Connection[Any] = _open["database"]
    return connection


def carrier() -> requests.Session:
    if "carrier" not in _open:
        session = requests.Session()
        session.trust_env = False
        session.auth = (ACCOUNT, TOKEN)
        _open["carrier"] = session
    kept: requests.Session = _open["carrier"]
    return kept


@app.task(name="send")  # type: ignore[untyped-decorator]
def send(number: int) -> None:
    with database().transaction():
        claimed = database().execute(
            "UPDATE peer_message SET state = 'sending' WHERE id = %s AND state = 'accepted' RETURNING number, body",
            (number,),
        )
        row = claimed.fetchone()
    if row is None:
        return
    form = {
        "To": row[0],
        "From": "+8675500012345",
        "Body": row[1],
        "StatusCallback": f"{PUBLIC}{STATUS_PATH}?contact={number}",
    }
    answer = carrier().post(f"{CARRIER}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", data=form, timeout=10)
    answer.raise_for_status()
    with database().transaction():
        database().execute(
            "UPDATE peer_message SET reference = %s, state = CASE rank WHEN 0 THEN 'sent' ELSE state END WHERE id = %s",
            (answer.json()["sid"], number),
        )


@app.task(name="receipt")  # type: ignore[untyped-decorator]
def receipt(number: int, status: str) -> None:
    with database().transaction():
        database().execute(
            "UPDATE peer_message SET state = %s, rank = %s WHERE id = %s AND rank < %s",
            (status, RANKS[status], number, RANKS[status]),
        )


async def callbacks(scope: dict[str, Any], receive: Any, send_answer: Any) -> None:
    """An ASGI application: checks the signature, queues the receipt, answers."""
    if scope["type"] != "http":
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    query = scope["query_string"].decode()
    form = dict(parse_qsl(body.decode()))
    signed = f"{PUBLIC}{scope['path']}?{query}" + "".join(name + form[name] for name in sorted(form))
    expected = base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest())
    genuine = hmac.compare_digest(expected, dict(scope["headers"]).get(b"x-twilio-signature", b""))
    if scope["path"] == STATUS_PATH and genuine and form["MessageStatus"] in RANKS:
        receipt.delay(int(query.partition("=")[2]), form["MessageStatus"])
    status = 204 if genuine else 403
    await send_answer({"type": "http.response.start", "status": status, "headers": []})
    await send_answer({"type": "http.response.body", "body": b""})
