"""The sandbox's control surface, as `docs/interfaces.md` §3 has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from urllib3 import HTTPConnectionPool, Timeout, connection_from_url
from urllib3.exceptions import HTTPError

from outreach_api.settings import ROOT, Settings


@dataclass(frozen=True)
class SandboxStep:
    delivered: int
    next_at: datetime | None


class SandboxFault(Exception):  # noqa: N818
    """It is not there, or refuses what it is told."""


class SandboxClient:
    """Tells the sandbox the time and reads its ledger. One request in flight."""

    def __init__(self, base_url: str, *, timeout_seconds: float = 120.0) -> None:
        # A rehearsal asks thousands of times a day, and waits for each answer: the plainest connection is kept.
        self._http: HTTPConnectionPool = connection_from_url(base_url, maxsize=1, timeout=Timeout(timeout_seconds))

    def close(self) -> None:
        self._http.close()

    def set_world(self, world: dict[str, Any]) -> None:
        self._put("/_sandbox/world", world)

    def set_faults(self, faults: dict[str, float]) -> None:
        self._put("/_sandbox/faults", faults)

    def set_waivers(self, waivers: list[dict[str, Any]]) -> None:
        """Tell the audit what urgent texts may exceed, and who decided it."""
        self._put("/_sandbox/waivers", waivers)

    def set_clock(self, now: datetime) -> SandboxStep:
        """Let everything due up to `now` happen, webhooks to us included."""
        step = self._put("/_sandbox/clock", {"now": now.isoformat()})
        next_at = step.get("next_at")
        return SandboxStep(step.get("delivered", 0), datetime.fromisoformat(next_at) if next_at else None)

    def hand_out_phone(self, number: str, owner: str, born: str) -> None:
        """Put a phone into somebody's hand; `born` is a month, `1943-05`."""
        self._put("/_sandbox/handset", {"number": number, "owner": owner, "born": born})

    def take_wish(self) -> bool:
        """Whether the holder of the phone has wished to be called since last asked."""
        return bool(self._ask("POST", "/_sandbox/handset/wish")["call"])

    def tell_holder(self, text: str) -> None:
        self._put("/_sandbox/handset/note", {"text": text})

    def ledger(self) -> dict[str, list[dict[str, Any]]]:
        return self._get("/_sandbox/ledger")

    def audit(self) -> dict[str, Any]:
        return self._get("/_sandbox/audit")

    def _put(self, path: str, body: Any) -> dict[str, Any]:
        return self._ask("PUT", path, body)

    def _get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, json=body, retries=False)
        except HTTPError as fault:
            raise SandboxFault(f"{method} {path}: {type(fault).__name__}") from fault
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise SandboxFault(f"{method} {path}: {answer.status}")
        result: dict[str, Any] = answer.json()
        return result


def tied_to(
    settings: Settings, *, start: datetime, api_token: str, callbacks: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The part of a world that ties it to a house: its account at the carrier, and where the outside calls it."""
    return {
        "account_sid": settings.twilio_account_sid,
        "auth_token": settings.twilio_auth_token.get_secret_value(),
        "start": start.isoformat(),
        "callbacks": {**(callbacks or callbacks_of(settings)), "api_token": api_token},
    }


def callbacks_of(settings: Settings) -> dict[str, str]:
    return {"inbound": f"{settings.public_url}/webhooks/twilio/inbound", "api": settings.public_url}


SERVE_COMMAND = ("-m", "sandbox.serve")
SANDBOX_ROOT = ROOT
