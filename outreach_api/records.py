"""The database with its keys and the cards that count: what a command needs that only looks, or writes something down.

Nothing here reaches anybody: the carriers, the assistant and the jobs are the house's, and take a second to load.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from models.column_types import use_key_ring
from models.crypto import KeyRing, new_key_ring, read_key_ring, write_key_ring
from models.migrate import upgrade
from models.session import Durability, Sessions, make_engine
from outreach_api.clock import Clock, clock_of
from outreach_api.settings import Settings

if TYPE_CHECKING:
    from outreach_api.catalogue.book import Book
    from scheduler.policies.card import PolicyCard


@dataclass(frozen=True)
class Records:
    settings: Settings
    ring: KeyRing
    sessions: Sessions
    clock: Clock

    @cached_property
    def book(self) -> Book:
        from outreach_api.catalogue.book import Book
        from scheduler.policies.load import load_catalogue

        shipped = partial(load_catalogue, self.settings.policies)
        return Book(shipped, self.sessions, self.clock, self.settings.zone)

    @property
    def cards(self) -> Mapping[str, PolicyCard]:
        """The card of each item that counts today."""
        return self.book.today()


@contextlib.contextmanager
def open_records(
    settings: Settings, *, clock: Clock | None = None, durability: Durability = Durability.POWER_LOSS
) -> Iterator[Records]:
    """Open the installation in `settings.home`, bringing its database up to date; a first start makes its keys.

    Raises:
        KeyRingFault: there is a database but no key file for it.
    """
    ring = _ring(settings)
    use_key_ring(ring)
    engine = make_engine(settings.database, durability=durability)
    try:
        upgrade(engine)
        yield Records(settings, ring, Sessions(engine), clock or clock_of(settings.clock_file))
    finally:
        engine.dispose()


def _ring(settings: Settings) -> KeyRing:
    first_start = not settings.keys.exists() and not (settings.home / "outreach.db").exists()
    if first_start and not settings.database_url:
        write_key_ring(new_key_ring(settings.cipher), settings.keys)
    return read_key_ring(settings.keys)
