"""Reading TwiML as strictly as the vendor's own libraries would let one write it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

RULES: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("twiml_rules.toml").read_text(encoding="utf-8")
)
LONGEST = 65_536
_KINDS: dict[str, Callable[[str], bool]] = {
    "bool": lambda value: value in ("true", "false"),
    "int": lambda value: value.isdecimal(),
}


class InvalidTwiml(ValueError):  # noqa: N818
    """The document is not what Twilio takes; says which element and attribute."""


def parse(document: str) -> ET.Element:
    """The response element.

    Raises:
        InvalidTwiml: too long, no XML, or an element, attribute or value that the vendor does not know.
    """
    if len(document.encode()) > LONGEST:
        raise InvalidTwiml("longer than 64 kB")
    try:
        # The product's own answer over loopback, in a sandbox: no hostile XML.
        root = ET.fromstring(document)  # noqa: S314
    except ET.ParseError as fault:
        raise InvalidTwiml(f"no XML: {fault}") from fault
    if root.tag != "Response":
        raise InvalidTwiml(f"<{root.tag}> where <Response> belongs")
    _check(root)
    return root


def _check(element: ET.Element) -> None:
    rules = RULES[element.tag]
    for name, value in element.attrib.items():
        _check_attribute(element.tag, name, value)
    if (element.text or "").strip() and not rules.get("text"):
        raise InvalidTwiml(f"<{element.tag}> holds no text")
    for child in element:
        if child.tag not in rules.get("nest", ()):
            raise InvalidTwiml(f"<{child.tag}> inside <{element.tag}>")
        _check(child)


def _check_attribute(tag: str, name: str, value: str) -> None:
    allowed = RULES[tag].get(name)
    if allowed is None or name in ("nest", "text"):
        raise InvalidTwiml(f"<{tag}> has no attribute {name}")
    fits = _KINDS[allowed](value) if isinstance(allowed, str) else not allowed or value in allowed
    if not fits:
        raise InvalidTwiml(f'<{tag} {name}="{value}">')


def words(element: ET.Element) -> str:
    """All that an element and its children say."""
    return "".join(element.itertext())
