"""The carrier's switch: takes messages in, delivers them, reports on them, and carries the residents' answers back."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from urllib.parse import parse_qs, urlsplit

from sandbox.backend import UNREACHED, Backend
from sandbox.carrier.errors import CarrierError, DeliveryError, ErrorCode
from sandbox.carrier.faults import (
    CreateFault,
    FaultRates,
    ReceiptFault,
    draw_create_fault,
    draw_receipt_faults,
)
from sandbox.carrier.messages import Direction, Message, Status
from sandbox.ledger import Entry, Ledger
from sandbox.timeline import Timeline, stamp
from sandbox.world import Subscriber

SENT_AFTER = timedelta(seconds=5)
DELIVERED_AFTER = (timedelta(seconds=15), timedelta(seconds=15), timedelta(seconds=30), timedelta(minutes=2))
AT_ONCE = timedelta(seconds=1)
LATE_BY = timedelta(hours=3)
RETRY_AFTER = timedelta(seconds=15)
MAX_BODY = 1600
STOP_WORDS_OF_THE_CARRIER = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
START_WORDS_OF_THE_CARRIER = frozenset({"START", "YES", "UNSTOP"})
HOUSE_NUMBER = "+8675500012345"
"""Where answers go when a message was sent through a messaging service and so carried no number."""

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_UNDELIVERABLE: dict[str, DeliveryError] = {
    "switched_off": DeliveryError.UNREACHABLE,
    "unknown": DeliveryError.UNKNOWN,
    "landline": DeliveryError.LANDLINE,
    "filtered": DeliveryError.FILTERED,
}

Reader = Callable[[Message], None]


@dataclass(frozen=True, slots=True)
class Created:
    """`fault` says how the answer comes to grief although the message was taken."""

    message: Message
    fault: CreateFault


class Exchange:
    def __init__(
        self, *, account_sid: str, seed: int, timeline: Timeline, ledger: Ledger, backend: Backend,
        lines: Mapping[str, Subscriber], rates: FaultRates, on_delivered: Reader,
    ) -> None:  # fmt: skip
        self._account_sid = account_sid
        self._seed = seed
        self._timeline = timeline
        self._ledger = ledger
        self._backend = backend
        self._lines = lines
        self.rates = rates
        self._on_delivered = on_delivered
        self.in_hand: Container[str] = ()
        """Numbers whose phone somebody looks at: what goes to them arrives at once."""
        self._messages: dict[str, Message] = {}
        self._tries: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        self._blocked = {number for number, line in lines.items() if line.phone.line == "opted_out"}
        self._reply_to: dict[str, str] = {}
        self._lock = threading.RLock()

    def create(self, form: Mapping[str, str]) -> Created:
        """Take one message.

        Raises:
            CarrierError: it was refused, or the drawn fault is an error before acceptance.
        """
        with self._lock:
            to = form.get("To", "")
            self._tries[to] += 1
            dice = Random(f"{self._seed}:create:{to}:{self._tries[to]}")
            fault = draw_create_fault(self.rates, dice)
            entry = self._note_create(form, fault)
            self._refuse(form, entry, fault)
            message = self._accept(form)
            entry.update(accepted=True, sid=message.sid)
            self._plan_delivery(message, dice)
            return Created(message, fault)

    def _note_create(self, form: Mapping[str, str], fault: CreateFault) -> Entry:
        entry: Entry = {
            "at": stamp(self._timeline.now),
            "channel": "sms",
            "to": form.get("To", ""),
            "from": form.get("From") or form.get("MessagingServiceSid", ""),
            "body": form.get("Body", ""),
            "contact": contact_of(form.get("StatusCallback", "")),
            "fault": fault.value,
            "accepted": False,
            "error": None,
            "sid": None,
        }
        self._ledger.creates.append(entry)
        return entry

    def _refuse(self, form: Mapping[str, str], entry: Entry, fault: CreateFault) -> None:
        code = self._reason_to_refuse(form) or fault_code(fault)
        if code is not None:
            entry["error"] = int(code)
            raise CarrierError(code, to=entry["to"])

    def _reason_to_refuse(self, form: Mapping[str, str]) -> ErrorCode | None:
        to, body = form.get("To", ""), form.get("Body", "")
        if not to:
            return ErrorCode.TO_REQUIRED
        if not _E164.fullmatch(to):
            return ErrorCode.INVALID_TO
        if not (form.get("From") or form.get("MessagingServiceSid")):
            return ErrorCode.FROM_REQUIRED
        if not body.strip():
            return ErrorCode.BODY_REQUIRED
        if len(body) > MAX_BODY:
            return ErrorCode.BODY_TOO_LONG
        if to in self._blocked:
            return ErrorCode.OPTED_OUT
        if self._is_known_landline(to):
            return ErrorCode.NOT_MOBILE
        return None

    def _is_known_landline(self, to: str) -> bool:
        """Of every second landline the carrier knows beforehand; the others fail on delivery."""
        line = self._lines.get(to)
        return line is not None and line.phone.line == "landline" and int(to[-1]) % 2 == 0

    def _accept(self, form: Mapping[str, str]) -> Message:
        to, now = form["To"], self._timeline.now
        sender, service = form.get("From") or None, form.get("MessagingServiceSid") or None
        message = Message(
            sid=self._sid("out", to, self._tries[to]),
            account_sid=self._account_sid,
            to=to,
            sender=sender,
            body=form["Body"],
            direction=Direction.OUTBOUND,
            status=Status.ACCEPTED if service and not sender else Status.QUEUED,
            created_at=now,
            updated_at=now,
            service_sid=service,
            status_callback=form.get("StatusCallback") or None,
        )
        self._messages[message.sid] = message
        self._reply_to[to] = sender or HOUSE_NUMBER
        return message

    def _sid(self, way: str, number: str, count: int) -> str:
        """Deterministic, so that two runs name their messages alike."""
        return "SM" + hashlib.sha256(f"{self._seed}:{way}:{number}:{count}".encode()).hexdigest()[:32]

    def _plan_delivery(self, message: Message, dice: Random) -> None:
        now = self._timeline.now
        arrives = now + (AT_ONCE if message.to in self.in_hand else dice.choice(DELIVERED_AFTER))
        faults = draw_receipt_faults(self.rates, dice)
        line = self._lines.get(message.to)
        error = _UNDELIVERABLE.get(line.phone.line) if line else None
        sent_receipt, end_receipt = now + SENT_AFTER, arrives
        if ReceiptFault.REORDERED in faults:
            sent_receipt, end_receipt = arrives, now + SENT_AFTER
            arrives = end_receipt
        if ReceiptFault.LATE in faults:
            end_receipt += LATE_BY
        self._timeline.schedule(arrives, lambda: self._arrive(message, error))
        copies = 2 if ReceiptFault.DUPLICATE in faults else 1
        end = Status.UNDELIVERED if error else Status.DELIVERED
        for _ in range(copies):
            self._schedule_report(sent_receipt, message, Status.SENT, None)
            self._schedule_report(end_receipt, message, end, error)

    def _schedule_report(self, when: datetime, message: Message, status: Status, error: DeliveryError | None) -> None:
        courier = self._backend.send_courier
        self._timeline.schedule(when, lambda: courier(lambda: self._report(message, status, error)))

    def _arrive(self, message: Message, error: DeliveryError | None) -> None:
        now = self._timeline.now
        message.sent_at = message.created_at + SENT_AFTER
        message.updated_at = now
        message.status = Status.UNDELIVERED if error else Status.DELIVERED
        message.error = error
        if error is None:
            self._on_delivered(message)

    def _report(self, message: Message, status: Status, error: DeliveryError | None, *, attempt: int = 1) -> None:
        if message.status_callback is None:
            return
        form = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "MessageSid": message.sid,
            "MessageStatus": status.value,
            "SmsSid": message.sid,
            "SmsStatus": status.value,
            "To": message.to,
            "From": message.sender or HOUSE_NUMBER,
        }
        if message.service_sid:
            form["MessagingServiceSid"] = message.service_sid
        if error:
            form["ErrorCode"] = str(int(error))
        answer = self._backend.webhook(message.status_callback, form)
        self._ledger.receipts.append(
            {
                "at": stamp(self._timeline.now),
                "sid": message.sid,
                "contact": contact_of(message.status_callback),
                "status": status.value,
                "error": int(error) if error else None,
                "attempt": attempt,
                "answer": answer,
            }
        )
        if wants_retry(answer, attempt):
            again = self._timeline.now + RETRY_AFTER
            self._timeline.schedule(again, lambda: self._report(message, status, error, attempt=attempt + 1))

    def write(self, number: str, body: str, *, stop: bool = False) -> None:
        """A resident writes to us now. `stop` marks a stop in whatever words; the carrier's own stop words block it."""
        self._written[number] += 1
        word = body.strip().upper()
        if word in STOP_WORDS_OF_THE_CARRIER:
            self._blocked.add(number)
        elif word in START_WORDS_OF_THE_CARRIER:
            self._blocked.discard(number)
        now = self._timeline.now
        message = Message(
            sid=self._sid("in", number, self._written[number]),
            account_sid=self._account_sid,
            to=self._reply_to.get(number, HOUSE_NUMBER),
            sender=number,
            body=body,
            direction=Direction.INBOUND,
            status=Status.RECEIVED,
            created_at=now,
            updated_at=now,
            sent_at=now,
        )
        with self._lock:
            self._messages[message.sid] = message
        entry: Entry = {"at": stamp(now), "sid": message.sid, "from": number, "to": message.to, "body": body}
        entry["channel"] = "sms"
        entry |= {"stop": stop, "attempts": 0, "acknowledged": False}
        self._ledger.inbound.append(entry)
        self._hand_over(message, entry)

    def _hand_over(self, message: Message, entry: Entry) -> None:
        form = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "Body": message.body,
            "From": message.sender or "",
            "FromCountry": "CN",
            "MessageSid": message.sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": message.to,
        }
        entry["attempts"] += 1
        answer = self._backend.webhook(self._backend.inbound_url, form)
        entry["acknowledged"] = 200 <= answer < 300
        if wants_retry(answer, entry["attempts"]):
            self._timeline.schedule(self._timeline.now + RETRY_AFTER, lambda: self._hand_over(message, entry))

    def fetch(self, sid: str) -> Message:
        """Raises: CarrierError: no such message."""
        with self._lock:
            message = self._messages.get(sid)
        if message is None:
            raise CarrierError(ErrorCode.NOT_FOUND)
        return message

    def messages(self, matches: Callable[[Message], bool]) -> list[Message]:
        """Newest first, as Twilio lists them."""
        with self._lock:
            found = [message for message in self._messages.values() if matches(message)]
        found.reverse()
        found.sort(key=lambda message: message.listed_at, reverse=True)
        return found

    @property
    def now(self) -> datetime:
        return self._timeline.now


_FAULT_CODES: dict[CreateFault, ErrorCode] = {
    CreateFault.ERROR_BEFORE_ACCEPT: ErrorCode.INTERNAL,
    CreateFault.RATE_LIMITED: ErrorCode.TOO_MANY_REQUESTS,
}


def fault_code(fault: CreateFault) -> ErrorCode | None:
    """The error that stands for a fault before acceptance."""
    return _FAULT_CODES.get(fault)


def contact_of(callback: str) -> str | None:
    values = parse_qs(urlsplit(callback).query).get("contact")
    return values[0] if values else None


def wants_retry(answer: int, attempt: int) -> bool:
    return attempt == 1 and (answer == UNREACHED or answer >= 500)
