"""The platform's error codes, and what each means for a message: one table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.vocabulary import Cause
from outreach_api.channels.carrier import Rejected

TOKEN_IS_STALE = frozenset({40001, 40014, 42001})
"""Not processed: with a fresh token it may be asked again."""
SYSTEM_BUSY = -1
ACCOUNT_RETRY_SECONDS = 900.0
RATE_RETRY_SECONDS = 60.0

# Nothing here tells on the resident's phone: an openid is not a number.
MEANING: Mapping[int, Rejected] = MappingProxyType(
    {
        40001: Rejected(Cause.ACCOUNT, "40001", ACCOUNT_RETRY_SECONDS),
        40014: Rejected(Cause.ACCOUNT, "40014", ACCOUNT_RETRY_SECONDS),
        42001: Rejected(Cause.ACCOUNT, "42001", ACCOUNT_RETRY_SECONDS),
        48001: Rejected(Cause.ACCOUNT, "48001", ACCOUNT_RETRY_SECONDS),
        50002: Rejected(Cause.ACCOUNT, "50002", ACCOUNT_RETRY_SECONDS),
        45009: Rejected(Cause.RATE_LIMITED, "45009", ACCOUNT_RETRY_SECONDS),
        45011: Rejected(Cause.RATE_LIMITED, "45011", RATE_RETRY_SECONDS),
        # Not within 48 hours, too many since they last wrote, no such openid, not following: it is not sent.
        45015: Rejected(Cause.FILTERED, "45015"),
        45047: Rejected(Cause.FILTERED, "45047"),
        40003: Rejected(Cause.FILTERED, "40003"),
        43004: Rejected(Cause.FILTERED, "43004"),
        # Notices: no such template, taken by nobody, forbidden to the account, words it does not let through, a field
        # that does not fit the template; too many at once to one follower, too many today.
        40037: Rejected(Cause.ACCOUNT, "40037", ACCOUNT_RETRY_SECONDS),
        43101: Rejected(Cause.FILTERED, "43101"),
        43107: Rejected(Cause.ACCOUNT, "43107", ACCOUNT_RETRY_SECONDS),
        45168: Rejected(Cause.FILTERED, "45168"),
        47003: Rejected(Cause.FILTERED, "47003"),
        43108: Rejected(Cause.RATE_LIMITED, "43108", RATE_RETRY_SECONDS),
        40038: Rejected(Cause.RATE_LIMITED, "40038", ACCOUNT_RETRY_SECONDS),
    }
)


NOT_IN_THE_ACCOUNT = frozenset({"45015", "45047", "40003", "43004"})
"""An answer that can reach its follower there no more."""


def refused(code: int) -> Rejected:
    return MEANING.get(code, Rejected(Cause.FILTERED, str(code)))
