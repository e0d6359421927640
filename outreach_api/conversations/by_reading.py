"""What the bot's directives come to: one function a directive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from models.vocabulary import (
    CaseKind,
    CaseReason,
    ContactPurpose,
    ConversationOutcome,
    Question,
    Stage,
    Topic,
)
from outreach_api.conversations.answering import answer_from_faqs, answer_question, answer_topic
from outreach_api.conversations.by_words import keep_preference
from outreach_api.conversations.callback import ask_time, take_time
from outreach_api.conversations.copy_deck import READINGS, numbered
from outreach_api.conversations.cues import asks_something, says_keyword, speaks_of_wanting
from outreach_api.conversations.decision import Line, OpenCase
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import denies_a_stop, was_cut_off
from outreach_api.conversations.mandates import ask_mandate
from outreach_api.conversations.outcomes import take_outcome
from outreach_api.conversations.second_look import OFFER_QUESTIONS, look_again
from outreach_api.conversations.speaking import take_family_member
from outreach_api.conversations.stopping import STOP_OUTCOMES, place_stop
from outreach_api.conversations.subjects import appeal_subject
from outreach_api.conversations.to_the_point import names_a_thing
from outreach_api.conversations.visiting import answer_visit_question, ask_visit, send_visit, take_slot
from outreach_api.conversations.wishes import (
    Yes,
    ask_which,
    bare_yes,
    declines,
    wants,
)

O = ConversationOutcome  # noqa: E741
Directive = Mapping[str, Any]
MISSES_BEFORE_A_PERSON = 1
CHOICES = 3
# Nobody picks these out of a list.
_NOT_OFFERED = frozenset(
    {"greet", "thanks", "goodbye", "out_of_scope", "repeat_please", "slower_please", "resident_deceased"}
)
_WANTED_MOST = ("ask_how_to_apply", "ask_amount", "request_human")
LIKELY = 0.1


def follow(draft: Draft, directives: tuple[Directive, ...]) -> None:
    """Follow the directives that stand after a second look; after a stop nothing else is done."""
    standing = look_again(draft, directives)
    if not any(directive["do"] == "clarify" for directive in standing):
        draft.set(menu=(), misses=0)
    if not _outranks_a_time(standing):
        if draft.state.asked is Question.CALLBACK_TIME and take_time(draft):
            return
        if take_slot(draft):
            return
    if draft.state.asked is Question.WHICH_READING:
        draft.set(asked=draft.state.before, before=None)
    for directive in _without_undecided(draft, standing):
        _DIRECTIVES[directive["do"]](draft, directive)
        if draft.purpose is ContactPurpose.ACKNOWLEDGEMENT:
            return


def _outranks_a_time(directives: Sequence[Directive]) -> bool:
    return any(directive.get("outcome") in set(STOP_OUTCOMES) for directive in directives)


def _without_undecided(draft: Draft, directives: Sequence[Directive]) -> list[Directive]:
    """不是不想办，是不会弄: where help at home or another time is asked for, a yes or no beside it decides nothing.

    Nor does one that a hang-up cut short.
    """
    asks = was_cut_off(draft.heard.text) or any(
        directive.get("question") in (Question.HOME_VISIT, Question.CALLBACK_TIME)
        or directive.get("kind") == CaseKind.HOME_VISIT
        for directive in directives
    )
    undecided = {"yes", "no", O.INTERESTED.value, O.DECLINED.value}
    return [
        directive
        for directive in directives
        if not (asks and {directive.get("value"), directive.get("outcome")} & undecided)
    ]


def _reply(draft: Draft, directive: Directive) -> None:
    yes, asked = directive["value"] == "yes", draft.state.asked
    if not yes and denies_a_stop(draft.heard.text):
        draft.say("not_stopped")
    elif asked is Question.HOME_VISIT:
        answer_visit_question(draft, wanted=yes)
    elif asked in (Question.CALLBACK_TIME, Question.MANDATE, Question.RELATION, Question.IDENTITY):
        _reply_to_open_question(draft, yes=yes)
    elif asked is Question.WHICH_OFFER and yes:
        ask_which(draft, draft.state.pending or "interest", agreed=draft.state.agreed)
    elif asked in OFFER_QUESTIONS:
        if yes:
            wants(draft, bare_yes(draft.heard.text))
        else:
            declines(draft)
    elif not yes and draft.context.outcome in (O.APPLIED_BY_REPLY, O.INTERESTED):
        declines(draft)
    elif yes and asked is None and _names_a_wish(draft.heard.text):
        # 想想还是要吧，同意: after a no nothing is asked any more, and a yes that says to what needs no question.
        wants(draft, Yes.KEYWORD if says_keyword(draft.heard.text) else Yes.CONTENT)
    elif not draft.lines:
        draft.say("acknowledged")


def _names_a_wish(text: str) -> bool:
    return says_keyword(text) or (speaks_of_wanting(text) and not asks_something(text))


def _reply_to_open_question(draft: Draft, *, yes: bool) -> None:
    if not yes:
        draft.say("acknowledged")
        draft.set(asked=None)
    elif draft.state.asked is Question.CALLBACK_TIME:
        ask_time(draft)
    elif draft.state.relation:
        wants(draft, Yes.BARE)
    else:
        draft.say("ask_identity")


def _outcome(draft: Draft, directive: Directive) -> None:
    outcome = ConversationOutcome(directive["outcome"])
    if outcome in STOP_OUTCOMES:
        if outcome is O.OPTED_OUT and denies_a_stop(draft.heard.text):
            draft.say("not_stopped")
        else:
            place_stop(draft, outcome, by="model")
    elif outcome is O.INTERESTED:
        wants(draft, Yes.CONTENT)
    elif outcome is O.DECLINED:
        declines(draft)
    else:
        take_outcome(draft, outcome)


def _answer(draft: Draft, directive: Directive) -> None:
    answer_topic(draft, Topic(directive["topic"]))


def _say(draft: Draft, directive: Directive) -> None:
    line = directive["line"]
    if line == "family_welcome" and not draft.is_with_firm:
        take_family_member(draft)
    if draft.lines and line in ("acknowledged", "greeting"):
        return
    draft.say(line)


def _put_question(draft: Draft, directive: Directive) -> None:
    question = Question(directive["question"])
    if question is Question.CALLBACK_TIME:
        if not take_time(draft):
            ask_time(draft, another_time=False)
    elif question is Question.HOME_VISIT:
        ask_visit(draft)
    elif question in (Question.MANDATE, Question.RELATION):
        if draft.is_with_firm:
            return  # Whoever answers this number for the firm speaks for it.
        ask_mandate(draft)
    elif question is Question.IDENTITY:
        draft.say("ask_identity")
        draft.set(asked=Question.IDENTITY)
    elif question is Question.WHICH_OFFER:
        ask_which(draft, draft.state.pending or "interest")
    else:
        draft.set(asked=question)


_LINE_OF_CASE: Mapping[CaseReason, str] = MappingProxyType(
    {CaseReason.NOT_UNDERSTOOD: "handed_over", CaseReason.SURVEY_PROBLEM: "survey_problem"}
)
LINE_OF_KIND: Mapping[CaseKind, str] = MappingProxyType(
    {
        CaseKind.HOME_VISIT: "home_visit",
        CaseKind.HUMAN: "human",
        CaseKind.COMPLAINT: "complaint",
        CaseKind.APPEAL: "appeal",
        CaseKind.POLICY_QUESTION: "no_answer",
        CaseKind.IDENTITY: "handed_over",
        CaseKind.RIGHTS: "handed_over",
    }
)


def _case(draft: Draft, directive: Directive) -> None:
    kind, reason = CaseKind(directive["kind"]), CaseReason(directive["reason"])
    if kind is CaseKind.HOME_VISIT:
        send_visit(draft, reason)
        return
    matches = draft.spoken_of() if kind is CaseKind.HUMAN else []
    match = matches[0] if len(matches) == 1 else None
    text = draft.heard.text[:300]
    summary = f"[{appeal_subject(text)}] {text}" if kind is CaseKind.APPEAL else text
    draft.do(OpenCase(kind, reason, match, summary=summary))
    draft.say(_LINE_OF_CASE.get(reason, LINE_OF_KIND[kind]))
    if kind is CaseKind.HUMAN:
        draft.conclude(O.ESCALATED)
        draft.set(asked=None)


def _rate(draft: Draft, directive: Directive) -> None:
    """Outside a survey a rating is a misreading."""
    if draft.state.stage is not Stage.SURVEY:
        ranking = draft.heard.turn.ranking if draft.heard.turn else ()
        _clarify(draft, {"readings": [reading["intent"] for reading in ranking[:CHOICES]]})
        return
    score = directive["score"]
    if draft.state.asked is Question.RATING_REASON and score == "dissatisfied":
        draft.say("reason_noted")
        draft.set(asked=None)
        return
    draft.say(f"rate_{score}")
    draft.set(asked=Question.RATING_REASON if score == "dissatisfied" else None)


def _prefer(draft: Draft, directive: Directive) -> None:
    keep_preference(draft, directive["preference"])


def _repeat(draft: Draft, _directive: Directive) -> None:
    if draft.state.last_reply:
        draft.add(Line("repeat", draft.state.last_reply))
    else:
        draft.say("nothing_to_repeat")


def _clarify(draft: Draft, directive: Directive) -> None:
    """A choice of readings once; never a third 我没听懂."""
    if answer_from_faqs(draft):
        draft.set(misses=0, menu=())
        return
    if draft.is_known and names_a_thing(draft.heard.text) and asks_something(draft.heard.text):
        answer_question(draft)
        return
    if draft.state.misses >= MISSES_BEFORE_A_PERSON:
        _case(draft, {"kind": CaseKind.HUMAN, "reason": CaseReason.NOT_UNDERSTOOD})
        draft.set(misses=0, menu=(), asked=None)
        return
    readings = _choice(draft, directive["readings"])
    draft.say("clarify", menu=numbered([READINGS[reading] for reading in readings]))
    before = draft.state.before if draft.state.asked is Question.WHICH_READING else draft.state.asked
    misses = draft.state.misses + 1
    draft.set(asked=Question.WHICH_READING, menu=tuple(readings), misses=misses, before=before)


def _choice(draft: Draft, likeliest: Sequence[str]) -> list[str]:
    """The two or three likeliest readings; where none is likely, what people want most, and a person."""
    confidence = {each["intent"]: each["confidence"] for each in (draft.heard.turn.ranking if draft.heard.turn else ())}
    likely = [each for each in likeliest if confidence.get(each, 1.0) >= LIKELY and _is_worth_offering(each, draft)]
    if len(likely) >= 2:
        return likely[:CHOICES]
    return list(dict.fromkeys([*likely, *_WANTED_MOST]))[:CHOICES]


def _is_worth_offering(reading: str, draft: Draft) -> bool:
    if reading.startswith("rate_"):
        return draft.state.stage is Stage.SURVEY
    return reading in READINGS and reading not in _NOT_OFFERED


_DIRECTIVES: Mapping[str, Callable[[Draft, Directive], None]] = MappingProxyType(
    {
        "reply": _reply,
        "outcome": _outcome,
        "answer": _answer,
        "say": _say,
        "ask": _put_question,
        "case": _case,
        "rate": _rate,
        "prefer": _prefer,
        "repeat": _repeat,
        "clarify": _clarify,
        # Of our own making, in the second look.
        "confirm": lambda draft, _directive: wants(draft, Yes.RECEIVED),
        "question": lambda draft, _directive: answer_question(draft),
    }
)
