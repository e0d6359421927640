"""What texts may come to, from the environment (`OUTREACH_TOLL_…`); calls have theirs in `OUTREACH_VOICE_…`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class TollLimits(BaseSettings):
    """A day is the district's. 0 is no limit. A text counts by its parts: 70 signs, or 67 where there are several."""

    model_config = SettingsConfigDict(env_prefix="OUTREACH_TOLL_", env_file=".env", extra="ignore")

    answers_a_number: int = Field(default=30, ge=0)
    """Texts that answer one number in 24 hours: who writes on and on is not answered on and on."""
    answers_a_day: int = Field(default=20_000, ge=0)
    """Parts of all answers together: whoever has many numbers write to us spends no more than this."""
    texts_a_day: int = Field(default=0, ge=0)
    """Parts of all texts together."""
    yuan_a_text: float = Field(default=0.05, ge=0)
    """The price of a part."""
    yuan_a_day: float = Field(default=0.0, ge=0)
    yuan_a_campaign: float = Field(default=0.0, ge=0)
    """What one campaign may spend a day."""
