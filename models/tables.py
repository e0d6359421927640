"""All tables, so that one import makes the metadata complete."""

from models import case, contact, conversation, event, match, policy, resident, staff
from models.base import Base

metadata = Base.metadata

__all__ = ["case", "contact", "conversation", "event", "match", "metadata", "policy", "resident", "staff"]
