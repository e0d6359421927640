"""Which installation a command that only looks means: this one, or the demo's where there is no other."""

from __future__ import annotations

import os

from outreach_api.commands.console import ERR
from outreach_api.language import say
from outreach_api.settings import ROOT, Settings

DEMO_HOME = ROOT / "var" / "demo"


def settings_at_hand() -> Settings:
    """The settings; where nothing but the demo ever ran, those of the demo's house, which is then said."""
    settings = Settings()
    chosen = settings.database_url or "OUTREACH_HOME" in os.environ or (settings.home / "outreach.db").exists()
    if chosen or not (DEMO_HOME / "outreach.db").exists():
        return settings
    shown = DEMO_HOME.relative_to(ROOT)
    ERR.print(say(f"（演示的数据，在 {shown}）", f"(the demo's data, in {shown})"), style="dim")
    return Settings(home=DEMO_HOME)
