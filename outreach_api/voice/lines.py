"""The sentences that only a call needs; the conversation's own are in its copy deck."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from scheduler.plain_yaml import read_yaml

_DECK = read_yaml(Path(__file__).with_name("lines.yaml").read_text(encoding="utf-8"))
BEFORE_IDENTITY: Mapping[str, str] = MappingProxyType(_DECK["before"])
AFTER_IDENTITY: Mapping[str, str] = MappingProxyType(_DECK["after"])


def line(key: str, **values: str) -> str:
    text = BEFORE_IDENTITY[key] if key in BEFORE_IDENTITY else AFTER_IDENTITY[key]
    return text.format(**values)
