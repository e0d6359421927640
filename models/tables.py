"""All tables, so that one import makes the metadata complete."""

from models import (
    api_request,
    appeal,
    call,
    carrier,
    case,
    chat,
    contact,
    conversation,
    enterprise,
    event,
    faq,
    match,
    policy,
    proof,
    reminder,
    report,
    resident,
    review,
    staff,
    survey,
    wechat,
)
from models.base import Base

metadata = Base.metadata

__all__ = [
    "api_request",
    "appeal",
    "call",
    "carrier",
    "case",
    "chat",
    "contact",
    "conversation",
    "enterprise",
    "event",
    "faq",
    "match",
    "metadata",
    "policy",
    "proof",
    "reminder",
    "report",
    "resident",
    "review",
    "staff",
    "survey",
    "wechat",
]
