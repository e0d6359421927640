"""Every part of the API."""

from __future__ import annotations

from fastapi import APIRouter

from outreach_api.web.api import cases, conversations, feeds, queue

API: tuple[APIRouter, ...] = (
    cases.router,
    feeds.router,
    queue.router,
    conversations.router,
)
