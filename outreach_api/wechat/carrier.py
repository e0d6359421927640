"""Answers through the customer-service interface, for 48 hours after a follower last wrote; the token is shared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import structlog
from sqlalchemy import select

from models.column_types import key_ring
from models.contact import Contact
from models.conversation import Inbound
from models.session import Sessions
from models.wechat import WechatFollower, WechatToken
from outreach_api.channels.carrier import Accepted, Hearing, Listing, OutgoingText, Rejected, SendResult, Unknown
from outreach_api.clock import Clock
from outreach_api.wechat.errors import SYSTEM_BUSY, TOKEN_IS_STALE, refused
from outreach_api.wechat.followers import ADDRESS
from outreach_api.wechat.settings import WechatSettings

MAY_BE_WRITTEN_TO_FOR = timedelta(hours=48)
RENEWED_BEFORE_IT_ENDS = timedelta(minutes=5)
UNREACHED_RETRY_SECONDS = 60.0
log = structlog.get_logger(__name__)


class TokenRefused(Exception):  # noqa: N818
    """The platform gave no access token; carries its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"no access token: {code}")
        self.code = code


class AccessToken:
    """One token for all workers, in the database. Several that ask at once are given the same one by the platform."""

    def __init__(
        self, sessions: Sessions, settings: WechatSettings, http: httpx.Client, now: Callable[[], datetime]
    ) -> None:
        self._sessions, self._settings, self._http, self._now = sessions, settings, http, now

    def get(self, *, stale: str = "") -> str:
        """The token; `stale` is one that was just refused, if it is still the kept one a new one is asked for.

        Raises:
            TokenRefused: the platform gives none.
            httpx.HTTPError: it could not be asked.
        """
        with self._sessions.read() as session:
            kept = session.get(WechatToken, self._settings.app_id)
            held = (kept.token, kept.expires_at) if kept else None
        if held and held[0] != stale and self._now() < held[1] - RENEWED_BEFORE_IT_ENDS:
            return held[0]
        return self._renew(force=bool(stale))

    def _renew(self, *, force: bool) -> str:
        """No transaction is open while the platform is asked."""
        asked = {
            "grant_type": "client_credential",
            "appid": self._settings.app_id,
            "secret": self._settings.app_secret.get_secret_value(),
            "force_refresh": force,
        }
        said = self._http.post("/cgi-bin/stable_token", json=asked).json()
        if "access_token" not in said:
            raise TokenRefused(int(said.get("errcode", SYSTEM_BUSY)))
        token = str(said["access_token"])
        expires_at = self._now() + timedelta(seconds=int(said["expires_in"]))
        with self._sessions.write() as session:
            session.merge(WechatToken(app_id=self._settings.app_id, token=token, expires_at=expires_at))
        return token


class WechatCarrier:
    """A `TextCarrier` whose numbers are openids. What it sent cannot be listed: unknown stays unknown."""

    name = "wechat"

    def __init__(
        self, sessions: Sessions, settings: WechatSettings, clock: Clock, *, http: httpx.Client | None = None
    ) -> None:
        self.sender = settings.app_id
        self._sessions, self._clock = sessions, clock
        self._http = http or httpx.Client(base_url=settings.base_url, timeout=settings.timeout_seconds, trust_env=False)
        self._token = AccessToken(sessions, settings, self._http, clock.now)

    def close(self) -> None:
        self._http.close()

    def send(self, message: OutgoingText) -> SendResult:
        openid = self._openid(message.contact_id)
        if openid is None:
            return refused(45015)
        try:
            token = self._token.get()
            code = self._post(openid, message.text, token)
            if code in TOKEN_IS_STALE:
                code = self._post(openid, message.text, self._token.get(stale=token))
        except TokenRefused as fault:
            return refused(fault.code)
        except httpx.ConnectError:
            return Rejected(refused(40001).cause, None, UNREACHED_RETRY_SECONDS)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
            return Unknown(type(fault).__name__)
        if code == SYSTEM_BUSY:
            return Unknown("system busy")
        # The interface gives a message no number of its own.
        return Accepted(f"custom:{message.contact_id}") if code == 0 else refused(code)

    def _post(self, openid: str, text: str, token: str) -> int:
        said = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        answer = self._http.post("/cgi-bin/message/custom/send", params={"access_token": token}, json=said)
        return int(answer.raise_for_status().json()["errcode"])

    def _openid(self, contact_id: int) -> str | None:
        """Who wrote what this answers, if they still follow and wrote within 48 hours."""
        with self._sessions.read() as session:
            address = session.scalar(
                select(Inbound.sender).join(Contact, Contact.inbound_id == Inbound.id).where(Contact.id == contact_id)
            )
            if address is None or not address.startswith(ADDRESS):
                return None
            openid = address.removeprefix(ADDRESS)
            index = key_ring().blind_index(openid, kind="openid")
            follower = session.scalar(select(WechatFollower).where(WechatFollower.openid_index == index))
            if follower is None or not follower.follows or follower.last_heard_at is None:
                return None
            recent = self._clock.now() - follower.last_heard_at < MAY_BE_WRITTEN_TO_FOR
            return openid if recent else None

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        return Listing([], complete=False)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        return Hearing([], complete=False)
