"""Every part of the API."""

from __future__ import annotations

from fastapi import APIRouter

from outreach_api.web.api import (
    appeals,
    campaigns,
    care,
    case_details,
    cases,
    conversations,
    desk,
    feeds,
    office,
    overview,
    places,
    policies,
    policy_review,
    queue,
    reports,
    resident_rights,
    residents,
    surveys,
    tokens,
    undertakings,
    visits,
    webhooks,
)
from outreach_api.web.api import settings as settings_and_record

API: tuple[APIRouter, ...] = (
    cases.router,
    feeds.router,
    visits.router,
    case_details.router,
    queue.router,
    appeals.router,
    desk.router,
    care.router,
    conversations.router,
    campaigns.router,
    policies.router,
    policy_review.router,
    residents.router,
    resident_rights.router,
    places.router,
    office.router,
    tokens.router,
    overview.router,
    reports.router,
    surveys.router,
    settings_and_record.router,
    webhooks.router,
    undertakings.router,
)
