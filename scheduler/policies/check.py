"""Checking policy cards: every fault of a folder in one run, each with file, line, field and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from scheduler.policies.card import PolicyCard
from scheduler.policies.card_file import CardFile, Fault, Steps, card_file_of, read_card_file
from scheduler.policies.card_sense import sense_faults
from scheduler.policies.spoken import spoken_faults

__all__ = ["Fault", "check_folder", "read_card", "read_card_text", "read_folder"]

_RULE_TAGS = frozenset({"all", "any", "not", "clause"})

# What pydantic found wrong → what to do. `{expected}` and the like come from the error's own context.
_REMEDIES = {
    "missing": "add it; write `null` when it is not known",
    "enum": "use one of {expected}",
    "literal_error": "use one of {expected}",
    "string_type": "write text here, in quotes if it looks like a number",
    "int_type": "write a whole number here",
    "int_from_float": "write a whole number here",
    "bool_type": "write true or false here",
    "date_type": "write a date such as 2026-03-01, without quotes",
    "tuple_type": "write a list: `[one, two]`",
    "model_type": "write `key: value` lines below it",
    "model_attributes_type": "write `key: value` lines below it",
    "string_too_long": "shorten it to {max_length} characters",
    "string_too_short": "write at least {min_length} characters",
    "too_short": "give at least {min_length}",
    "greater_than": "give a number above {gt}",
}


def check_folder(folder: Path) -> list[Fault]:
    """Every fault of every card, in the order of files and lines."""
    return read_folder(folder)[1]


def read_folder(folder: Path) -> tuple[list[PolicyCard], list[Fault]]:
    """The cards that can be read and the faults of all."""
    paths = sorted(path for path in folder.glob("*.y*ml") if path.suffix in {".yaml", ".yml"})
    if not paths:
        return [], [Fault(str(folder), 1, "", "no policy cards here", "name the folder that holds the *.yaml cards")]
    files = [read_card_file(path) for path in paths]
    read = [(file, card) for file in files if (card := _card(file)) is not None]
    for file, card in read:
        _check_name(file, card)
    _check_versions(read)
    faults = sorted(fault for file in files for fault in file.faults)
    return [card for _, card in read], faults


def read_card(path: Path) -> tuple[PolicyCard | None, list[Fault]]:
    """One card, whatever its file is called."""
    return _card_and_faults(read_card_file(path))


def read_card_text(name: str, text: str) -> tuple[PolicyCard | None, list[Fault]]:
    """One card from the text of a file; its faults name the file so."""
    return _card_and_faults(card_file_of(name, text))


def _card_and_faults(file: CardFile) -> tuple[PolicyCard | None, list[Fault]]:
    card = _card(file)
    return card, sorted(file.faults)


def _card(file: CardFile) -> PolicyCard | None:
    if file.value is None:
        return None
    said: set[Steps] = set()
    for steps, problem, remedy in sense_faults(file.value):
        file.fault(steps, problem, remedy)
        said.add(steps)
    try:
        card = PolicyCard.model_validate(file.value)
    except ValidationError as invalid:
        _report(invalid, file, said)
        return None
    if not said:
        for steps, problem, remedy in spoken_faults(card):
            file.fault(steps, problem, remedy)
    return card


def _check_name(file: CardFile, card: PolicyCard) -> None:
    versioned = f"{card.id}@{card.version}"
    if Path(file.name).stem not in (card.id, versioned):
        file.fault(
            ("id",), f"the file is called {file.name}", f"call it {card.id}.yaml, a later version {versioned}.yaml"
        )


def _report(invalid: ValidationError, file: CardFile, said: set[Steps]) -> None:
    """One fault a place: a value that fits none of several types, or whose sense was found at fault, is said once."""
    for error in invalid.errors(include_url=False):
        steps = _steps(error["loc"], file.value)
        if steps in said:
            continue
        said.add(steps)
        if error["type"] == "extra_forbidden":
            file.fault(steps, "no such field", _did_you_mean(str(steps[-1]), steps[:-1]))
        else:
            file.fault(steps, _problem(error), _remedy(error))


def _problem(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing"
    message = str(error["msg"])
    return message[0].lower() + message[1:]


def _remedy(error: Any) -> str:
    context = error.get("ctx", {})
    template = _REMEDIES.get(error["type"], "see policies/schema.json for what may stand here")
    try:
        return template.format(**context)
    except KeyError:
        return template


def _holds(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _steps(loc: Sequence[str | int], value: Any) -> Steps:
    """Where an error is in the file: pydantic's path without the names of the alternatives it tried."""
    steps: list[str | int] = []
    for at, step in enumerate(loc):
        if _holds(value, step):
            steps.append(step)
            value = value[step]
        elif at == len(loc) - 1 and isinstance(value, dict) and step not in _RULE_TAGS:
            steps.append(step)
    return tuple(steps)


def _did_you_mean(name: str, parent: Steps) -> str:
    known = _known_names(parent)
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"use one of {', '.join(sorted(known))}"


def _known_names(parent: Steps) -> list[str]:
    if parent and parent[0] == "rule":
        return ["field", "op", "value", "label", "cite", "except", "all", "any", "not", "zh", "en"]
    model: Any = PolicyCard
    for step in parent:
        if isinstance(step, str):
            model = _part_model(model, step)
    return [entry.alias or name for name, entry in model.model_fields.items()]


def _part_model(model: type[BaseModel], step: str) -> type[BaseModel]:
    """The model of a field's value, looking through `| None` and `tuple[…, ...]`."""
    pending: list[Any] = [next(f.annotation for n, f in model.model_fields.items() if step in (n, f.alias))]
    while pending:
        part = pending.pop()
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
        pending.extend(getattr(part, "__args__", ()))
    return model


def _check_versions(read: Sequence[tuple[CardFile, PolicyCard]]) -> None:
    """Several files may hold one item: each another version, and each later one starting on a later day."""
    by_id: dict[str, list[tuple[CardFile, PolicyCard]]] = {}
    for file, card in read:
        by_id.setdefault(card.id, []).append((file, card))
    for versions in by_id.values():
        in_order = sorted(versions, key=lambda one: one[1].version)
        for (file, card), (later_file, later) in pairwise(in_order):
            _check_successor(file.name, card, later_file, later)


def _check_successor(name: str, card: PolicyCard, later_file: CardFile, later: PolicyCard) -> None:
    if later.version == card.version:
        later_file.fault(("id",), f"{later.id} is also the id of {name}", "give each item its own id, or a new version")
    elif later.effective_from is None:
        later_file.fault(("effective_from",), "is missing", f"say from which day it replaces {name}")
    elif card.effective_from is not None and later.effective_from <= card.effective_from:
        problem = f"starts on {later.effective_from}, not after version {card.version} ({card.effective_from})"
        later_file.fault(("effective_from",), problem, "let a later version start on a later day")
