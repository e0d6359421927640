"""Identity providers, from the environment: `OUTREACH_REAL_NAME_…` for residents, `OUTREACH_STAFF_OIDC_…` for us."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class OidcSettings(BaseSettings):
    """One provider and what we are to it. Without an issuer there is none."""

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    scopes: str = "openid profile"
    claim: str
    """The claim that says who it is."""
    label: str
    """What the button says."""
    timeout_seconds: float = 5.0

    @field_validator("issuer")
    @classmethod
    def _is_https(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("the issuer's address begins with https://")
        return value

    @property
    def enabled(self) -> bool:
        return bool(self.issuer and self.client_id)


class RealNameSettings(OidcSettings):
    model_config = SettingsConfigDict(env_prefix="OUTREACH_REAL_NAME_", env_file=".env", extra="ignore")

    claim: str = "id_number"
    label: str = "实名登录"


class StaffOidcSettings(OidcSettings):
    model_config = SettingsConfigDict(env_prefix="OUTREACH_STAFF_OIDC_", env_file=".env", extra="ignore")

    claim: str = "preferred_username"
    label: str = ""
    """Empty: as our own words have it, in the reader's language."""
    amr: list[str] = ["mfa"]
    """Methods (RFC 8176) one of which says that the provider asked for two factors."""
    acr: list[str] = []
    """Classes one of which says so; the provider is asked for them."""
    always_two_factors: bool = False
    """The provider asks everybody for two, whether it says so or not."""
