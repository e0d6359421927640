"""How a report's cells are said: words for codes, percent for shares, nothing for what is withheld."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from functools import lru_cache

from models import vocabulary as v
from outreach_api.reports.definitions import COLUMNS, FIGURES, FORECAST_MEASURES, TABLES, Unit
from outreach_api.reports.report import Cell, Report
from outreach_api.surveys.questionnaire import questionnaires
from outreach_api.web.vocabulary_words import INTENTS, VOCABULARY, Pair

WITHHELD = "—"

# Codes that are no closed vocabulary.
OTHERS: dict[str, Pair] = {
    "": ("未注明", "not stated"),
    "male": ("男", "male"),
    "female": ("女", "female"),
    "cantonese": ("粤语", "Cantonese"),
    "not_told": ("还没触达", "not told yet"),
    "none_recorded": ("没有记录原因", "no reason recorded"),
    "unattributed": ("未注明", "unattributed"),
    "hall": ("大厅", "hall"),
    "online": ("网上", "online"),
    "reply": ("短信回复", "reply"),
    "visit": ("上门", "visit"),
    "all": ("合计", "all"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "text": ("短信触达", "texts"),
    "manual": ("人工方式（对照）", "manual way, for comparison"),
    "age_band": ("年龄段", "age"),
    "sex": ("性别", "sex"),
    "street": ("街道", "street"),
    "community": ("社区", "community"),
    "dialect": ("语言", "dialect"),
}
_ENUMS: dict[str, tuple[type[StrEnum], ...]] = {
    "state": (v.MatchState, v.ContactState),
    "case_state": (v.CaseState,),
    "contact_state": (v.ContactState,),
    "invitation_state": (v.InvitationState,),
    "purpose": (v.ContactPurpose,),
    "outcome": (v.ConversationOutcome,),
    "stop_reason": (v.StopReason,),
    "channel": (v.Channel,),
    "reason": (v.Refusal, v.CaseReason),
    "kind": (v.CaseKind,),
    "step": (v.CaseKind,),
    "cause": (v.Cause,),
    "visit_outcome": (v.VisitOutcome,),
}
# Steps of labour that are no kind of case.
_STEPS: dict[str, Pair] = {
    "text": ("一条短信触达", "a text"),
    "visit": ("一次上门", "a visit"),
    "home_visit": ("安排一次上门", "arranging a home visit"),
    "manual_look_up": ("人工方式：查一人名册", "manual way: looking somebody up"),
    "manual_call": ("人工方式：打一次电话", "manual way: a call"),
    "manual_visit": ("人工方式：上门一次", "manual way: a visit"),
    "manual_calls_each": ("人工方式：每人打几次电话（次）", "manual way: calls to each person (times)"),
}


MAY_BE_NOTHING = frozenset({"carrier", "cause", "within", "intent", "rival", "name", "phone"})


class Words:
    """Says a report's names and cells in one language."""

    def __init__(self, report: Report, *, zh: bool) -> None:
        self.report = report
        self.place = 0 if zh else 1
        self.zh = zh

    def figure(self, name: str) -> str:
        return self._pair((FIGURES[name].zh, FIGURES[name].en))

    def formula(self, name: str) -> str:
        return self._pair((FIGURES[name].formula_zh, FIGURES[name].formula_en))

    def table(self, name: str) -> str:
        return TABLES[name][self.place]

    def note(self, name: str) -> str:
        return TABLES[name][2 + self.place]

    def column(self, name: str) -> str:
        zh, en, _unit = COLUMNS[name]
        return self._pair((zh, en))

    def value(self, name: str, value: float | None) -> str:
        return said(FIGURES[name].unit, value)

    def cell(self, column: str, cell: Cell) -> str:
        unit = COLUMNS[column][2]
        return self.code(column, cell) if unit is None or isinstance(cell, str) else said(unit, cell)

    def code(self, column: str, cell: Cell) -> str:
        code = "" if cell is None else str(cell)
        if column == "policy":
            return self.report.names.get(code, code)
        if column == "figure":
            return self.figure(code) if code in FIGURES else code
        if column == "stratum":
            street, _, policy = code.rpartition("|")
            return f"{street or self._pair(OTHERS[''])} · {self.report.names.get(policy, policy)}"
        if column == "question" and code in question_names():
            return self._pair(question_names()[code])
        if column == "answer" and self.zh:
            return answer_words().get(code, code)
        if column == "measure":
            return self._pair(FORECAST_MEASURES[code])
        if not code and column in MAY_BE_NOTHING:
            return ""
        vocabularies = [INTENTS] if column in ("intent", "rival") else []
        vocabularies += [VOCABULARY[words] for words in _ENUMS.get(column, ()) if words in VOCABULARY]
        found = next((words[code] for words in (*vocabularies, OTHERS) if code in words), None)
        return self._pair(found) if found else code

    def _pair(self, pair: Pair) -> str:
        return pair[self.place]


@lru_cache(maxsize=1)
def labour_steps() -> dict[str, Pair]:
    """The steps that take staff time, in words."""
    return {**VOCABULARY[v.CaseKind], **_STEPS}


@lru_cache(maxsize=1)
def question_names() -> dict[str, Pair]:
    asked = [question for found in questionnaires().values() for question in found.questions]
    return {question.id: (question.label.zh, question.label.en) for question in asked}


@lru_cache(maxsize=1)
def answer_words() -> dict[str, str]:
    """Answers by the word they are mostly given in; a code that means two things keeps its own name."""
    found: dict[str, set[str]] = defaultdict(set)
    for questionnaire in questionnaires().values():
        for question in questionnaire.questions:
            for code, word in question.choices().items():
                found[code].add(word)
    return {code: words.pop() for code, words in found.items() if len(words) == 1}


def said(unit: Unit | None, value: Cell) -> str:
    if value is None:
        return WITHHELD
    if isinstance(value, str):
        return value
    if unit is Unit.SHARE:
        return f"{value:.1%}"
    if unit is Unit.POINTS:
        return f"{value * 100:+.1f}"
    if unit in (Unit.NUMBER, Unit.DAYS, Unit.MINUTES) and value != int(value):
        return f"{value:,.1f}"
    return f"{int(value):,}"
