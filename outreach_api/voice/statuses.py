"""What a carrier or a gateway says became of a call: kept as a receipt, and an end ends what we remember of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.contact import Receipt
from models.session import Sessions
from outreach_api.channels.vendor_codes import CALL_PREFIX
from outreach_api.voice.service import CallService
from outreach_api.voice.transport import CallRef

FINAL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
LONGEST_STATUS = 32


@dataclass(frozen=True)
class CallStatus:
    """One report; of a call that we did not place there is no contact."""

    provider: str
    call: str
    status: str
    at: datetime
    contact_id: int | None = None
    answered_by: str = ""
    vendor_code: str | None = None
    seconds: int | None = None


def note_status(sessions: Sessions, calls: CallService, told: CallStatus) -> None:
    """Told twice, the receipt is outranked and the call ended once."""
    ref = CallRef(told.provider, told.call)
    answered_by = told.answered_by or calls.answered_by(ref)
    by_machine = told.status == "completed" and answered_by.startswith(("machine", "fax"))
    if told.contact_id is not None:
        receipt = Receipt(
            contact_id=told.contact_id,
            provider=told.provider,
            provider_ref=told.call,
            status=(CALL_PREFIX + ("voicemail" if by_machine else told.status))[:LONGEST_STATUS],
            vendor_code=told.vendor_code,
            received_at=told.at,
        )
        with sessions.write() as session:
            session.add(receipt)
    if told.status in FINAL:
        calls.end(ref, told.status, seconds=told.seconds, answered_by=answered_by or None, at=told.at)
