"""The sandbox's server plays WeChat and the domestic carrier for whoever drives it, over the wire both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from models.contact import Receipt
from models.conversation import Inbound
from outreach_api.channels.alibaba_text import AlibabaCarrier
from outreach_api.channels.carrier import Accepted, OutgoingText
from outreach_api.channels.domestic_settings import AlibabaSettings
from outreach_api.processes import free_port
from outreach_api.rehearsal.server import ServerThread
from outreach_api.web.app import create_app
from outreach_api.wechat.account import Account as WechatAccount
from outreach_api.wechat.carrier import SEND
from sandbox.serve import build_app
from tests.conversations.street import ALLOWANCE
from tests.web.conftest import TestClient
from tests.wechat.account import APP_ID, DAUGHTER, SECRET, TOKEN, Account

PUSH_SECRET = "only-the-vendor-knows"
KEY_ID, KEY_SECRET = "LTAI-1", "its-secret"


@dataclass
class Drive:
    """A sandbox at hand, and a product that it reaches by HTTP."""

    account: Account
    sandbox: TestClient
    product: str

    def post(self, path: str, **body: Any) -> Any:
        answer = self.sandbox.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def at(self) -> dict[str, str]:
        return {"openid": DAUGHTER, "at": self.account.street.clock.now().isoformat()}


@pytest.fixture
def drive(account: Account) -> Iterator[Drive]:
    port = free_port()
    account.house.settings.alibaba = AlibabaSettings(
        _env_file=None, sign_name="罗湖民政", templates={"*": "SMS_1"}, push_secret=SecretStr(PUSH_SECRET),
        access_key_id=KEY_ID, access_key_secret=SecretStr(KEY_SECRET),
    )  # fmt: skip
    product = f"http://127.0.0.1:{port}"
    with ServerThread(create_app(account.house), host="127.0.0.1", port=port), TestClient(build_app()) as sandbox:
        yield Drive(account, sandbox, product)


def test_a_follower_binds_asks_and_agrees_to_notices(drive: Drive) -> None:
    told = {"app_id": APP_ID, "secret": SECRET, "token": TOKEN, "webhook": f"{drive.product}/webhooks/wechat"}
    assert drive.sandbox.post("/_sandbox/wechat/say", json={"openid": DAUGHTER, "text": "您好"}).status_code == 409
    drive.sandbox.put("/_sandbox/wechat", json=told | {"templates": {"tmpl-offer": ["thing1"]}})
    chen = drive.account.street.a_resident(ALLOWANCE)
    assert "绑定码" in drive.post("wechat/event", event="subscribe", **drive.at())["answer"]
    assert "绑定好了" in drive.post("wechat/say", text=f"绑定{drive.account.code_for(chen)}", **drive.at())["answer"]
    assert drive.post("wechat/say", text="有多少钱", **drive.at()) == {"status": 200, "answer": None}
    assert drive.post("wechat/notices", template="tmpl-offer", **drive.at())["status"] == 200
    clock = drive.account.street.clock
    there: Any = drive.sandbox
    calls = WechatAccount(drive.account.street.sessions, drive.account.house.settings.wechat, clock.now, http=there)
    said = {"touser": DAUGHTER, "msgtype": "text", "text": {"content": "每月200元。"}}
    assert isinstance(calls.hand_over(SEND, said, reference="custom:1"), Accepted)
    assert drive.sandbox.get("/_sandbox/wechat").json()["sent"] == [{"to": DAUGHTER, "text": "每月200元。"}]
    assert [each.text for each in drive.account.street.all(Inbound)] == ["有多少钱"]


def test_a_domestic_text_is_taken_reported_and_answered(drive: Drive) -> None:
    account = {"access_key_id": KEY_ID, "secret": KEY_SECRET, "templates": ["SMS_1"]}
    pushed = account | {"push": f"{drive.product}/webhooks/alibaba/{PUSH_SECRET}"}
    base = drive.sandbox.put("/_sandbox/alibaba", json=pushed).json()["base_url"]
    assert base.endswith("/alibaba")
    there: Any = Under(drive.sandbox)
    carrier = AlibabaCarrier(drive.account.house.settings.alibaba, drive.account.street.clock.now, http=there)
    assert isinstance(carrier.send(OutgoingText(7, "+8613800000001", "您好", "offer.by_reply")), Accepted)
    assert [each["OutId"] for each in drive.sandbox.get("/_sandbox/alibaba").json()["taken"]] == ["7"]
    assert drive.post("alibaba/receipts") == {"status": 200}
    assert drive.post("alibaba/say", number="13800000001", text="同意") == {"status": 200}
    assert [each.status for each in drive.account.street.all(Receipt)] == ["delivered"]
    assert [each.text for each in drive.account.street.all(Inbound)] == ["同意"]


class Under:
    """The sandbox's client, below the carrier's path."""

    def __init__(self, http: Any) -> None:
        self._http = http

    def post(self, path: str, **request: Any) -> Any:
        return self._http.post(f"/alibaba{path}", **request)


def test_an_identity_provider_is_served_too(drive: Drive) -> None:
    client = {"client_id": "residents", "secret": "s", "redirect_uris": ["http://127.0.0.1:8000/real-name/callback"]}
    assert drive.sandbox.get("/identity/jwks").status_code == 400
    issuer = drive.sandbox.put("/_sandbox/identity", json={"clients": [client], "people": {}}).json()["issuer"]
    found = drive.sandbox.get("/identity/.well-known/openid-configuration").json()
    assert found["issuer"] == issuer
    assert found["token_endpoint"] == f"{issuer}/token"
