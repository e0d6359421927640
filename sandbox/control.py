"""The control surface: the world and its time are set from outside, the ledger is read."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import AwareDatetime, BaseModel, Field

from sandbox.audit import Waiver, count_breaches
from sandbox.carrier.faults import FaultRates
from sandbox.outside import Outside
from sandbox.timeline import stamp
from sandbox.world import World

router = APIRouter(prefix="/_sandbox")
_one_at_a_time = threading.Lock()


class Clock(BaseModel):
    now: AwareDatetime


class HandedOut(BaseModel):
    """A phone in somebody's hand."""

    number: str
    owner: str = Field(min_length=1)
    born: str = Field(pattern=r"^\d{4}-\d{2}$")


class Note(BaseModel):
    text: str


@router.put("/world")
def put_world(world: World, request: Request) -> dict[str, int]:
    with _one_at_a_time:
        before: Outside | None = request.app.state.outside
        if before is not None:
            before.close()
        request.app.state.outside = Outside(world)
    return {"people": len(world.people)}


@router.put("/clock")
def put_clock(clock: Clock, request: Request) -> dict[str, Any]:
    with _one_at_a_time:
        timeline = _outside(request).timeline
        delivered = timeline.advance(clock.now)
        upcoming = timeline.next_at
    return {"now": stamp(timeline.now), "next_at": stamp(upcoming) if upcoming else None, "delivered": delivered}


@router.put("/handset")
def put_handset(handset: HandedOut, request: Request) -> dict[str, str]:
    _outside(request).hand_out(handset.number, handset.owner, handset.born)
    return {"page": "/phone"}


@router.post("/handset/wish")
def take_wish(request: Request) -> dict[str, bool]:
    """Whether the holder has wished to be called since this was last asked."""
    handset = _outside(request).handset
    return {"call": handset.take_wish() if handset else False}


@router.put("/handset/note")
def put_note(note: Note, request: Request) -> Note:
    handset = _outside(request).handset
    if handset is not None:
        handset.tell(note.text)
    return note


@router.put("/faults")
def put_faults(rates: FaultRates, request: Request) -> FaultRates:
    _outside(request).exchange.rates = rates
    return rates


@router.put("/waivers")
def put_waivers(waivers: list[Waiver], request: Request) -> dict[str, int]:
    """What urgent texts may exceed, as the office decided it: the audit then knows of it."""
    _outside(request).waivers = waivers
    return {"waivers": len(waivers)}


@router.get("/ledger")
def get_ledger(request: Request) -> dict[str, list[dict[str, Any]]]:
    return _outside(request).ledger.as_json()


@router.get("/audit")
def get_audit(request: Request) -> dict[str, Any]:
    outside = _outside(request)
    breaches = count_breaches(outside.ledger, outside.waivers)
    return {**asdict(breaches), "ledger_hash": outside.ledger.hash()}


def _outside(request: Request) -> Outside:
    outside: Outside | None = request.app.state.outside
    if outside is None:
        raise HTTPException(409, "no world yet: PUT /_sandbox/world first")
    return outside
