"""Feeds: which file brings which fields, described by small YAML files beside this module."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.vocabulary import Audience
from scheduler.plain_yaml import read_yaml
from scheduler.roster.cleaning import plain
from scheduler.roster.faults import FileRefused
from scheduler.rules.fields import FIELDS

if TYPE_CHECKING:
    from scheduler.roster.terms import FeedTerms

HERE = Path(__file__).parent
CREDIT_CODE = "credit_code"
_NOISE = re.compile(r"[\s_\-*:：]+|[(\[（【].*?[)\]）】]")


class FeedKind(StrEnum):
    POPULATION = "population"
    ENTERPRISES = "enterprises"
    """The roster of firms, as the population is that of people."""
    REGISTER = "register"
    ENROLMENT = "enrolment"
    APPLICATION = "application"


class Enrols(BaseModel):
    """A register that is also the list of who had a policy: since when, and how long that counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: str
    since: str
    until: str | None = None


class Feed(BaseModel):
    """`when_absent` are the values of somebody a complete register does not list.

    `one_of` are columns of which a file has at least one, and each row one that is filled in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    kind: FeedKind
    grade: Literal["a", "b", "c"]
    fresh_for_days: Annotated[int, Field(gt=0)]
    files: tuple[str, ...]
    fields: tuple[str, ...]
    needs: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = {}
    latest_by: str | None = None
    when_absent: Mapping[str, bool | int | str] = {}
    enrols: Enrols | None = None

    @property
    def audience(self) -> Audience:
        """Whom its rows are about: firms, where each has a credit code."""
        return Audience.ENTERPRISE if CREDIT_CODE in self.needs else Audience.PERSON

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        """A misspelt field would be a column that nobody ever reads."""
        unknown = {*self.fields, *self.when_absent} - FIELDS.keys() - headers().keys()
        if unknown:
            raise ValueError(f"feed {self.id}: no field is called {', '.join(sorted(unknown))}")
        left_out = {*self.needs, *self.one_of, *self.columns, *filter(None, [self.latest_by])} - set(self.fields)
        if left_out:
            raise ValueError(f"feed {self.id}: {', '.join(sorted(left_out))} is not among its fields")
        return self


@dataclass(frozen=True, slots=True)
class RosterFile:
    """A file, the feed it belongs to, and for an enrolment list its policy."""

    path: Path
    feed: Feed
    policy: str | None = None
    terms: FeedTerms | None = None
    """What the application is for that the feed rests on; none: it rests on none."""


def _read(path: Path) -> Any:
    return read_yaml(path.read_text(encoding="utf-8"))


@cache
def feeds() -> Mapping[str, Feed]:
    return {feed.id: feed for path in sorted((HERE / "feeds").glob("*.yaml")) for feed in [Feed(**_read(path))]}


@cache
def headers() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(spellings) for name, spellings in _read(HERE / "headers.yaml").items()}


@cache
def codes() -> Mapping[str, Mapping[str, str | int | bool]]:
    return {name: {str(word).lower(): code for word, code in words.items()} for name, words in _codes_file().items()}


def _codes_file() -> dict[str, dict[Any, str | int | bool]]:
    read: dict[str, dict[Any, str | int | bool]] = _read(HERE / "codes.yaml")
    return read


@cache
def precedence() -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(order) for name, order in _read(HERE / "precedence.yaml").items()}


def recognise(paths: Sequence[Path]) -> list[RosterFile]:
    """The feed of each file by its name; an enrolment list's policy is what follows `enrolled_`.

    Raises:
        FileRefused: a name that no feed claims.
    """
    return [_recognise(path) for path in paths]


def _recognise(path: Path) -> RosterFile:
    name = path.name.lower()
    # Enrolment lists come last: some are claimed by a register of their own.
    for feed in sorted(feeds().values(), key=lambda feed: feed.kind is FeedKind.ENROLMENT):
        if any(fnmatch(name, pattern) for pattern in feed.files):
            policy = path.stem.split("_", 1)[-1] if feed.kind is FeedKind.ENROLMENT else None
            return RosterFile(path, feed, policy)
    known = ", ".join(pattern for feed in feeds().values() for pattern in feed.files)
    raise FileRefused(f"{path.name}: no feed takes a file of this name; call it like one of {known}")


def spelling(header: str) -> str:
    return _NOISE.sub("", plain(header)).lower()


def find_columns(header: Sequence[str], feed: Feed, file_name: str) -> dict[str, int]:
    """Where each of the feed's fields stands in this header.

    Raises:
        FileRefused: a needed column is not there, or a field has two.
    """
    known = _spellings(feed)
    found: dict[str, int] = {}
    for at, text in enumerate(header):
        name = known.get(spelling(text))
        if name is None:
            continue
        if name in found:
            first = f"{found[name] + 1} ({header[found[name]]})"
            raise FileRefused(f"{file_name}: columns {first} and {at + 1} ({text}) both hold {name}; keep one of them")
        found[name] = at
    missing = [name for name in feed.needs if name not in found]
    if feed.one_of and not any(name in found for name in feed.one_of):
        missing += feed.one_of
    if missing:
        accepted = "; ".join(f"{name}: {' / '.join(_accepted(feed, name)[:4])}" for name in missing)
        seen = ", ".join(text[:20] for text in header[:30]) or "nothing"
        raise FileRefused(f"{file_name}: no column for {', '.join(missing)} among [{seen}]; name it as in {accepted}")
    return found


def meaning_of(header: str, feed: Feed) -> str | None:
    """The field that a column of this feed holds; none: nobody reads it."""
    return _spellings(feed).get(spelling(header))


def _accepted(feed: Feed, name: str) -> tuple[str, ...]:
    """Spellings of a column: the feed's own, the usual ones, and what the field is called."""
    entry = FIELDS.get(name)
    called = (entry.zh,) if entry else ()
    return (*feed.columns.get(name, ()), *headers().get(name, ()), *called)


def _spellings(feed: Feed) -> dict[str, str]:
    return {spelling(text): name for name in feed.fields for text in (name, *_accepted(feed, name))}
