"""The carrier's voice side: takes calls in, lets them ring, carries them and reports on them."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sandbox.backend import UNREACHED, Backend
from sandbox.carrier.calls import OVER, Call, CallStatus
from sandbox.carrier.errors import CarrierError, ErrorCode
from sandbox.carrier.exchange import contact_of, fault_code, wants_retry
from sandbox.carrier.faults import CreateFault, FaultRates, ReceiptFault, draw_create_fault, draw_receipt_faults
from sandbox.carrier.line import SECONDS_A_CHARACTER, Line
from sandbox.carrier.listening import Listener
from sandbox.carrier.relay_socket import RelaySession
from sandbox.ledger import Entry, Ledger
from sandbox.phone.handset import Handset
from sandbox.timeline import Timeline, stamp

RINGS_AFTER = timedelta(seconds=2)
ANSWERED_AFTER = timedelta(seconds=8)
GIVEN_UP_AFTER = timedelta(seconds=32)
RETRY_AFTER = timedelta(seconds=15)
LATE_BY = timedelta(hours=3)
_E164 = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a ringing phone: a status at once, a machine, or somebody who listens."""

    status: CallStatus = CallStatus.COMPLETED
    answered_by: str = "human"
    listener: Listener | None = None


_NOT_TAKEN = frozenset({CallStatus.QUEUED, CallStatus.INITIATED, CallStatus.RINGING})
PickUp = Callable[[str, Random], Answer]
Heard = Callable[[str, Line], bool]
"""Told of a call that was talked in; whether a stop was spoken."""


@dataclass(frozen=True, slots=True)
class Placed:
    call: Call
    fault: CreateFault


