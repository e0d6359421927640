"""What the web needs of the house; the start-up code brings it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from fastapi import Request

from models.crypto import KeyRing
from models.session import Sessions
from models.vocabulary import Channel
from outreach_api.catalogue.book import Book
from outreach_api.channels.carrier import TextCarrier
from outreach_api.clock import Clock
from outreach_api.privacy.sight import current_sight
from outreach_api.settings import Settings
from scheduler.planning.notices import NoticeReport
from scheduler.policies.card import PolicyCard


class FeedReport(Protocol):
    @property
    def accepted(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def unchanged(self) -> int: ...


class FeedRefused(ValueError):  # noqa: N818
    """The feed is unknown, or the file as a whole cannot be read; says why."""


class House(Protocol):
    @property
    def sessions(self) -> Sessions: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def ring(self) -> KeyRing: ...
    @property
    def cards(self) -> Mapping[str, PolicyCard]: ...
    @property
    def book(self) -> Book: ...
    @property
    def carriers(self) -> Mapping[Channel, TextCarrier]: ...

    def queue_notice(self, campaign_id: int) -> NoticeReport:
        """Queue the contacts of a started urgent notice."""

    def take_feed(self, feed: str, path: Path) -> FeedReport:
        """Import an uploaded file.

        Raises:
            FeedRefused: no such feed, or the file cannot be read at all.
        """


def seen_cards(house: House) -> Mapping[str, PolicyCard]:
    """The items there are for who looks."""
    return current_sight().only_seen(house.cards)


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house
