"""Webhooks: who is told of cases and outcomes, and what came of each telling."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from models.hook import HookDelivery
from models.vocabulary import HookState, HookTopic
from outreach_api.hooks.targets import add_target, end_target, find_target, ping, send_again, targets
from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.api.forms import NO_NUL, Body, Id, Name
from outreach_api.web.api.idempotency import ONCE, OnceRoute
from outreach_api.web.api.paging import Cursor, Limit, Page, cursor, cut, read_cursor
from outreach_api.web.house import house_of

router = APIRouter(prefix="/api/v1", tags=["webhooks"], route_class=OnceRoute)


class WebhookItem(BaseModel):
    id: int
    name: str
    url: str
    topics: list[HookTopic]
    created_at: datetime
    created_by: str
    undertaking_id: int | None = Field(description="It is told nothing once that application is over.")
    ended_at: datetime | None
    ended_because: str | None


class WebhookAdded(WebhookItem):
    secret: str = Field(description="To check signatures with; shown once.", examples=["whsec_…"])


class WebhookList(BaseModel):
    items: list[WebhookItem]


class WebhookAsked(Body):
    name: Name
    url: str = Field(min_length=8, max_length=500, pattern=NO_NUL, examples=["https://erp.example.org/hooks"])
    topics: list[HookTopic] = Field(min_length=1, max_length=10)
    undertaking_id: int = Field(ge=1, description="The department's approved application that it rests on.")


class DeliveryItem(BaseModel):
    id: int
    message_id: str
    topic: str
    body: dict[str, Any]
    state: HookState
    attempts: int
    created_at: datetime
    due_at: datetime = Field(description="Of one that waits: when it is tried next.")
    settled_at: datetime | None
    status: int | None = Field(description="HTTP status of the last try.")
    fault: str | None


class Telling(BaseModel):
    """What arrives at the receiver."""

    type: HookTopic
    timestamp: datetime
    data: dict[str, Any] = Field(description="Ids and enums; never personal data.")


events = APIRouter()


@events.post("telling")
def telling(body: Telling) -> None:
    """Signed as Standard Webhooks has it.

    `webhook-id` is the same at every try, `webhook-timestamp` the time of the try, `webhook-signature` is `v1,` and
    base64 of HMAC-SHA256 over `id.timestamp.body` with the secret's bytes. Any 2xx takes it; 410 ends the webhook;
    everything else is tried again, eight times in two days.
    """


@router.get("/webhooks")
def list_webhooks(request: Request, _caller: AnyCaller) -> WebhookList:
    """Who is told, those ended too."""
    with house_of(request).sessions.read() as session:
        items = [WebhookItem.model_validate(row, from_attributes=True) for row in targets(session)]
    return WebhookList(items=items)


@router.post("/webhooks", dependencies=[ONCE])
def add_webhook(request: Request, caller: AnyCaller, asked: WebhookAsked) -> WebhookAdded:
    """Tell a system from now on. Only public addresses are reached, unless the settings allow others."""
    house = house_of(request)
    with house.sessions.write() as session:
        under, now = asked.undertaking_id, house.clock.now()
        row = add_target(session, asked.name, asked.url, asked.topics, under=under, by=caller.actor, now=now)
        return WebhookAdded.model_validate(row, from_attributes=True)


@router.delete("/webhooks/{webhook_id}")
def end_webhook(request: Request, caller: AnyCaller, webhook_id: Id) -> WebhookItem:
    """Tell it nothing more."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = end_target(session, webhook_id, by=caller.actor, now=house.clock.now())
        return WebhookItem.model_validate(row, from_attributes=True)


@router.post("/webhooks/{webhook_id}/ping", dependencies=[ONCE])
def ping_webhook(request: Request, _caller: AnyCaller, webhook_id: Id) -> DeliveryItem:
    """Send it a telling of nothing."""
    house = house_of(request)
    with house.sessions.write() as session:
        return DeliveryItem.model_validate(ping(session, webhook_id, now=house.clock.now()), from_attributes=True)


@router.get("/webhooks/{webhook_id}/deliveries")
def list_webhook_deliveries(
    request: Request,
    _caller: AnyCaller,
    webhook_id: Id,
    state: HookState | None = None,
    limit: Limit = 100,
    after: Cursor = None,
) -> Page[DeliveryItem]:
    """What it was told, the newest first."""
    query = select(HookDelivery).where(HookDelivery.target_id == webhook_id)
    if state is not None:
        query = query.where(HookDelivery.state == state)
    if mark := read_cursor(after, int):
        query = query.where(HookDelivery.id < mark[0])
    with house_of(request).sessions.read() as session:
        find_target(session, webhook_id)
        found = session.scalars(query.order_by(HookDelivery.id.desc()).limit(limit + 1)).all()
        shown, more = cut(found, limit)
        items = [DeliveryItem.model_validate(row, from_attributes=True) for row in shown]
        return Page(items=items, next=cursor(shown[-1].id) if more else None)


@router.post("/webhook-deliveries/{delivery_id}/again", dependencies=[ONCE])
def send_webhook_again(request: Request, _caller: AnyCaller, delivery_id: Id) -> DeliveryItem:
    """Try one that was given up again, with the id it had."""
    house = house_of(request)
    with house.sessions.write() as session:
        row = send_again(session, delivery_id, now=house.clock.now())
        return DeliveryItem.model_validate(row, from_attributes=True)
