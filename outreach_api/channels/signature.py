"""Whether a webhook really comes from the carrier."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import FormData
from twilio.request_validator import RequestValidator


def is_signed(
    signature: str, *, auth_token: str, public_url: str, target: str, fields: Sequence[tuple[str, str]]
) -> bool:
    """Check `X-Twilio-Signature` over the URL as the carrier knows it.

    That is the configured public URL with the request's path and query (`target`): behind a proxy the Host header is
    not what was signed, and anybody can send one. Without an auth token nothing is believed: an empty key is no key.
    """
    if not auth_token or not signature:
        return False
    signed_url = public_url.rstrip("/") + target
    return bool(RequestValidator(auth_token).validate(signed_url, FormData(list(fields)), signature))
