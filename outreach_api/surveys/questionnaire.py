"""Questionnaires as data: versioned, with branching. What is wrong in one is said when it is loaded, not when sent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.vocabulary import Channel
from scheduler.plain_yaml import read_yaml
from scheduler.rules.rule import Label

FOLDER = Path(__file__).with_name("questionnaires")
END = "end"
ANY = "*"
RATINGS = ("1", "2", "3", "4", "5")


class AnswerKind(StrEnum):
    RATING = "rating"
    SINGLE = "single"
    MULTI = "multi"
    NUMBER = "number"
    TEXT = "text"


class Question(BaseModel):
    """`alarm` values are a complaint at once, `problem` values a problem to be followed up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    label: Label
    """What it is called in reports."""
    kind: AnswerKind
    text: str = Field(min_length=4, max_length=110)
    voice: str | None = Field(None, max_length=110)
    """How it is said on the phone, where the written words don't do."""
    options: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Code → words that mean it, in the order of their numbers."""
    most: int = 1_000_000
    alarm: tuple[str, ...] = ()
    problem: tuple[str, ...] = ()
    branch: Mapping[str, str] = Field(default_factory=dict)
    """Answer → next question, `*` for any, `end` for none; without a match the next in order follows."""

    @model_validator(mode="after")
    def _is_answerable(self) -> Question:
        if (self.kind in (AnswerKind.SINGLE, AnswerKind.MULTI)) != bool(self.options):
            raise ValueError(f"{self.id}: options are for single and multi questions, and those have some")
        known = {AnswerKind.RATING: set(RATINGS)}.get(self.kind, set(self.options))
        strange = {*self.alarm, *self.problem, *self.branch} - known - {ANY}
        if strange:
            raise ValueError(f"{self.id}: {', '.join(sorted(strange))} is no answer to it")
        return self

    def choices(self) -> dict[str, str]:
        """What can be ticked: code → the word it is mostly called by."""
        if self.kind is AnswerKind.RATING:
            return {rating: rating for rating in RATINGS}
        return {code: words[0] for code, words in self.options.items()}

    def said(self, channel: Channel, policy: str) -> str:
        text = self.voice if channel is Channel.VOICE and self.voice else self.text
        return text.format(policy=policy)


class Questionnaire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: int = Field(ge=1)
    name: Label
    questions: tuple[Question, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Questionnaire:
        ids = [question.id for question in self.questions]
        if len(ids) != len(set(ids)):
            raise ValueError(f"{self.id}: two questions have one id")
        for question in self.questions:
            for goal in question.branch.values():
                if goal != END and goal not in ids:
                    raise ValueError(f"{self.id}: {question.id} leads to {goal}, which does not exist")
        return self

    @property
    def first(self) -> Question:
        return self.questions[0]

    def question(self, name: str) -> Question:
        return next(question for question in self.questions if question.id == name)

    def following(self, question: Question, value: str) -> Question | None:
        """What is asked after this answer; None: nothing more."""
        goal = question.branch.get(value, question.branch.get(ANY))
        if goal == END:
            return None
        if goal is not None:
            return self.question(goal)
        place = self.questions.index(question) + 1
        return self.questions[place] if place < len(self.questions) else None


@lru_cache(maxsize=1)
def questionnaires() -> Mapping[tuple[str, int], Questionnaire]:
    """All questionnaires, by id and version.

    Raises:
        ValueError: one of them has a fault; says which.
    """
    found: dict[tuple[str, int], Questionnaire] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        made = Questionnaire.model_validate(read_yaml(path.read_text("utf-8")))
        found[made.id, made.version] = made
    return MappingProxyType(found)
