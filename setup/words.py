"""The language set-up speaks: Chinese where the machine does, English elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass


def is_chinese() -> bool:
    """LC_ALL outranks LC_MESSAGES outranks LANG, as everywhere on POSIX."""
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return chosen.lower().startswith("zh")


@dataclass(frozen=True)
class Text:
    """One sentence in both languages; `str()` gives the one to show."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if is_chinese() else self.en
