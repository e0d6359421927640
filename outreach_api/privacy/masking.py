"""What of a person is shown on a screen: enough to tell two people apart, not enough to find one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from models.resident import Resident
from models.vocabulary import Audience

HIDDEN = "***"
PHONE_DIGITS = 11
PLAIN_MOBILE = len("+8613812345678")
ID_LENGTHS = frozenset({15, 18})
CODE_DIGITS = 7
"""Shorter runs of digits are amounts, years and service numbers such as 12345; they are left in a text."""

_RUN = re.compile(r"\d(?:[\s\-－—–.·()（）+_]{0,3}\d)+(?:\s?[xXｘＸ](?![A-Za-z]))?")
_RECENT_DATE = re.compile(r"20\d{2}-[01]?\d-[0-3]?\d")
_COMMUNITY = re.compile(r"^[^\d\W]*(?:社区|街道)")


def mask_name(name: str | None) -> str:
    """张伟 and 张三丰 → 张*: the length of a name is told to nobody."""
    bare = (name or "").strip()
    return f"{bare[0]}*" if bare else ""


def shown_name(resident: Resident) -> str:
    """The name on a screen: masked, but a firm's, which the registrar publishes."""
    return resident.name if resident.audience is Audience.ENTERPRISE else mask_name(resident.name)


def mask_phone(number: str | None) -> str:
    """+8613812345678 → 138****5678; a number too short for that shows two digits at most."""
    if number is not None and len(number) == PLAIN_MOBILE and number.startswith("+86") and number[1:].isdigit():
        # As numbers are stored; a list of a million of them is masked.
        return f"{number[3:6]}****{number[-4:]}"
    digits = _digits(number)
    if len(digits) == PHONE_DIGITS + 2 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) >= PHONE_DIGITS:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"****{digits[-2:]}" if len(digits) >= CODE_DIGITS else "****" if digits else ""


def mask_id_number(number: str | None) -> str:
    """440301194103051234 → 4403**********1234; what is not an ID number is hidden whole."""
    bare = "".join(unicodedata.normalize("NFKC", number or "").split())
    if not bare:
        return ""
    return f"{bare[:4]}{'*' * (len(bare) - 8)}{bare[-4:]}" if len(bare) in ID_LENGTHS else HIDDEN


def mask_address(address: str | None, *, street: str | None = None, community: str | None = None) -> str:
    """An address down to its community, never the house: 湖贝社区***."""
    known = "".join(part for part in (street, community) if part)
    if known:
        return f"{known}{HIDDEN}" if address else known
    if not address:
        return ""
    found = _COMMUNITY.match(address.strip())
    return f"{found.group()}{HIDDEN}" if found else HIDDEN


def mask_text(text: str, *, names: Iterable[str] = ()) -> str:
    """A transcript line with known names and every long number masked, however its digits are spaced or written."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = text.replace(name, mask_name(name))
    return _RUN.sub(_mask_run, text)


def _mask_run(found: re.Match[str]) -> str:
    run = found.group()
    bare = "".join(c for c in unicodedata.normalize("NFKC", run) if c.isalnum())
    if len(bare) < CODE_DIGITS or _RECENT_DATE.fullmatch(run):
        return run
    if len(bare) in ID_LENGTHS:
        return mask_id_number(bare)
    return mask_phone(bare) if len(bare) <= PHONE_DIGITS + 2 else f"****{bare[-4:]}"


def _digits(number: str | None) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", number or "") if c.isdigit())
