"""How many people may be told, so that those who will need a visit or an answer find somebody with time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard


@dataclass(frozen=True)
class FollowCapacity:
    """That outreach follows the teams, and the share of those told who end at the door, where none is measured yet."""

    share: float


def read_follow_capacity(value: Any) -> FollowCapacity | None:
    """What staff wrote: `{"share": 0.6}`, or null for outreach that minds no teams.

    Raises:
        ValueError: no share between 0.01 and 1.
    """
    if value is None:
        return None
    share = value.get("share") if isinstance(value, dict) else None
    if not _is_between(share, 0.01, 1):
        raise ValueError('outreach_follows_capacity is {"share": …}, a share of 0.01 to 1, or null')
    return FollowCapacity(float(share))


@dataclass(frozen=True)
class FollowAgents:
    """That outreach follows the agents: the share of texts that ends with one, until measured, and their pace."""

    share: float
    per_hour: float
    """Cases that one agent answers in an hour."""


def read_follow_agents(value: Any) -> FollowAgents | None:
    """What staff wrote: `{"share": 0.05, "per_hour": 8}`, or null for outreach that minds no agents.

    Raises:
        ValueError: no share between 0.001 and 1, or no pace between 0.1 and 120.
    """
    if value is None:
        return None
    named = value if isinstance(value, dict) else {}
    share, pace = named.get("share"), named.get("per_hour")
    if not _is_between(share, 0.001, 1) or not _is_between(pace, 0.1, 120):
        raise ValueError('outreach_follows_agents is {"share": 0.001 to 1, "per_hour": 0.1 to 120}, or null')
    return FollowAgents(float(share), float(pace))


def _is_between(value: Any, least: float, most: float) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


@dataclass
class DeskRoom:
    """Texts and calls whose answers the agents can still see to in the promised time."""

    contacts: int

    @property
    def is_left(self) -> bool:
        return self.contacts > 0

    def take(self) -> None:
        self.contacts -= 1


@dataclass
class Room:
    """Doors that the teams can still promise, as far as people already told are not expected to need them.

    Whoever is told for the first time is expected at the door with the share of their policy: that much of the room is
    then taken. Without room, the next first contact waits; reminders and answers go on, since they open nothing new.
    """

    doors: float
    shares: Mapping[str, float]
    share: float
    released: int = field(default=0)

    @property
    def is_full(self) -> bool:
        """Whether nobody may be told for the first time, whatever of."""
        return self.doors < min((self.share, *self.shares.values()))

    def take(self, policies: Collection[str]) -> bool:
        """Whether somebody may be told of these policies for the first time; if so, their door is set aside."""
        expected = max((self.shares.get(policy, self.share) for policy in policies), default=self.share)
        if self.doors < expected:
            return False
        self.doors -= expected
        self.released += 1
        return True
