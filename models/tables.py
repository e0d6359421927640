"""All tables, so that one import makes the metadata complete."""

from models import (
    call,
    carrier,
    case,
    contact,
    conversation,
    enterprise,
    event,
    match,
    policy,
    reminder,
    report,
    resident,
    staff,
    survey,
)
from models.base import Base

metadata = Base.metadata

__all__ = [
    "call",
    "carrier",
    "case",
    "contact",
    "conversation",
    "enterprise",
    "event",
    "match",
    "metadata",
    "policy",
    "reminder",
    "report",
    "resident",
    "staff",
    "survey",
]
