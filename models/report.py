"""What reports rest on beside the events: random phases of a campaign, exports and their second person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class CampaignPhase(Base):
    """A campaign may start in phases: nobody is left out, some are only later. Who is in which is drawn by lot."""

    __tablename__ = "campaign_phase"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    starts_on: Mapped[date]


class ExportRequest(Base):
    """A list that somebody wants as a file. A long one waits for a second person's yes."""

    __tablename__ = "export_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    requested_at: Mapped[datetime]
    requested_by: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(200))
    filters: Mapped[dict[str, Any]]
    fields: Mapped[list[str]] = mapped_column(default=list)
    """The columns that were applied for; the file holds no others."""
    form: Mapped[str] = mapped_column(String(8))
    rows: Mapped[int]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None] = mapped_column(String(64))
    promise: Mapped[str] = mapped_column(String(200), default="")
    """What who asked for it signed."""
    expires_at: Mapped[datetime | None]
    """Until then it may be taken."""
    taken_at: Mapped[datetime | None]


class CampaignForecast(Base):
    """What a campaign was expected to take and to bring, as it was said before; reports hold it against the facts."""

    __tablename__ = "campaign_forecast"

    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[str] = mapped_column(String(64), index=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(String(64))
    starts_on: Mapped[date]
    days: Mapped[int]
    seeds: Mapped[int]
    matches: Mapped[int]
    """How many it is about: those matched and not closed when it was made."""
    assumptions: Mapped[dict[str, Any]]
    """All that it took for granted, with what was seen here marked as such."""
    expected: Mapped[dict[str, Any]]
    """Measure → for each day the low, the middle and the high value up to its end."""
