"""What is set while the house runs: contact rules, the pause of everything; and the record of who did what."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from models.event import AuditAlert, AuditEntry
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Reason
from outreach_api.web.api.idempotency import OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.house import house_of
from scheduler.planning.pauses import pause_everything, resume_everything, standing_pauses
from scheduler.planning.rule_book import rules_set, set_rule

router = APIRouter(prefix="/api/v1", tags=["settings and record"], route_class=OnceRoute)


class SettingItem(BaseModel):
    name: str = Field(examples=["contact_budget"])
    value: Any = Field(description="Null: the default holds.")
    changed_at: datetime | None
    changed_by: str | None


class SettingList(BaseModel):
    items: list[SettingItem]


class NewValue(Body):
    value: Any = Field(description="In the form of docs/campaigns.md; what makes no sense is refused with the reason.")


class Because(Body):
    because: Reason


class Pauses(BaseModel):
    everything: str | None = Field(description="Why nobody is contacted unasked at present.")
    policies: dict[str, str]
    campaigns: list[int] = Field(description="Campaigns that do not run.")


class RecordEntry(BaseModel):
    id: int
    at: datetime
    actor: str = Field(examples=["staff:4"])
    action: str = Field(examples=["reveal.phone"])
    subject: str = Field(examples=["resident:17"])
    purpose: str | None
    facts: dict[str, Any]


class AlertItem(BaseModel):
    id: int
    rule: str
    actor: str
    on: date
    at: datetime
    count: int
    facts: dict[str, Any]


@router.get("/settings")
def list_settings(request: Request, _caller: AnyCaller) -> SettingList:
    """Every setting with its value."""
    with house_of(request).sessions.read() as session:
        items = [SettingItem.model_validate(one, from_attributes=True) for one in rules_set(session)]
    return SettingList(items=items)


@router.put("/settings/{name}")
def change_setting(
    request: Request, caller: AnyCaller, name: Annotated[str, Path(max_length=64, pattern=NO_NUL)], given: NewValue
) -> SettingItem:
    """Let another value hold from now on."""
    house = house_of(request)
    with house.sessions.write() as session:
        changed = set_rule(session, name, given.value, by=caller.actor, now=house.clock.now())
        return SettingItem.model_validate(changed, from_attributes=True)


@router.get("/pauses")
def read_pauses(request: Request, _caller: AnyCaller) -> Pauses:
    """What is held back."""
    with house_of(request).sessions.read() as session:
        standing = standing_pauses(session)
    return Pauses(everything=standing.everything, policies=standing.policies, campaigns=sorted(standing.campaigns))


@router.put("/pauses/everything")
def pause_all(request: Request, caller: AnyCaller, asked: Because) -> Pauses:
    """Hold everything back that would go out unasked; answers to residents go on."""
    house = house_of(request)
    with house.sessions.write() as session:
        pause_everything(session, because=asked.because, by=caller.actor, now=house.clock.now())
    return read_pauses(request, caller)


@router.delete("/pauses/everything")
def resume_all(request: Request, caller: AnyCaller) -> Pauses:
    """Lift the pause of everything; those of single policies and campaigns stay."""
    house = house_of(request)
    with house.sessions.write() as session:
        resume_everything(session, by=caller.actor, now=house.clock.now())
    return read_pauses(request, caller)


@router.get("/audit-entries")
def list_audit_entries(
    request: Request,
    _caller: AnyCaller,
    actor: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    action: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    subject: Annotated[str | None, Query(max_length=64, pattern=NO_NUL)] = None,
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[RecordEntry]:
    """Who did or saw what, and what for; the newest first."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit + 1)
    for column, value in ((AuditEntry.actor, actor), (AuditEntry.action, action), (AuditEntry.subject, subject)):
        query = query.where(column == value) if value is not None else query
    if mark := read_cursor(after, int):
        query = query.where(AuditEntry.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [RecordEntry.model_validate(row, from_attributes=True) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.get("/audit-alerts")
def list_audit_alerts(
    request: Request, _caller: AnyCaller, limit: Limit = 100, after: Cursor = None
) -> Page[AlertItem]:
    """Odd use of what is masked, found by a rule; the newest first."""
    query = select(AuditAlert).order_by(AuditAlert.id.desc()).limit(limit + 1)
    if mark := read_cursor(after, int):
        query = query.where(AuditAlert.id < mark[0])
    with house_of(request).sessions.read() as session:
        shown, more = cut(session.scalars(query).all(), limit)
        items = [AlertItem.model_validate(row, from_attributes=True) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)
