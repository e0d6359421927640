"""What the account hears: kept, with its effects, in one transaction; talk goes to the inbox of all channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.column_types import key_ring
from models.contact import Receipt
from models.conversation import Inbound
from models.event import Event
from models.resident import Phone
from models.session import Sessions
from models.vocabulary import Channel, EventKind
from models.wechat import WechatFollower, WechatSeen
from outreach_api.conversations.copy_deck import say
from outreach_api.waking import wake
from outreach_api.wechat.crypto import WINDOW, NotGenuine
from outreach_api.wechat.followers import ADDRESS, bind, code_in, follower_of, unbind, wants_unbinding
from outreach_api.wechat.messages import Arrived
from outreach_api.wechat.notices import NoticeCarrier

PROVIDER = "wechat"
NOTICES = NoticeCarrier.name
SCENE = "qrscene_"
TAKING = ("subscribe_msg_popup_event", "subscribe_msg_change_event")
SENT = "subscribe_msg_sent_event"


@dataclass(frozen=True)
class Door:
    """How a request was signed, so that it counts once."""

    signature: str
    now: datetime


def take(sessions: Sessions, arrived: Arrived, door: Door) -> str | None:
    """Keep what arrived; what to answer within the request, or None: the answer comes by itself.

    Raises:
        NotGenuine: this very request was taken before.
    """
    with sessions.write() as session:
        _note_signature(session, door)
        follower = follower_of(session, arrived.openid)
        if arrived.event == "unsubscribe":
            follower.follows = False
            return None
        follower.follows = True
        if arrived.event != SENT:
            follower.last_heard_at = door.now
        if arrived.kind == "event":
            return _event(session, follower, arrived, door)
        return _said(session, follower, arrived, arrived.text, door)


def _note_signature(session: Session, door: Door) -> None:
    session.execute(delete(WechatSeen).where(WechatSeen.at < door.now - 2 * WINDOW - timedelta(minutes=1)))
    row = {"signature": door.signature, "at": door.now}
    if not session.execute(_or_nothing(session, WechatSeen).returning(WechatSeen.signature), [row]).all():
        raise NotGenuine("this request was taken before")


def _event(session: Session, follower: WechatFollower, arrived: Arrived, door: Door) -> str | None:
    """Following, a scanned code, a key of the menu. A menu key is the words it stands for."""
    if arrived.event in (*TAKING, SENT):
        _about_notices(session, follower, arrived, door)
        return None
    if arrived.event == "click":
        return _said(session, follower, arrived, arrived.event_key, door)
    scanned = arrived.event_key.removeprefix(SCENE)
    if arrived.event in ("subscribe", "scan") and scanned.isdecimal():
        return _bound(session, follower, scanned, door)
    return say("wechat_welcome").text if arrived.event == "subscribe" else None


def _about_notices(session: Session, follower: WechatFollower, arrived: Arrived, door: Door) -> None:
    """Notices were agreed to or refused, by template; or one was delivered, or was not."""
    if arrived.event in TAKING:
        taken = set(follower.notices)
        for entry in arrived.entries:
            agreed = entry.get("SubscribeStatusString") == "accept"
            taken = taken | {entry["TemplateId"]} if agreed else taken - {entry.get("TemplateId", "")}
        follower.notices = sorted(taken)
        return
    for entry in arrived.entries:
        delivered = entry.get("ErrorCode") == "0"
        session.add(
            Receipt(
                contact_id=None,
                provider=NOTICES,
                provider_ref=entry.get("MsgID", "")[:64],
                status="delivered" if delivered else "undelivered",
                vendor_code=None if delivered else entry.get("ErrorCode", "")[:16],
                received_at=door.now,
            )
        )


def _said(session: Session, follower: WechatFollower, arrived: Arrived, text: str, door: Door) -> str | None:
    code = code_in(text)
    if code is not None:
        return _bound(session, follower, code, door)
    if wants_unbinding(text):
        unbind(follower)
        return say("wechat_unbound").text
    _keep(session, follower, arrived, text, door)
    return None


def _bound(session: Session, follower: WechatFollower, code: str, door: Door) -> str:
    return say("wechat_bound" if bind(session, follower, code, now=door.now) else "wechat_wrong_code").text


def _keep(session: Session, follower: WechatFollower, arrived: Arrived, text: str, door: Door) -> None:
    """A message of a bound follower joins the talk of the resident's phone; of any other, a talk of its own."""
    address = ADDRESS + arrived.openid
    phone = session.get(Phone, follower.phone_id) if follower.phone_id is not None else None
    row = {
        "provider": PROVIDER,
        "provider_ref": arrived.reference,
        "channel": Channel.CHAT,
        "sender": address,
        "sender_index": phone.number_index if phone else key_ring().blind_index(address, kind="phone"),
        "recipient": PROVIDER,
        "text": text,
        "received_at": door.now,
        "due_at": door.now,
    }
    for inbound_id in session.scalars(_or_nothing(session, Inbound).returning(Inbound.id), [row]):
        facts = {"inbound": inbound_id}
        session.execute(insert(Event), [{"at": door.now, "kind": EventKind.INBOUND_RECEIVED, "facts": facts}])
        wake(session)


def _or_nothing(session: Session, table: Any) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()
