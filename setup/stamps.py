"""Stamps: a step that is done leaves the digest of what it was made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

IGNORED = {".venv", "__pycache__", ".rasa", ".cache"}


def files_in(path: Path) -> Iterator[Path]:
    """The file itself, or all files below a folder, in a stable order, without environments and caches."""
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            if child.name not in IGNORED and not child.name.endswith((".pyc", ".md")):
                yield from files_in(child)


def digest(root: Path, inputs: Iterable[str]) -> str:
    """Names and contents of the inputs as one number; a missing input counts as absent, not as an error."""
    total = hashlib.sha256()
    for file in (file for name in inputs for file in files_in(root / name)):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{file.relative_to(root).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def is_current(stamp: Path, made_from: str) -> bool:
    try:
        return stamp.read_text("ascii") == made_from
    except (OSError, UnicodeDecodeError):
        return False


def leave(stamp: Path, made_from: str) -> None:
    """Written aside and renamed: a stamp is there whole or not at all."""
    aside = stamp.with_name(f"{stamp.name}.new")
    aside.write_text(made_from, "ascii")
    aside.replace(stamp)
