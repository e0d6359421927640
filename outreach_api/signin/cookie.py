"""A round to the provider and back, sealed in the browser that makes it: any process ends it, no other browser does."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from models.crypto import KeyRing, KeyRingFault
from outreach_api.signin.relying_party import Failure, RoundTrip, SignInFailed

LASTS = timedelta(minutes=10)


@dataclass(frozen=True)
class Kept:
    """`back` is where it began: a page of ours, or a link's token."""

    trip: RoundTrip
    back: str


def seal(ring: KeyRing, kept: Kept, *, purpose: str, now: datetime) -> str:
    content = {"trip": asdict(kept.trip), "back": kept.back, "until": (now + LASTS).timestamp()}
    return ring.seal(json.dumps(content), context=f"oidc.{purpose}")


def unseal(ring: KeyRing, sealed: str, state: str, *, purpose: str, now: datetime) -> Kept:
    """What was kept, if the browser comes back from the round that it began.

    Raises:
        SignInFailed: it began none, another one, or long ago.
    """
    try:
        content = json.loads(ring.open(sealed, context=f"oidc.{purpose}"))
    except (KeyRingFault, ValueError) as fault:
        raise SignInFailed(Failure.NOT_GENUINE, "this browser began no round") from fault
    kept = Kept(RoundTrip(**content["trip"]), content["back"])
    if not secrets.compare_digest(kept.trip.state.encode(), state.encode()):
        raise SignInFailed(Failure.NOT_GENUINE, "this browser began another round")
    if now.timestamp() >= content["until"]:
        raise SignInFailed(Failure.NOT_GENUINE, "the round took too long")
    return kept
