"""A second carrier of texts, for mainland numbers: Alibaba Cloud SMS, from the environment (`OUTREACH_ALIBABA_…`)."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ANY_TEMPLATE = "*"


class AlibabaSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OUTREACH_ALIBABA_", env_file=".env", extra="ignore")

    access_key_id: str = ""
    """Without one there is no second carrier."""
    access_key_secret: SecretStr = SecretStr("")
    sign_name: str = ""
    templates: dict[str, str] = {}
    """Our template key → the approved template's code; `*` for all others, whose one variable is `content`."""
    push_secret: SecretStr = SecretStr("")
    """Part of the address to which receipts and inbound texts are pushed: the pushes are not signed."""
    base_url: str = "https://dysmsapi.aliyuncs.com"
    """Only a sandbox changes this."""
    timeout_seconds: float = 10.0

    @property
    def enabled(self) -> bool:
        return bool(self.access_key_id)
