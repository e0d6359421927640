"""Twilio's words in ours: error codes to causes, message statuses to contact states. One table each.

From Twilio's error and warning dictionary (https://www.twilio.com/docs/api/errors).
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from models.vocabulary import Cause, ContactState

CAUSE_OF_CODE: dict[int, Cause] = {
    # The number cannot be one that texts reach.
    21211: Cause.INVALID_NUMBER,
    21217: Cause.INVALID_NUMBER,
    21401: Cause.INVALID_NUMBER,
    21421: Cause.INVALID_NUMBER,
    21604: Cause.INVALID_NUMBER,
    30005: Cause.INVALID_NUMBER,
    21612: Cause.UNREACHABLE,
    21614: Cause.LANDLINE,
    21635: Cause.LANDLINE,
    30006: Cause.LANDLINE,
    # The phone is off, out of reach, or was so until the message expired.
    30003: Cause.UNREACHABLE,
    30036: Cause.UNREACHABLE,
    # The recipient told the carrier to stop.
    21610: Cause.OPTED_OUT_AT_CARRIER,
    # Somebody on the way took it for spam.
    30004: Cause.FILTERED,
    30007: Cause.FILTERED,
    30038: Cause.FILTERED,
    30450: Cause.FILTERED,
    # Too many at once.
    14107: Cause.RATE_LIMITED,
    20429: Cause.RATE_LIMITED,
    21611: Cause.RATE_LIMITED,
    30001: Cause.RATE_LIMITED,
    30022: Cause.RATE_LIMITED,
    30023: Cause.RATE_LIMITED,
    # Our account, our sender or our request is not in order: no phone is to blame.
    20003: Cause.ACCOUNT,
    20005: Cause.ACCOUNT,
    20006: Cause.ACCOUNT,
    20008: Cause.ACCOUNT,
    20404: Cause.ACCOUNT,
    21212: Cause.ACCOUNT,
    21219: Cause.ACCOUNT,
    21266: Cause.ACCOUNT,
    21602: Cause.ACCOUNT,
    21603: Cause.ACCOUNT,
    21606: Cause.ACCOUNT,
    21608: Cause.ACCOUNT,
    21609: Cause.ACCOUNT,
    21617: Cause.ACCOUNT,
    21659: Cause.ACCOUNT,
    30002: Cause.ACCOUNT,
    30010: Cause.ACCOUNT,
    30018: Cause.ACCOUNT,
    30024: Cause.ACCOUNT,
    30032: Cause.ACCOUNT,
    30034: Cause.ACCOUNT,
    30037: Cause.ACCOUNT,
    # We have not opened, or may not reach, that country.
    21408: Cause.REGION_NOT_ALLOWED,
    21215: Cause.REGION_NOT_ALLOWED,
    # What only a call meets.
    21201: Cause.ACCOUNT,
    21205: Cause.ACCOUNT,
    21210: Cause.ACCOUNT,
    21213: Cause.ACCOUNT,
    21216: Cause.ACCOUNT,
    21214: Cause.UNREACHABLE,
    21703: Cause.ACCOUNT,
    # The carrier's own trouble.
    20500: Cause.CARRIER_FAULT,
    20503: Cause.CARRIER_FAULT,
    30008: Cause.CARRIER_FAULT,
    30009: Cause.CARRIER_FAULT,
    30017: Cause.CARRIER_FAULT,
    30410: Cause.CARRIER_FAULT,
}

# These would meet every message alike: the whole pass stops, and nothing is lost meanwhile.
ACCOUNT_WIDE = frozenset({20003, 20005, 20006, 30002})

_CAUSE_OF_HTTP: dict[int, Cause] = {
    HTTPStatus.UNAUTHORIZED: Cause.ACCOUNT,
    HTTPStatus.FORBIDDEN: Cause.ACCOUNT,
    HTTPStatus.NOT_FOUND: Cause.ACCOUNT,
    HTTPStatus.TOO_MANY_REQUESTS: Cause.RATE_LIMITED,
}


@dataclass(frozen=True)
class StatusMeaning:
    """`rank` orders the reports of one message: a report of lower or equal rank changes nothing, however late it comes.

    A phone that confirms a message outranks an earlier failure report: carriers do correct themselves that way.
    """

    state: ContactState
    rank: int


MEANING_OF_STATUS: dict[str, StatusMeaning] = {
    "scheduled": StatusMeaning(ContactState.ACCEPTED, 1),
    "accepted": StatusMeaning(ContactState.ACCEPTED, 1),
    "queued": StatusMeaning(ContactState.ACCEPTED, 2),
    "sending": StatusMeaning(ContactState.ACCEPTED, 3),
    "sent": StatusMeaning(ContactState.ACCEPTED, 4),
    "canceled": StatusMeaning(ContactState.UNDELIVERED, 5),
    "failed": StatusMeaning(ContactState.UNDELIVERED, 5),
    "undelivered": StatusMeaning(ContactState.UNDELIVERED, 5),
    "partially_delivered": StatusMeaning(ContactState.DELIVERED, 6),
    "delivered": StatusMeaning(ContactState.DELIVERED, 7),
    "read": StatusMeaning(ContactState.DELIVERED, 8),
    # Calls: that somebody picked up is only known for sure at the end, when machines have been told from people.
    "call.queued": StatusMeaning(ContactState.ACCEPTED, 1),
    "call.initiated": StatusMeaning(ContactState.ACCEPTED, 2),
    "call.ringing": StatusMeaning(ContactState.ACCEPTED, 3),
    "call.in-progress": StatusMeaning(ContactState.ACCEPTED, 4),
    "call.answered": StatusMeaning(ContactState.ACCEPTED, 4),
    "call.failed": StatusMeaning(ContactState.UNDELIVERED, 5),
    "call.busy": StatusMeaning(ContactState.BUSY, 5),
    "call.no-answer": StatusMeaning(ContactState.NO_ANSWER, 5),
    "call.canceled": StatusMeaning(ContactState.NO_ANSWER, 5),
    "call.voicemail": StatusMeaning(ContactState.VOICEMAIL, 6),
    "call.completed": StatusMeaning(ContactState.ANSWERED, 7),
}
CALL_PREFIX = "call."
"""Marks a call's statuses, some of which a text has too, with another meaning."""
# Statuses of messages that residents send to us.
INBOUND_STATUSES = frozenset({"receiving", "received"})


def cause_of_code(code: str | int | None) -> Cause:
    """The cause behind a vendor code; what the table doesn't know is unclassified."""
    digits = str(code or "")
    return CAUSE_OF_CODE.get(int(digits), Cause.UNCLASSIFIED) if digits.isdecimal() else Cause.UNCLASSIFIED


def cause_of_answer(code: int | None, http_status: int) -> Cause:
    """The cause of a refused request: by its code, else by its HTTP status."""
    known = CAUSE_OF_CODE.get(code) if code is not None else None
    return known or _CAUSE_OF_HTTP.get(http_status, Cause.UNCLASSIFIED)
