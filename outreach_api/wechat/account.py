"""Calling the platform as the account: with the access token that all workers share, renewed where it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx

from models.session import Sessions
from models.wechat import WechatToken
from outreach_api.channels.carrier import Accepted, Rejected, SendResult, Unknown
from outreach_api.wechat.errors import SYSTEM_BUSY, TOKEN_IS_STALE, refused
from outreach_api.wechat.settings import WechatSettings

RENEWED_BEFORE_IT_ENDS = timedelta(minutes=5)
UNREACHED_RETRY_SECONDS = 60.0


class TokenRefused(Exception):  # noqa: N818
    """The platform gave no access token; carries its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"no access token: {code}")
        self.code = code


class Account:
    def __init__(
        self,
        sessions: Sessions,
        settings: WechatSettings,
        now: Callable[[], datetime],
        *,
        http: httpx.Client | None = None,
    ) -> None:
        self.settings = settings
        self._http = http or httpx.Client(base_url=settings.base_url, timeout=settings.timeout_seconds, trust_env=False)
        self._token = AccessToken(sessions, settings, self._http, now)

    def close(self) -> None:
        self._http.close()

    def hand_over(self, path: str, message: Mapping[str, Any], *, reference: str) -> SendResult:
        """Have the platform send something; `reference` names it where the platform gives it no number of its own."""
        try:
            token = self._token.get()
            said = self._post(path, message, token)
            if int(said["errcode"]) in TOKEN_IS_STALE:
                said = self._post(path, message, self._token.get(stale=token))
            code = int(said["errcode"])
        except TokenRefused as fault:
            return refused(fault.code)
        except httpx.ConnectError:
            return Rejected(refused(40001).cause, None, UNREACHED_RETRY_SECONDS)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
            return Unknown(type(fault).__name__)
        if code == SYSTEM_BUSY:
            return Unknown("system busy")
        return Accepted(str(said.get("msgid") or reference)) if code == 0 else refused(code)

    def _post(self, path: str, message: Mapping[str, Any], token: str) -> dict[str, Any]:
        answer = self._http.post(path, params={"access_token": token}, json=dict(message))
        said: dict[str, Any] = answer.raise_for_status().json()
        return said


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
