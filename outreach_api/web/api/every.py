"""Every part of the API."""

from __future__ import annotations

from fastapi import APIRouter

from outreach_api.web.api import (
    campaigns,
    cases,
    conversations,
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
