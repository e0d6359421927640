"""Twilio's error codes that this carrier gives, with their HTTP status and words."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from fastapi.responses import JSONResponse


class ErrorCode(IntEnum):
    AUTHENTICATE = 20003
    NOT_FOUND = 20404
    TOO_MANY_REQUESTS = 20429
    INTERNAL = 20500
    UNAVAILABLE = 20503
    CALL_TO_REQUIRED = 21201
    URL_REQUIRED = 21205
    INVALID_TO = 21211
    CALL_FROM_REQUIRED = 21213
    BODY_REQUIRED = 21602
    FROM_REQUIRED = 21603
    TO_REQUIRED = 21604
    OPTED_OUT = 21610
    NOT_MOBILE = 21614
    BODY_TOO_LONG = 21617


class DeliveryError(IntEnum):
    """What a receipt says of a message that did not arrive."""

    UNREACHABLE = 30003
    UNKNOWN = 30005
    LANDLINE = 30006
    FILTERED = 30007


_ANSWERS: dict[ErrorCode, tuple[int, str]] = {
    ErrorCode.AUTHENTICATE: (401, "Authenticate"),
    ErrorCode.NOT_FOUND: (404, "The requested resource was not found"),
    ErrorCode.TOO_MANY_REQUESTS: (429, "Too Many Requests"),
    ErrorCode.INTERNAL: (500, "Internal Server Error"),
    ErrorCode.UNAVAILABLE: (503, "Service Unavailable"),
    ErrorCode.INVALID_TO: (400, "The 'To' number {to} is not a valid phone number."),
    ErrorCode.CALL_TO_REQUIRED: (400, "No 'To' number is specified"),
    ErrorCode.CALL_FROM_REQUIRED: (400, "'From' phone number is required"),
    ErrorCode.URL_REQUIRED: (400, "Url is required."),
    ErrorCode.BODY_REQUIRED: (400, "Message body is required."),
    ErrorCode.FROM_REQUIRED: (400, "A 'From' phone number is required."),
    ErrorCode.TO_REQUIRED: (400, "A 'To' phone number is required."),
    ErrorCode.OPTED_OUT: (400, "Attempt to send to unsubscribed recipient"),
    ErrorCode.NOT_MOBILE: (400, "'To' number is not a valid mobile number"),
    ErrorCode.BODY_TOO_LONG: (400, "The concatenated message body exceeds the 1600 character limit"),
}

DELIVERY_WORDS: dict[DeliveryError, str] = {
    DeliveryError.UNREACHABLE: "Unreachable destination handset",
    DeliveryError.UNKNOWN: "Unknown destination handset",
    DeliveryError.LANDLINE: "Landline or unreachable carrier",
    DeliveryError.FILTERED: "Message filtered",
}


class CarrierError(Exception):
    """The carrier answers with an error in Twilio's form."""

    def __init__(self, code: ErrorCode, *, to: str = "") -> None:
        self.code = code
        self.status, words = _ANSWERS[code]
        self.words = words.format(to=to)
        super().__init__(self.words)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": int(self.code),
            "message": self.words,
            "more_info": f"https://www.twilio.com/docs/errors/{int(self.code)}",
            "status": self.status,
        }


def error_answer(error: CarrierError) -> JSONResponse:
    return JSONResponse(error.as_json(), status_code=error.status)
