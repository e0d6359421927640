"""Settings, from the environment (`OUTREACH_…`) or a `.env` file; secrets from nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.ciphers import CipherName
from models.vocabulary import Role
from outreach_api.channels.dialling import DEAR_PREFIXES
from outreach_api.channels.domestic_settings import AlibabaSettings
from outreach_api.delivery.toll_limits import TollLimits
from outreach_api.signin.settings import LOOPBACK, RealNameSettings, StaffOidcSettings
from outreach_api.voice.settings import VoiceSettings
from outreach_api.wechat.settings import WechatSettings

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OUTREACH_", env_file=".env", extra="ignore")

    home: Path = ROOT / "var" / "home"
    """Folder of this installation: database, key file, population files."""
    database_url: str = ""
    key_file: Path | None = None
    cipher: CipherName = CipherName.AES
    """What new keys seal with. Of a new key file also which hash: SHA-256 beside AES, SM3 beside SM4."""
    backup_days: int = Field(default=30, ge=1)
    """So long a backup can be opened; then its key is destroyed."""
    policies: Path = ROOT / "policies"
    zone_name: str = "Asia/Shanghai"
    clock_file: Path | None = None
    """Only a rehearsal in several processes sets this: the file that holds its time."""

    spool: Path | None = None
    """Folder in which arrivals wait while the database is away, if not in `home`; best on another disk."""
    spool_megabytes: int = Field(default=128, ge=0)
    """What may wait there; 0: nothing, and whoever calls has to come again."""

    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxies: list[str] = Field(default=["127.0.0.1", "::1"])
    """Addresses or networks of proxies of ours: their word on who came to them is taken, and nobody else's."""
    public_url: str = "http://127.0.0.1:8000"
    """As the carrier calls us; webhook signatures are checked against this, not against the request's Host header."""

    bot_urls: list[str] = Field(default=["http://127.0.0.1:5005"])
    bot_secret: SecretStr = SecretStr("")
    bot_timeout_seconds: float = 8.0

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_base_url: str = "https://api.twilio.com"
    """Only a sandbox changes this."""
    carrier_timeout_seconds: float = 10.0
    carrier_connections: int = Field(default=32, ge=1, le=64)
    """Texts handed over at the same time. A rehearsal has one in flight."""

    text_prefixes: list[str] = Field(default=["+86"])
    """Texts go to numbers that begin so, whoever wrote to us from elsewhere."""

    denied_prefixes: list[str] = Field(default=[*DEAR_PREFIXES])
    """Neither texts nor calls go to these, whatever is allowed: premium numbers and satellites."""
    toll: TollLimits = Field(default_factory=TollLimits)
    """`OUTREACH_TOLL_…`: what texts may come to."""

    metrics_token: SecretStr = SecretStr("")
    """Who may read /metrics from elsewhere; without one only this machine may."""

    traces_url: str = ""
    """Where traces are sent, an OTLP collector; empty: nowhere."""

    hooks_allow: list[str] = Field(default=[])
    """Networks of our own that outgoing webhooks may reach, such as `["10.1.2.0/24"]`; else only public addresses."""

    look_ahead: bool = True
    """Whether the dates ahead are looked for every morning."""

    voice: VoiceSettings = Field(default_factory=VoiceSettings)
    """`OUTREACH_VOICE_…`."""

    alibaba: AlibabaSettings = Field(default_factory=AlibabaSettings)
    """`OUTREACH_ALIBABA_…`."""
    wechat: WechatSettings = Field(default_factory=WechatSettings)
    """`OUTREACH_WECHAT_…`."""

    real_name: RealNameSettings = Field(default_factory=RealNameSettings)
    """`OUTREACH_REAL_NAME_…`: where residents sign in by their real name."""
    staff_oidc: StaffOidcSettings = Field(default_factory=StaffOidcSettings)
    """`OUTREACH_STAFF_OIDC_…`: where staff sign in, beside name and password."""

    session_idle_minutes: int = 30
    session_hours: int = 12
    second_factor_for: list[Role] = Field(default=[*Role])
    """Roles that sign in with two factors. Administrators are among them but where all is on one machine, as in a
    demonstration."""

    @model_validator(mode="after")
    def _administrators_show_both(self) -> Self:
        here = self.host in LOOPBACK and urlsplit(self.public_url).hostname in LOOPBACK
        if Role.ADMINISTRATOR not in self.second_factor_for and not here:
            raise ValueError("OUTREACH_SECOND_FACTOR_FOR leaves out administrators, and this is reached from elsewhere")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'outreach.db'}"

    @property
    def keys(self) -> Path:
        return self.key_file or self.home / "keys.json"

    @property
    def spool_folder(self) -> Path:
        return self.spool or self.home / "spool"

    @property
    def anchors(self) -> Path:
        """Anchors of the audit; to be copied where the database's administrators cannot write."""
        return self.home / "audit-anchors.jsonl"

    @property
    def backup_keys(self) -> Path:
        """The keys of backups, sealed; to be copied to one place, each copy over the one before."""
        return self.home / "backup-keys.json"

    @property
    def tombstones(self) -> Path:
        """Who is not to be contacted, in keyed indexes: what a restore must not forget."""
        return self.home / "tombstones.jsonl"
