"""The bot over HTTP: any of its processes serves any turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Self

import httpx

from outreach_api.conversations.bot import BotUnavailable, Turn, TurnState
from outreach_api.conversations.directives import check_turn
from outreach_api.measures import BOT_FAILURES, BOT_SECONDS
from outreach_api.settings import Settings

PATH = "/webhooks/turn/webhook"
READY_PATH = "/webhooks/turn/ready"


class RasaBot:
    """Asks the processes in turn; one that fails is passed over for the next."""

    def __init__(
        self, urls: Sequence[str], *, secret: str, timeout_seconds: float, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._turns = count()
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {secret}"}, timeout=timeout_seconds, transport=transport, trust_env=False
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(
            settings.bot_urls,
            secret=settings.bot_secret.get_secret_value(),
            timeout_seconds=settings.bot_timeout_seconds,
        )

    def turn(self, text: str, state: TurnState) -> Turn:
        """Read one message.

        Raises:
            BotUnavailable: no process gave a usable answer in time; says what the last one did.
        """
        fault = BotUnavailable("no bot process is configured: set OUTREACH_BOT_URLS")
        first = next(self._turns)
        for offset in range(len(self._urls)):
            try:
                return self._ask(self._urls[(first + offset) % len(self._urls)], text, state)
            except BotUnavailable as unavailable:
                fault = unavailable
        raise fault

    def close(self) -> None:
        self._client.close()

    def _ask(self, url: str, text: str, state: TurnState) -> Turn:
        try:
            with BOT_SECONDS.time():
                response = self._client.post(url + PATH, json={"text": text, "state": _as_json(state)})
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as fault:
            BOT_FAILURES.inc()
            raise BotUnavailable(f"the bot at {url} gave no answer: {type(fault).__name__}") from fault
        return check_turn(_as_turn(answer))


def _as_json(state: TurnState) -> dict[str, Any]:
    return {
        "stage": state.stage.value,
        "asked": state.asked.value if state.asked else None,
        "channel": state.channel.value,
        "misses": state.misses,
        "menu": list(state.menu),
    }


def _as_turn(answer: Any) -> Turn:
    if not isinstance(answer, dict):
        raise BotUnavailable("the bot's answer is not an object")
    lists = (answer.get(name) or [] for name in ("directives", "ranking", "clauses"))
    directives, ranking, clauses = (_objects(each) for each in lists)
    return Turn(directives, ranking, clauses, str(answer.get("model") or ""))


def _objects(value: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BotUnavailable("the bot's answer has something else where a list of objects belongs")
    return tuple(value)
