"""A house with an Official Account, and the platform that calls it and is called by it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from models.conversation import Message
from models.resident import Resident
from models.vocabulary import Channel
from outreach_api.channels.carrier import TextCarrier
from outreach_api.channels.chat_links import WithChatLinks
from outreach_api.channels.routed_texts import RoutedTexts
from outreach_api.delivery.worker import deliver_due
from outreach_api.wechat.account import Account as WechatAccount
from outreach_api.wechat.carrier import WechatCarrier
from outreach_api.wechat.crypto import Envelope
from outreach_api.wechat.followers import give_code
from outreach_api.wechat.notices import NoticeCarrier
from outreach_api.wechat.settings import WechatSettings
from sandbox.wechat.platform import Platform, build_app, message_xml, notice_event_xml, signed_query
from tests.conversations.street import Neighbour, Street
from tests.delivery.fakes import FakeCarrier
from tests.web.conftest import FakeHouse, TestClient

APP_ID, SECRET, TOKEN = "wx2c2769f8efd9abc2", "app-secret", "spamtest"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
DAUGHTER = "oDaughter00000000000000000ab"


def settings(**values: Any) -> WechatSettings:
    return WechatSettings(_env_file=None, app_id=APP_ID, app_secret=SECRET, token=TOKEN, **values)


@dataclass
class Account:
    street: Street
    house: FakeHouse
    client: TestClient
    platform: Platform = field(default_factory=lambda: Platform(APP_ID, SECRET))
    serial: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.carrier_of_texts = FakeCarrier(self.street.clock.now)
        self.carrier = self.a_carrier()

    def a_carrier(self) -> WechatCarrier:
        """As another worker would have it."""
        there: Any = TestClient(build_app(self.platform))
        sessions, clock = self.street.sessions, self.street.clock
        calls = WechatAccount(sessions, self.house.settings.wechat, clock.now, http=there)
        notices = NoticeCarrier(calls, sessions, clock.now, ZoneInfo("Asia/Shanghai"))
        routed = RoutedTexts(notices, self.carrier_of_texts, sessions, clock.now)
        self.outgoing: TextCarrier = WithChatLinks(routed, public_url="https://fuwu.example")
        return WechatCarrier(calls, self.carrier_of_texts, sessions, clock)

    def now(self) -> int:
        return int(self.street.clock.now().timestamp())

    def xml(self, openid: str = DAUGHTER, *, text: str = "", msg_id: str | None = None, **fields: str) -> str:
        given = {"MsgType": "text"} | fields
        if given["MsgType"] == "text":
            given |= {"Content": text, "MsgId": msg_id or str(next(self.serial))}
        return message_xml(openid, self.now(), **given)

    def about_notices(self, event: str, *entries: dict[str, str], openid: str = DAUGHTER) -> None:
        """The platform tells of notices."""
        assert self.call(notice_event_xml(openid, self.now(), event, *entries)).text == "success"

    def deliver(self) -> None:
        deliver_due(self.street.sessions, {Channel.CHAT: self.carrier, Channel.SMS: self.outgoing}, self.street.clock)

    def call(self, body: str | bytes, *, query: dict[str, str] | None = None) -> Any:
        signed = query or signed_query(TOKEN, self.now(), f"nonce{next(self.serial)}")
        return self.client.post("/webhooks/wechat", params=signed, content=body)

    def call_sealed(self, body: str) -> Any:
        sealed = Envelope(AES_KEY, APP_ID).seal(body.encode())
        query = signed_query(TOKEN, self.now(), f"nonce{next(self.serial)}", sealed)
        wrapped = f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
        return self.client.post("/webhooks/wechat", params=query, content=wrapped)

    def write(self, text: str, openid: str = DAUGHTER) -> Any:
        self.platform.wrote(openid)
        answer = self.call(self.xml(openid, text=text))
        assert answer.status_code == 200, answer.text
        return answer

    def hear(self, text: str, openid: str = DAUGHTER) -> list[str]:
        """Write, and what the platform is then given to pass on."""
        before = len(self.platform.sent)
        self.write(text, openid)
        self.street.answer()
        self.deliver()
        return [each["text"] for each in self.platform.sent[before:]]

    def code_for(self, who: Neighbour) -> str:
        with self.street.sessions.write() as session:
            return give_code(session, session.get_one(Resident, who.resident_id), now=self.street.clock.now())

    def bound(self, who: Neighbour, openid: str = DAUGHTER) -> None:
        assert "绑定好了" in self.write(f"绑定{self.code_for(who)}", openid).text

    def texts(self) -> list[str]:
        return [each.text for each in self.street.all(Message)]
