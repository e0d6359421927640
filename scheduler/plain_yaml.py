"""YAML as its version 1.2 has it, read in C where PyYAML brings libyaml: `no` and `on` are words, not truth values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from yaml import SafeLoader as _Loader
else:
    _Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INT = r"[-+]?[0-9][0-9_]*|0o[0-7_]+|0x[0-9a-fA-F_]+"
_FLOAT = (
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = (
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"[ \t]*(?:Z|[-+][0-9:]+)?"
)
_MEANINGS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (_INT, list("-+0123456789")),
    "float": (_FLOAT, list("-+0123456789.")),
    "timestamp": (f"{_DATE}|{_TIME}", list("0123456789")),
}
"""What a word without quotes is when it is no text, and with what it begins."""


class PlainLoader(_Loader):
    """Takes what was written twice for a fault."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own way

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


for _kind, (_pattern, _beginnings) in _MEANINGS.items():
    PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern})$"), _beginnings)


def _whole_number(_loader: PlainLoader, node: yaml.ScalarNode) -> int:
    """010 is ten: only 1.1 takes it for eight."""
    text = str(node.value).replace("_", "")
    return int(text, {"0x": 16, "0o": 8}.get(text[:2], 10))


PlainLoader.add_constructor("tag:yaml.org,2002:int", _whole_number)


def read_yaml(text: str) -> Any:
    """The values of one document.

    Raises:
        yaml.YAMLError: it is none, or gives something twice.
    """
    return yaml.load(text, PlainLoader)  # noqa: S506 - a safe loader


def compose(text: str) -> yaml.Node | None:
    """The nodes of one document, each with its place."""
    return yaml.compose(text, PlainLoader)


def events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, PlainLoader)
