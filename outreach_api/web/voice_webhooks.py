"""What Twilio calls about a phone call: it was picked up, something was said, it moved on, it is over.

Every request is signed, and every one may come twice: the call's own row says what has been done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Protocol

import structlog
from fastapi import APIRouter, Depends, HTTPException, Response
from sqlalchemy import select

from models.case import Case
from models.vocabulary import Direction
from outreach_api.arrived import entry_of
from outreach_api.channels.twilio_forms import CONTACT_ID, LONGEST_WORD, NUMBER
from outreach_api.voice.service import CallService
from outreach_api.voice.settings import Transport
from outreach_api.voice.statuses import FINAL, CallStatus, note_status
from outreach_api.voice.transport import (
    CallRef,
    Command,
    Dtmf,
    Error,
    Event,
    Language,
    Prompt,
    Setup,
    Transfer,
)
from outreach_api.voice.twiml import PATH, Scribe
from outreach_api.web.webhooks import SignedForm, WebhookHouse, signed_form, spool_of

PROVIDER = "twilio"
DROPS_UNTIL_GATHER = 2
"""Once the relay is connected anew; when it drops again, the call goes on by turns."""
LONGEST_SPEECH = 2000

router = APIRouter(prefix=PATH, tags=["webhooks"])
log = structlog.get_logger(__name__)


class VoiceHouse(WebhookHouse, Protocol):
    """What these routes need of the house."""

    @property
    def calls(self) -> CallService: ...


Form = Annotated[SignedForm, Depends(signed_form)]


@router.post("/answer", response_class=Response)
def answered(form: Form, contact: str | None = None) -> Response:
    """Somebody, or a machine, picked up our call; or somebody rings us."""
    house, ref = _house(form), _ref(form)
    contact_id = _contact(contact)
    outbound = contact_id is not None
    number = form.fields.get("To" if outbound else "From", "")
    setup = Setup(
        Direction.OUT if outbound else Direction.IN,
        number if NUMBER.fullmatch(number) else "",
        contact_id,
        form.fields.get("AnsweredBy", "")[:LONGEST_WORD],
    )
    scribe = scribe_of(house)
    if house.settings.voice.transport is Transport.RELAY and not setup.answered_by.startswith(("machine", "fax")):
        # The socket says the first words; here only whether there is anything to say.
        return _twiml(scribe.relay(contact=contact_id))
    return _spoken(house, ref, house.calls.hear(ref, setup), contact_id)


@router.post("/turn", response_class=Response)
def heard(form: Form, contact: str | None = None, turn: int = 0) -> Response:
    """What was said or pressed after the last words, if anything. The same turn again gets the same answer."""
    house, ref = _house(form), _ref(form)
    done = house.calls.turns_of(ref)
    repeated = done is not None and done > turn
    commands = house.calls.said_last(ref) if repeated else house.calls.hear(ref, _event(form))
    return _spoken(house, ref, commands, _contact(contact))


@router.post("/relay-ended", response_class=Response)
def relay_ended(form: Form, contact: str | None = None) -> Response:
    """The socket's session is over: as we wished, or because it broke; then the call goes on without it."""
    house, ref, contact_id = _house(form), _ref(form), _contact(contact)
    wish = _hand_off(form.fields.get("HandoffData", ""))
    scribe = scribe_of(house)
    if wish.get("reason") == "transfer":
        transfer = Transfer(house.settings.voice.agents_number, int(wish.get("case", 0)))
        return _twiml(scribe.gather([transfer], turn=0, contact=contact_id))
    if wish or form.fields.get("SessionStatus") != "failed" or form.fields.get("CallStatus") in FINAL:
        return _twiml(scribe.hang_up())
    log.warning("relay_failed", code=form.fields.get("ErrorCode", "")[:16])
    house.calls.hear(ref, Error("relay"))
    drops = house.calls.drops_of(ref)
    if drops is not None and drops < DROPS_UNTIL_GATHER:
        return _twiml(scribe.relay(contact=contact_id, cantonese=house.calls.is_cantonese(ref)))
    again = house.calls.hear(ref, Setup(Direction.OUT if contact_id else Direction.IN, "", contact_id))
    return _spoken(house, ref, again, contact_id)


@router.post("/dialled", response_class=Response)
def dialled(form: Form, case: int = 0) -> Response:
    """What became of handing the call to an agent."""
    house, ref = _house(form), _ref(form)
    if form.fields.get("DialCallStatus") in ("completed", "answered"):
        return _twiml(scribe_of(house).hang_up())
    with house.sessions.read() as session:
        due_at = session.scalar(select(Case.due_at).where(Case.id == case))
    commands = house.calls.transfer_failed(ref, due_at)
    return _spoken(house, ref, commands, None)


@router.post("/status", status_code=HTTPStatus.NO_CONTENT, response_class=Response)
def status(form: Form, contact: str | None = None) -> Response:
    """The call's status changed. Kept as it came, like a text's; an end also ends what we remember of the call."""
    house, ref = _house(form), _ref(form)
    code, length = form.fields.get("ErrorCode", ""), form.fields.get("CallDuration", "")
    told = CallStatus(
        provider=PROVIDER,
        call=ref.ref,
        status=form.required("CallStatus", longest=LONGEST_WORD),
        at=house.clock.now(),
        contact_id=_contact(contact),
        answered_by=form.fields.get("AnsweredBy", ""),
        vendor_code=code[:16] if code.isdecimal() and int(code) else None,
        seconds=int(length) if length.isdecimal() and len(length) < LONGEST_WORD // 4 else None,
    )
    spool_of(house).keep(lambda: note_status(house.sessions, house.calls, told), [entry_of(told)])
    return Response(status_code=HTTPStatus.NO_CONTENT)


def scribe_of(house: VoiceHouse) -> Scribe:
    return Scribe(house.settings.public_url, house.settings.voice, house.calls.hints)


def _spoken(house: VoiceHouse, ref: CallRef, commands: Sequence[Command], contact_id: int | None) -> Response:
    turn = house.calls.turns_of(ref) or 0
    twiml = scribe_of(house).gather(
        commands, turn=turn, contact=contact_id, cantonese=house.calls.is_cantonese(ref) and not _switches(commands)
    )
    return _twiml(twiml)


def _switches(commands: Sequence[Command]) -> bool:
    return any(isinstance(command, Language) for command in commands)


def _event(form: SignedForm) -> Event:
    digits = form.fields.get("Digits", "")
    if digits:
        return Dtmf(digits[:1])
    return Prompt(form.fields.get("SpeechResult", "")[:LONGEST_SPEECH], form.fields.get("Language", "")[:LONGEST_WORD])


def _hand_off(text: str) -> dict[str, str]:
    try:
        wish = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in wish.items()} if isinstance(wish, dict) else {}


def _house(form: SignedForm) -> VoiceHouse:
    house: VoiceHouse = form.house  # type: ignore[assignment]
    return house


def _ref(form: SignedForm) -> CallRef:
    return CallRef(PROVIDER, form.required("CallSid"))


def _contact(contact: str | None) -> int | None:
    if contact is None:
        return None
    if not CONTACT_ID.fullmatch(contact):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "contact is not a contact's number")
    return int(contact)


def _twiml(text: str) -> Response:
    return Response(text, media_type="text/xml")
