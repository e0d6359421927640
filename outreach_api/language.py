"""What the command line says, in Chinese or English by the terminal's locale."""

from __future__ import annotations

from setup.words import Text


def say(zh: str, en: str) -> str:
    return str(Text(zh, en))
