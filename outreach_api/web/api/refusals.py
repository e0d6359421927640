"""What the API itself refuses; what a rule refuses has its own name in the rule's room."""

from __future__ import annotations


class NoSuchThing(LookupError):  # noqa: N818
    """There is nothing of that number or name."""


class Unknown(LookupError):  # noqa: N818
    """The request names something that is not there."""


class BadCursor(ValueError):  # noqa: N818
    """This cursor was not given out by us."""


class KeyReused(ValueError):  # noqa: N818
    """This key came with another request before."""


class StillAtIt(Exception):  # noqa: N818
    """The same request is being carried out, or was cut off: look whether it was done, then use a new key."""
