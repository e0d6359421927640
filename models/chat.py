"""The chat page: the link that leads to it, and the browsers in which somebody has said who they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ChatLink(Base):
    """Leads to the chat of one resident and to nothing else. Whoever has it must still say who they are."""

    __tablename__ = "chat_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """The token itself is kept nowhere."""
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"))
    """Whose conversation it joins: what is said here and by text is one talk."""
    contact_id: Mapped[int | None] = mapped_column(index=True)
    """The text that carried it."""
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    """How often somebody failed to say who they are, since it last went well."""
    locked_at: Mapped[datetime | None]


class ChatVisit(Base):
    """A browser in which somebody has said who they are."""

    __tablename__ = "chat_visit"

    id: Mapped[int] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("chat_link.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    relation: Mapped[str | None] = mapped_column(String(32))
    """What the person at the page is to the resident, if they are somebody else."""
    real_name: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether they signed in by their real name, rather than said surname and birth month."""
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """When the page was last known to be open."""
