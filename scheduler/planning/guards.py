"""The four guards of the contact rules, as a value. Only the rehearsal switches one off, to show that it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Guard(StrEnum):
    ON = "on"
    OFF = "off"


@dataclass(frozen=True)
class Guards:
    """Which guards stand. Everything but `rehearse --break` runs with all of them."""

    budget: Guard = Guard.ON
    quiet_hours: Guard = Guard.ON
    after_stop: Guard = Guard.ON
    duplicate_send: Guard = Guard.ON

    @classmethod
    def without(cls, broken: str | None) -> Guards:
        """All guards but the one named as in `--break`.

        Raises:
            TypeError: there is no such guard.
        """
        return cls() if broken is None else cls(**{broken: Guard.OFF})


ALL_GUARDS = Guards()
