"""The platform's XML, read without entities and written for a passive answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from outreach_api.wechat.crypto import NotGenuine

MOST_FIELDS = 60
_NEVER_IN_XML = bytes(set(range(32)) - set(b"\t\n\r"))
_NO_SIGNS = ("\ufffe".encode(), "\uffff".encode())


@dataclass(frozen=True)
class Arrived:
    """A message or an event of one follower."""

    openid: str
    account: str
    kind: str
    """`text`, `voice`, … or `event`."""
    text: str
    event: str
    event_key: str
    reference: str
    """The same for each delivery of one message or event."""
    entries: tuple[dict[str, str], ...] = ()
    """Of an event about notices: one for each."""


def _readable(body: bytes) -> bytes:
    """Without what no XML may hold: a stop must not be lost for a control character beside it."""
    body = body.translate(None, _NEVER_IN_XML)
    for sign in _NO_SIGNS:
        body = body.replace(sign, b"")
    return body


def read_fields(body: bytes) -> dict[str, str]:
    """The fields under the root.

    Raises:
        NotGenuine: it is no XML of the platform's.
    """
    return read_all(body)[0]


def read_all(body: bytes) -> tuple[dict[str, str], tuple[dict[str, str], ...]]:
    """The fields under the root, and the entries of its one list.

    No document type is read, and so no entity of anybody's making.

    Raises:
        NotGenuine: it is no XML of the platform's.
    """
    fields: dict[str, str] = {}
    entries: list[dict[str, str]] = []
    path: list[str] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: Any) -> None:
        raise NotGenuine("a document type is not taken")

    def start(name: str, _: Any) -> None:
        path.append(name)
        if len(path) == 3 and name == "List":
            entries.append({})
        if len(path) > 4 or len(fields) + sum(map(len, entries)) + len(entries) > MOST_FIELDS:
            raise NotGenuine("too deep, or too many fields")

    def text(found: str) -> None:
        if len(path) == 2:
            fields[path[1]] = fields.get(path[1], "") + found
        elif len(path) == 4 and path[2] == "List":
            entries[-1][path[3]] = entries[-1].get(path[3], "") + found

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: path.pop() and None
    parser.CharacterDataHandler = text
    try:
        parser.Parse(_readable(body), True)  # noqa: FBT003 - expat's own
    except (expat.ExpatError, UnicodeError) as fault:
        raise NotGenuine("not XML") from fault
    return fields, tuple(entries)


def as_arrived(fields: dict[str, str], entries: tuple[dict[str, str], ...] = ()) -> Arrived:
    """Raises: NotGenuine: it lacks what every message has."""
    try:
        openid, kind, created = fields["FromUserName"], fields["MsgType"], fields["CreateTime"]
    except KeyError as fault:
        raise NotGenuine(f"{fault} is missing") from fault
    event = fields.get("Event", "")
    reference = fields.get("MsgId") or f"{openid[-20:]}:{created}:{event}"
    return Arrived(
        openid=openid,
        account=fields.get("ToUserName", ""),
        kind=kind,
        text=fields.get("Content") or fields.get("Recognition", ""),
        event=event.lower(),
        event_key=fields.get("EventKey", ""),
        reference=reference[:64],
        entries=entries,
    )


def passive_answer(arrived: Arrived, text: str, *, now: datetime) -> str:
    """A text in answer to this message, within its own request."""
    return (
        f"<xml><ToUserName>{escape(arrived.openid)}</ToUserName><FromUserName>{escape(arrived.account)}</FromUserName>"
        f"<CreateTime>{int(now.timestamp())}</CreateTime><MsgType>text</MsgType>"
        f"<Content>{escape(text)}</Content></xml>"
    )
