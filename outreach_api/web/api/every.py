"""Every part of the API."""

from __future__ import annotations

from fastapi import APIRouter

from outreach_api.web.api import (
    appeals,
    campaigns,
    cases,
    conversations,
    desk,
    feeds,
    office,
    places,
    policies,
    queue,
    reports,
    residents,
    webhooks,
)
from outreach_api.web.api import settings as settings_and_record

API: tuple[APIRouter, ...] = (
    cases.router,
    feeds.router,
    queue.router,
    appeals.router,
    desk.router,
    conversations.router,
    campaigns.router,
    policies.router,
    residents.router,
    places.router,
    office.router,
    reports.router,
    settings_and_record.router,
    webhooks.router,
)
