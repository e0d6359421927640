"""How many people may be told for the first time, so that those who will need a visit find a team with room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


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
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0.01 <= share <= 1:
        raise ValueError('outreach_follows_capacity is {"share": …}, a share of 0.01 to 1, or null')
    return FollowCapacity(float(share))


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

    def take(self, policies: Collection[str]) -> bool:
        """Whether somebody may be told of these policies for the first time; if so, their door is set aside."""
        expected = max((self.shares.get(policy, self.share) for policy in policies), default=self.share)
        if self.doors < expected:
            return False
        self.doors -= expected
        self.released += 1
        return True
