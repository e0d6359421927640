"""What Twilio posts about texts: its fields, checked, and the rows they become. Light: a start begins with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

from models.crypto import KeyRing
from models.vocabulary import Channel

PROVIDER = "twilio"
PREFIX = "/webhooks/twilio"
TEXTS, STATUSES = f"{PREFIX}/inbound", f"{PREFIX}/status"
MOST_BODY_BYTES = 64 * 1024
MOST_FIELDS = 100
LONGEST_REFERENCE = 64
LONGEST_WORD = 32
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
NUMBER = re.compile(r"\+[1-9]\d{4,14}")
CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")
CONTACT_ID = re.compile(r"[1-9]\d{0,8}")


@dataclass(frozen=True)
class Form:
    """The fields of a request whose signature was right."""

    fields: Mapping[str, str]

    def required(self, name: str, *, longest: int = LONGEST_REFERENCE) -> str:
        value = self.fields.get(name, "")
        if not value or len(value) > longest:
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is missing or too long")
        return value

    def number(self, name: str) -> str:
        """A number in E.164; a bare Chinese mobile number counts as one.

        Raises:
            HTTPException: 400, it is none.
        """
        value = self.required(name).strip()
        value = f"+86{value}" if CHINESE_MOBILE.fullmatch(value) else value
        if not NUMBER.fullmatch(value):
            raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is not a phone number")
        return value


def pairs_of(body: bytes) -> list[tuple[str, str]]:
    """The fields of a body, in their order.

    Raises:
        HTTPException: 400, it is no form.
    """
    try:
        text = body.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as fault:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body is not a form") from fault


def text_row(form: Form, ring: KeyRing, *, now: datetime) -> dict[str, Any]:
    """A row of `Inbound`."""
    sender = form.number("From")
    return {
        "provider": PROVIDER,
        "provider_ref": form.required("MessageSid"),
        "channel": Channel.SMS,
        "sender": sender,
        "sender_index": ring.blind_index(sender, kind="phone"),
        "recipient": form.required("To", longest=LONGEST_WORD),
        "text": _text(form),
        "received_at": now,
        "due_at": now,
    }


def status_row(form: Form, ring: KeyRing, *, contact: str | None, now: datetime) -> dict[str, Any]:
    """A row of `Receipt`; `contact` as the callback names it."""
    if contact is not None and not CONTACT_ID.fullmatch(contact):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "contact is not a contact's number")
    to = form.fields.get("To")
    return {
        "contact_id": int(contact) if contact is not None else None,
        "provider": PROVIDER,
        "provider_ref": form.required("MessageSid"),
        "status": form.required("MessageStatus", longest=LONGEST_WORD),
        "vendor_code": _vendor_code(form),
        "to_index": ring.blind_index(to, kind="phone") if to else None,
        "received_at": now,
    }


def _text(form: Form) -> str:
    """The words; empty when only a picture was sent, but never absent."""
    if "Body" not in form.fields:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "Body is missing")
    return form.fields["Body"]


def _vendor_code(form: Form) -> str | None:
    code = form.fields.get("ErrorCode", "")
    return code if code.isdecimal() and int(code) and len(code) <= 16 else None
