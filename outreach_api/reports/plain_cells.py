"""Text that a spreadsheet program must not take for a formula."""

from __future__ import annotations

# A cell that begins with one of these is calculated by Excel, WPS and LibreOffice; so is one behind leading blanks.
STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """The text as it is, or with an apostrophe before what would be a formula."""
    return f"'{text}" if text.lstrip(" \u3000\ufeff").startswith(STARTERS) or text.startswith(STARTERS) else text
