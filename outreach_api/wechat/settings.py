"""The Official Account, from the environment (`OUTREACH_WECHAT_…`). Without an app id there is none."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Field(StrEnum):
    """What of ours a template's keyword can hold."""

    POLICY = "policy"
    ADVICE = "advice"
    DAY = "day"


class NoticeTemplate(BaseModel):
    """A template that the platform has approved for the account: its id, and which keyword holds what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    fields: dict[str, Field]


class WechatSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OUTREACH_WECHAT_", env_file=".env", extra="ignore")

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    """What signatures are made with."""
    aes_key: SecretStr = SecretStr("")
    """The 43 signs of EncodingAESKey. With one, nothing that comes in plain is believed."""
    notices: dict[str, NoticeTemplate] = {}
    """By `offer`, `reminder` or `heads_up`: which texts may go as notices."""
    base_url: str = "https://api.weixin.qq.com"
    """Only a sandbox changes this."""
    timeout_seconds: float = 5.0

    @property
    def enabled(self) -> bool:
        return bool(self.app_id)
