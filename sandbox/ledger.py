"""Everything that crossed the border between the product and the world, in the order in which it did."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

Entry = dict[str, Any]

_NOT_OURS = frozenset({"contact", "case", "client_id", "url"})
"""Names the product gave. Another run may name alike things otherwise, so the hash numbers them as they appear."""
_LINK = re.compile(r"https?://[\x21-\x7e]+")
"""So are the links in its texts: they hold its port."""


@dataclass(slots=True)
class Ledger:
    creates: list[Entry] = field(default_factory=list)
    receipts: list[Entry] = field(default_factory=list)
    inbound: list[Entry] = field(default_factory=list)
    """What residents wrote, by text or on the chat page (`channel` says which)."""
    visits: list[Entry] = field(default_factory=list)
    lists: list[Entry] = field(default_factory=list)
    desk: list[Entry] = field(default_factory=list)
    """Steps that agents took with cases."""
    calls: list[Entry] = field(default_factory=list)
    """Calls that were picked up, with what was heard and said in them."""

    def as_json(self) -> dict[str, list[Entry]]:
        return {
            "creates": self.creates,
            "receipts": self.receipts,
            "inbound": self.inbound,
            "visits": self.visits,
            "lists": self.lists,
            "desk": self.desk,
            "calls": self.calls,
        }

    def hash(self) -> str:
        """SHA-256 over the canonical JSON; equal for two runs in which the same things happened at the same times."""
        numbered: dict[str, dict[str, int]] = {}
        book = {
            name: [{key: _numbered(numbered, key, value) for key, value in entry.items()} for entry in entries]
            for name, entries in self.as_json().items()
        }
        canonical = json.dumps(book, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def _numbered(numbered: dict[str, dict[str, int]], key: str, value: Any) -> Any:
    if key == "body":
        return _LINK.sub(lambda link: f"<link {_number_of(numbered, 'link', link[0])}>", value)
    return value if key not in _NOT_OURS or value is None else _number_of(numbered, key, value)


def _number_of(numbered: dict[str, dict[str, int]], kind: str, value: Any) -> int:
    seen = numbered.setdefault(kind, {})
    return seen.setdefault(str(value), len(seen) + 1)
