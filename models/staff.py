"""People who work here: their role, their sign-in, their sessions, the tokens of other systems."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import ForeignKey, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.column_types import Encrypted
from models.vocabulary import Reach, Role


class Staff(Base):
    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role]
    password_hash: Mapped[str] = mapped_column(String(200))
    password_until: Mapped[datetime | None]
    """Until when a password that somebody else gave them signs in; one they had made themselves does not end."""
    locale: Mapped[str] = mapped_column(String(8), default="zh")
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))
    """The visiting team they go out with."""
    reach: Mapped[Reach] = mapped_column(default=Reach.DISTRICT)
    """How far they see."""
    streets: Mapped[list[str]] = mapped_column(default=list)
    """Those they see, where they see streets."""
    department: Mapped[str | None] = mapped_column(String(64))
    """Whose items they see, where they see a department's: its name on the cards."""
    most_cases: Mapped[int | None]
    """How many cases they can have in hand at once; none is no limit."""
    away_since: Mapped[datetime | None]
    """Not at their desk since then, whatever their shift says; none is there."""
    totp_secret: Mapped[str | None] = mapped_column(Encrypted("staff.totp_secret"))
    """Of their authenticator, where they have one."""
    totp_step: Mapped[int | None]
    """The time step of the last code they used: none is good twice."""
    recovery_codes: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    """Keyed hashes of the codes that serve in place of the authenticator, each once."""
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class Shift(Base):
    """Hours of a weekday in which somebody is at their desk; who has none keeps the district's working hours."""

    __tablename__ = "shift"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    weekday: Mapped[int]
    """0 is Monday. On a make-up day the weekday counts all the same; on holidays nobody is there."""
    begins: Mapped[time]
    ends: Mapped[time]


class StaffSession(Base):
    """A signed-in browser. The cookie carries a random token; only its hash is stored."""

    __tablename__ = "staff_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    two_factors: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether who opened it showed two factors; where their role needs both, one alone opens hardly a page."""

    staff: Mapped[Staff] = relationship()


class ApiToken(Base):
    """A bearer token of another system; only its hash is stored, and how it begins, so that its owner knows it."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    prefix: Mapped[str | None] = mapped_column(String(16))
    scopes: Mapped[list[str]]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Whom it acts for. One that acts for nobody may read, and do what visiting teams and feeds do."""
    calls_a_minute: Mapped[int | None]
    """None: as many as are usual."""
    undertaking_id: Mapped[int | None] = mapped_column(ForeignKey("undertaking.id"))
    """The application it rests on, where a department or a feed uses it: it ends with that."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    staff: Mapped[Staff | None] = relationship()