class Switchboard:
    def __init__(
        self, *, account_sid: str, auth_token: str, seed: int, timeline: Timeline, ledger: Ledger, backend: Backend,
        rates: Callable[[], FaultRates], pick_up: PickUp, on_talked: Heard,
    ) -> None:  # fmt: skip
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._seed = seed
        self._timeline = timeline
        self._ledger = ledger
        self._backend = backend
        self._rates = rates
        self.pick_up = pick_up
        self._on_talked = on_talked
        self.handsets: dict[str, Handset] = {}
        """Phones in somebody's hand: these ring until their holder does something."""
        self._calls: dict[str, Call] = {}
        self._tries: Counter[str] = Counter()
        self._lock = threading.RLock()

    @property
    def now(self) -> datetime:
        return self._timeline.now

    def create(self, form: Mapping[str, str], events: tuple[str, ...]) -> Placed:
        """Take one call.

        Raises:
            CarrierError: it was refused, or the drawn fault is an error before acceptance.
        """
        with self._lock:
            to = form.get("To", "")
            self._tries[to] += 1
            dice = Random(f"{self._seed}:call:{to}:{self._tries[to]}")
            fault = draw_create_fault(self._rates(), dice)
            entry = self._note(form, fault)
            code = _reason_to_refuse(form) or fault_code(fault)
            if code is not None:
                entry["error"] = int(code)
                raise CarrierError(code, to=to)
            call = self._accept(form, events)
            entry.update(accepted=True, sid=call.sid)
            self._timeline.schedule(self.now, lambda: self._report(call, CallStatus.INITIATED))
            self._timeline.schedule(self.now + RINGS_AFTER, lambda: self._ring(call, dice))
            self._timeline.schedule(self.now + ANSWERED_AFTER, lambda: self._connect(call, dice))
            return Placed(call, fault)

    def ring_us(self, number: str, to: str, url: str, listener: Listener, status_callback: str = "") -> Line:
        """A resident rings the house's number, now."""
        with self._lock:
            self._tries[number] += 1
            sid = self._sid("in", number, self._tries[number])
            call = Call(
                sid, self._account_sid, to, number, "inbound", CallStatus.IN_PROGRESS, self.now, url,
                status_callback=status_callback or None, started_at=self.now,
            )  # fmt: skip
            self._calls[sid] = call
        return self._talk(call, listener)

    def cancel(self, sid: str, status: str) -> Call:
        """`canceled` ends what nobody has taken yet, and nothing else.

        Raises:
            CarrierError: no such call.
        """
        call = self.fetch(sid)
        if call.status in _NOT_TAKEN and status == "canceled":
            call.status, call.ended_at = CallStatus.CANCELED, self.now
            self._timeline.schedule(self.now, lambda: self._report(call, CallStatus.CANCELED))
            if call.to in self.handsets:
                self.handsets[call.to].over()
        return call

    def fetch(self, sid: str) -> Call:
        """Raises: CarrierError: no such call."""
        with self._lock:
            call = self._calls.get(sid)
        if call is None:
            raise CarrierError(ErrorCode.NOT_FOUND)
        return call

    def calls(self, matches: Callable[[Call], bool]) -> list[Call]:
        """Newest first."""
        with self._lock:
            found = [call for call in self._calls.values() if matches(call)]
        found.reverse()
        return found

    def _note(self, form: Mapping[str, str], fault: CreateFault) -> Entry:
        entry: Entry = {
            "at": stamp(self.now),
            "channel": "voice",
            "to": form.get("To", ""),
            "from": form.get("From", ""),
            "body": "",
            "contact": contact_of(form.get("StatusCallback", "")),
            "fault": fault.value,
            "accepted": False,
            "error": None,
            "sid": None,
        }
        self._ledger.creates.append(entry)
        return entry

    def _accept(self, form: Mapping[str, str], events: tuple[str, ...]) -> Call:
        to = form["To"]
        call = Call(
            sid=self._sid("out", to, self._tries[to]),
            account_sid=self._account_sid,
            to=to,
            sender=form["From"],
            direction="outbound-api",
            status=CallStatus.QUEUED,
            created_at=self.now,
            url=form["Url"],
            fallback_url=form.get("FallbackUrl") or None,
            status_callback=form.get("StatusCallback") or None,
            events=events,
            machine_detection=form.get("MachineDetection") or None,
        )
        self._calls[call.sid] = call
        return call

    def _sid(self, way: str, number: str, count: int) -> str:
        return "CA" + hashlib.sha256(f"{self._seed}:{way}:{number}:{count}".encode()).hexdigest()[:32]

    def _ring(self, call: Call, dice: Random) -> None:
        if call.status in OVER:
            return
        call.status = CallStatus.RINGING
        self._report(call, CallStatus.RINGING)
        handset = self.handsets.get(call.to)
        if handset is not None:
            handset.ring(
                call.sender,
                pick_up=lambda: self._pick_up_by_hand(call, handset, dice),
                decline=lambda: self._give_up(call, handset, CallStatus.BUSY, dice),
            )
            ends = self.now + GIVEN_UP_AFTER - RINGS_AFTER
            self._timeline.schedule(ends, lambda: self._give_up(call, handset, CallStatus.NO_ANSWER, dice))

    def _pick_up_by_hand(self, call: Call, handset: Handset, dice: Random) -> None:
        """A person talks for minutes: beside the timeline, not on it."""
        with self._lock:
            if call.status is not CallStatus.RINGING:
                return
            call.status, call.started_at = CallStatus.IN_PROGRESS, self.now
            call.answered_by = "human" if call.machine_detection else None
        handset.connected()
        threading.Thread(target=self._talk_by_hand, args=(call, handset, dice), daemon=True).start()

    def _talk_by_hand(self, call: Call, handset: Handset, dice: Random) -> None:
        self._report(call, CallStatus.IN_PROGRESS)
        try:
            self._talk(call, handset)
        finally:
            handset.over()
            self._finish(call, CallStatus.COMPLETED, dice)

    def _give_up(self, call: Call, handset: Handset, status: CallStatus, dice: Random) -> None:
        with self._lock:
            if call.status is not CallStatus.RINGING:
                return
            call.status = status
        handset.over()
        self._finish(call, status, dice)

    def _connect(self, call: Call, dice: Random) -> None:
        if call.status in OVER:
            return
        if call.to in self.handsets:
            return
        answer = self.pick_up(call.to, dice)
        if answer.status is not CallStatus.COMPLETED:
            wait = GIVEN_UP_AFTER - ANSWERED_AFTER if answer.status is CallStatus.NO_ANSWER else timedelta(0)
            self._timeline.schedule(self.now + wait, lambda: self._finish(call, answer.status, dice))
            return
        call.status, call.started_at = CallStatus.IN_PROGRESS, self.now
        call.answered_by = answer.answered_by if call.machine_detection else None
        self._report(call, CallStatus.IN_PROGRESS)
        if answer.listener is not None:
            self._talk(call, answer.listener)
        spoken = timedelta(seconds=call.seconds or 5)
        self._timeline.schedule(self.now + spoken, lambda: self._finish(call, CallStatus.COMPLETED, dice))

    def _talk(self, call: Call, listener: Listener) -> Line:
        form = self._form(call)
        line = Line(
            listener=listener,
            fetch=lambda url, fields: self._fetch(url, {**form, **fields}),
            relay=RelaySession(self._auth_token, form),
            fallback_url=call.fallback_url,
        )
        line.run(call.url, {"AnsweredBy": call.answered_by} if call.answered_by else {})
        call.seconds = 5 + round(SECONDS_A_CHARACTER * sum(map(len, (*line.heard, *line.said))))
        stop = self._on_talked(call.to if call.direction != "inbound" else call.sender, line)
        self._ledger.calls.append(
            {
                "at": stamp(self.now),
                "sid": call.sid,
                "number": call.to if call.direction != "inbound" else call.sender,
                "answered_by": call.answered_by,
                "heard": line.heard,
                "said": line.said,
                "unanswered": line.unanswered,
                "faults": line.faults,
                # Whom the line went dead on has told nobody.
                "stop": stop and not line.unanswered,
            }
        )
        return line

    def _finish(self, call: Call, status: CallStatus, dice: Random) -> None:
        call.status, call.ended_at = status, self.now
        faults = draw_receipt_faults(self._rates(), dice)
        at = self.now + (LATE_BY if ReceiptFault.LATE in faults else timedelta(0))
        if ReceiptFault.REORDERED in faults:
            self._timeline.schedule(at + timedelta(seconds=1), lambda: self._report(call, CallStatus.RINGING))
        for _ in range(2 if ReceiptFault.DUPLICATE in faults else 1):
            self._timeline.schedule(at, lambda: self._report(call, status))

    def _report(self, call: Call, status: CallStatus, *, attempt: int = 1) -> None:
        event = {CallStatus.IN_PROGRESS: "answered"}.get(status, "completed" if status in OVER else status.value)
        if call.status_callback is None or event not in call.events:
            return
        form = self._form(call) | {"CallStatus": status.value, "CallbackSource": "call-progress-events"}
        if status is CallStatus.COMPLETED:
            form |= {"CallDuration": str(call.seconds or 0)}
        answer = self._backend.webhook(call.status_callback, form)
        self._ledger.receipts.append(
            {
                "at": stamp(self.now),
                "sid": call.sid,
                "contact": contact_of(call.status_callback),
                "status": status.value,
                "error": None,
                "attempt": attempt,
                "answer": answer,
            }
        )
        if wants_retry(answer, attempt):
            self._timeline.schedule(self.now + RETRY_AFTER, lambda: self._report(call, status, attempt=attempt + 1))

    def _form(self, call: Call) -> dict[str, str]:
        return {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status.value,
            "Direction": call.direction,
            "From": call.sender,
            "To": call.to,
        }

    def _fetch(self, url: str, form: Mapping[str, str]) -> str | None:
        status, document = self._backend.twiml(url, form)
        return document if status != UNREACHED and 200 <= status < 300 else None


def _reason_to_refuse(form: Mapping[str, str]) -> ErrorCode | None:
    to = form.get("To", "")
    if not to:
        return ErrorCode.CALL_TO_REQUIRED
    if not _E164.fullmatch(to):
        return ErrorCode.INVALID_TO
    if not form.get("From"):
        return ErrorCode.CALL_FROM_REQUIRED
    return None if form.get("Url") or form.get("Twiml") else ErrorCode.URL_REQUIRED
