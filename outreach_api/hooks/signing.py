"""Signatures as Standard Webhooks has them, over id, time and body: HMAC-SHA256, or HMAC-SM3 where the house keeps SM3.

The signature's own mark says which: `v1` is the standard's, `v1sm3` ours.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from models.ciphers import HashName, keyed_digests

MARK = "whsec_"
SECRET_BYTES = 32
VERSIONS = {HashName.SHA256: "v1", HashName.SM3: "v1sm3"}


def new_secret() -> str:
    return MARK + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers_for(
    message_id: str, body: bytes, secret: str, *, at: datetime, by: HashName = HashName.SHA256
) -> dict[str, str]:
    """The receiver computes the same over what it got, and refuses what is older than a few minutes."""
    seconds = int(at.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + body
    digest = keyed_digests(base64.b64decode(secret.removeprefix(MARK)), by)(signed)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"{VERSIONS[by]},{base64.b64encode(digest).decode()}",
    }
