"""A card file as plain values with the line of each, and nothing of YAML that a card has no need of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from yaml import MappingNode, Node, SequenceNode, YAMLError
from yaml.error import MarkedYAMLError
from yaml.events import AliasEvent, Event, MappingEndEvent, MappingStartEvent, SequenceEndEvent, SequenceStartEvent

from scheduler.plain_yaml import compose, events

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MARKS_OF_ALIASES = frozenset("&*")
LEADING = re.compile(r"^[ \t?-]*", re.MULTILINE)

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to mend: where it is, what is wrong, and what to do."""

    file: str
    line: int
    path: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = f" {self.path}:" if self.path else ""
        return f"{self.file}:{self.line}:{place} {self.problem}; {self.remedy}"


@dataclass
class CardFile:
    """The plain value of a file, where each part of it stands, and what is wrong with it so far."""

    name: str
    value: object = None
    lines: dict[Steps, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, steps: Steps, problem: str, remedy: str) -> None:
        self.faults.append(Fault(self.name, self.line_of(steps), dotted(steps), problem, remedy))

    def line_of(self, steps: Steps) -> int:
        """The line of a part; of the nearest part above it when it is missing."""
        return next((self.lines[steps[:end]] for end in range(len(steps), -1, -1) if steps[:end] in self.lines), 1)


def dotted(steps: Steps) -> str:
    """`("rule", "all", 0, "op")` → `rule.all[0].op`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def read_card_file(path: Path) -> CardFile:
    file = CardFile(path.name)
    text = _text(path, file)
    return file if text is None else _with_values(file, text)


def card_file_of(name: str, text: str) -> CardFile:
    """The same for a text that was read already."""
    return _with_values(CardFile(name), text)


def _with_values(file: CardFile, text: str) -> CardFile:
    try:
        _parse(text, file)
    except MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        problem = f"this is not YAML: {fault.problem or fault.context}"
        file.faults.append(Fault(file.name, line, "", problem, "check the indentation, colons and quotes of that line"))
    except (YAMLError, ValueError) as fault:
        file.fault((), f"this is not YAML: {fault}", "save the file as plain UTF-8 text")
    return file


def _text(path: Path, file: CardFile) -> str | None:
    if (size := path.stat().st_size) > MAX_BYTES:
        file.fault((), f"the file has {size:,} bytes, a card at most {MAX_BYTES:,}", "keep one item a file")
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        file.fault((), "the file is not UTF-8", "save it as UTF-8")
        return None
    if not text.strip():
        file.fault((), "the file is empty", "write a card or remove the file")
        return None
    return text


def _parse(text: str, file: CardFile) -> None:
    if not _is_plain(text, file):
        return
    root = compose(text)
    if not isinstance(root, MappingNode):
        file.fault((), "the file is not one card", "start with `id:` at the left margin, one item a file")
        return
    file.value = _value(root, (), file)


def _is_plain(text: str, file: CardFile) -> bool:
    """Refuse aliases, which can grow a small file without end, and nesting deeper than any rule."""
    if not _needs_a_look(text):
        return True
    try:
        found = _aliased_or_deep(text)
    except MarkedYAMLError as fault:
        # The parser looks ahead, and has a bound of its own.
        if "nesting depth" not in (fault.problem or ""):
            raise
        found = (fault.problem_mark.line + 1 if fault.problem_mark else 1, *_TOO_DEEP)
    if found is not None:
        line, problem, remedy = found
        file.faults.append(Fault(file.name, line, "", problem, remedy))
    return found is None


_TOO_DEEP = (f"nested deeper than {MAX_DEPTH}", "split the rule up")


def _aliased_or_deep(text: str) -> tuple[int, str, str] | None:
    depth = 0
    for event in events(text):
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            return _line(event), "anchors and aliases are not read", "write the value out"
        depth += isinstance(event, MappingStartEvent | SequenceStartEvent)
        depth -= isinstance(event, MappingEndEvent | SequenceEndEvent)
        if depth > MAX_DEPTH:
            return _line(event), *_TOO_DEEP
    return None


def _needs_a_look(text: str) -> bool:
    """Whether it could have an alias or nest too deep, as its characters say; parsing it twice takes twice as long.

    Every level of a block takes a column at the beginning of a line, every level in a line a bracket.
    """
    if MARKS_OF_ALIASES.intersection(text):
        return True
    columns = max(map(len, LEADING.findall(text)), default=0)
    return columns + text.count("[") + text.count("{") > MAX_DEPTH


def _line(part: Event | Node) -> int:
    return part.start_mark.line + 1 if part.start_mark is not None else 1


def _value(node: Node, steps: Steps, file: CardFile) -> object:
    file.lines[steps] = _line(node)
    if isinstance(node, MappingNode):
        return dict(_entries(node, steps, file))
    if isinstance(node, SequenceNode):
        return [_value(item, (*steps, at), file) for at, item in enumerate(node.value)]
    return _scalar(node, steps, file)


def _entries(node: MappingNode, steps: Steps, file: CardFile) -> Iterator[tuple[str, object]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), _line(key)
        if name in seen:
            fault = Fault(file.name, line, dotted((*steps, name)), "given twice", f"keep this or line {seen[name]}")
            file.faults.append(fault)
        else:
            seen[name] = line
            yield name, _value(value, (*steps, name), file)
            file.lines[(*steps, name)] = line


_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def _scalar(node: Node, steps: Steps, file: CardFile) -> object:
    text = str(node.value)
    kind = str(node.tag).rpartition(":")[2]
    try:
        match kind:
            case "null":
                return None
            case "bool":
                return _WORDS[text]
            case "int":
                return int(text.replace("_", ""))
            case "float":
                return float(text)
            case "timestamp":
                return date.fromisoformat(text)
            case _:
                return text
    except (ValueError, KeyError):
        file.fault(steps, f"{text!r} is not a {kind}", "write dates as 2026-03-01, or put the text in quotes")
        return None
