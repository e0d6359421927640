"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime

MARK = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    return MARK + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers_for(message_id: str, body: bytes, secret: str, *, at: datetime) -> dict[str, str]:
    """The receiver computes the same over what it got, and refuses what is older than a few minutes."""
    seconds = int(at.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + body
    digest = hmac.digest(base64.b64decode(secret.removeprefix(MARK)), signed, "sha256")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
