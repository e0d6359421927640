"""What follows from one message: a pure function of the words, the bot's reading and what is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from models.vocabulary import (
    CaseKind,
    CaseReason,
    Channel,
    ConversationOutcome,
    MatchState,
    Question,
    Stage,
    Topic,
)
from outreach_api.conversations.answering import answer_topic
from outreach_api.conversations.callback import ask_time, take_time
from outreach_api.conversations.copy_deck import READINGS, numbered
from outreach_api.conversations.decision import Context, Decision, Heard, KeepPreference, Line, MoveMatch, OpenCase
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import Exact, denies_a_stop
from outreach_api.conversations.outcomes import take_outcome
from outreach_api.conversations.speaking import names_somebody, relation_in, take_family_member
from outreach_api.conversations.stopping import STOP_OUTCOMES, STOP_WORDS, hear_in_silence, place_stop, restore
from outreach_api.conversations.subjects import appeal_subject
from outreach_api.conversations.wishes import (
    Yes,
    answer_visit_question,
    ask_which,
    bare_yes,
    choices,
    choose,
    choose_all,
    declines,
    give_own_word,
    go_on_identified,
    wants,
)

O = ConversationOutcome  # noqa: E741
Directive = Mapping[str, Any]
_OFFER_QUESTIONS = frozenset({Question.INTEREST, Question.CONFIRM_APPLY, Question.WHICH_OFFER})
MISSES_BEFORE_A_PERSON = 1
CHOICES = 3
# Nobody picks these out of a list.
_NOT_OFFERED = frozenset({"greet", "thanks", "goodbye", "out_of_scope", "repeat_please", "slower_please"})


def decide(heard: Heard, context: Context) -> Decision | None:
    """Decide, or say None: the exact words don't settle it and the bot has to be asked first.

    A standing stop outranks everything; then exact words; then a person who has taken the conversation over, in whose
    hands the assistant keeps quiet; then the bot's reading.
    """
    draft = Draft(heard, context)
    if context.stop and not (heard.exact and heard.exact.kind is Exact.RESTORE):
        if heard.exact is None and heard.turn is None:
            return None
        hear_in_silence(draft)
        return draft.decision()
    if context.in_human_hands and not (heard.exact and heard.exact.kind in STOP_WORDS):
        return draft.decision()
    if _settled_by_words(draft):
        silent = heard.exact is not None and heard.exact.kind is Exact.EMPTY
        draft.set(misses=draft.state.misses + 1 if silent else 0, menu=())
        return draft.decision()
    if heard.turn is None:
        return None
    _follow(draft, heard.turn.directives)
    return draft.decision()


# Exact words


def _settled_by_words(draft: Draft) -> bool:
    exact, asked = draft.heard.exact, draft.state.asked
    if exact and exact.kind in STOP_WORDS:
        place_stop(draft, STOP_WORDS[exact.kind], by="exact_word")
        return True
    if exact and exact.kind in _WORDS:
        return _WORDS[exact.kind](draft)
    if asked is Question.IDENTITY and names_somebody(draft.heard.text):
        go_on_identified(draft)
        return True
    if asked in (Question.MANDATE, Question.RELATION) and _is_relation_only(draft.heard.text):
        take_family_member(draft)
        draft.say("relation_noted")
        return True
    return False


def _is_relation_only(text: str) -> bool:
    return len(text.strip()) <= 6 and relation_in(text) is not None


def _restore(draft: Draft) -> bool:
    restore(draft)
    return True


def _human(draft: Draft) -> bool:
    draft.say("human")
    draft.do(OpenCase(CaseKind.HUMAN, CaseReason.REQUESTED))
    draft.conclude(O.ESCALATED)
    return True


def _agree(draft: Draft) -> bool:
    """同意 answers what was asked; it is an application only through `wants`."""
    if draft.state.asked is Question.HOME_VISIT:
        answer_visit_question(draft, wanted=True)
    elif draft.state.asked in (Question.WHICH_READING, Question.CALLBACK_TIME, Question.RATING):
        return False
    else:
        wants(draft, Yes.KEYWORD)
    return True


def _own_word(draft: Draft) -> bool:
    give_own_word(draft)
    return True


def _number(draft: Draft) -> bool:
    exact = draft.heard.exact
    number = exact.number if exact else None
    if number is None or draft.state.asked not in (Question.INTEREST, Question.WHICH_OFFER):
        return False
    if len(choices(draft)) < 2 and draft.state.asked is Question.INTEREST:
        return False
    choose(draft, number, agreed=bool(exact and exact.agreed))
    return True


def _all(draft: Draft) -> bool:
    if len(choices(draft)) > 1 and draft.state.asked in _OFFER_QUESTIONS:
        choose_all(draft)
        return True
    return False


def _want(draft: Draft) -> bool:
    if draft.state.asked is Question.HOME_VISIT:
        answer_visit_question(draft, wanted=True)
    elif draft.state.asked in (*_OFFER_QUESTIONS, None):
        wants(draft, Yes.CONTENT)
    else:
        return False
    return True


def _want_not(draft: Draft) -> bool:
    if draft.state.asked is Question.HOME_VISIT:
        answer_visit_question(draft, wanted=False)
    elif draft.state.asked in _OFFER_QUESTIONS or draft.context.outcome is O.APPLIED_BY_REPLY:
        declines(draft)
    else:
        return False
    return True


def _ask(draft: Draft) -> bool:
    draft.say("ask_what")
    return True


def _received(draft: Draft) -> bool:
    """收到, 嗯: neither a yes nor a no. At an offer, one confirming question."""
    if draft.state.asked not in (Question.INTEREST, Question.CONFIRM_APPLY):
        return False
    wants(draft, Yes.RECEIVED)
    return True


def _emoji(draft: Draft) -> bool:
    if draft.state.asked in (Question.INTEREST, Question.CONFIRM_APPLY):
        wants(draft, Yes.RECEIVED)
    return True


def _empty(draft: Draft) -> bool:
    """Silence on the phone is asked after once; an empty text once too."""
    silent_before = draft.state.misses > 0
    if draft.context.channel is Channel.VOICE:
        draft.say("silence_again" if silent_before else "silence")
    elif not silent_before:
        draft.say("empty")
    return True


def _preference(draft: Draft) -> bool:
    name = draft.heard.exact.value if draft.heard.exact else ""
    _keep_preference(draft, name)
    if name in ("daughter_first", "son_first"):
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.FAMILY_MEMBER, summary=draft.heard.text[:300]))
        draft.conclude(O.ESCALATED)
    return True


def _keep_preference(draft: Draft, name: str) -> None:
    if draft.is_known:
        draft.do(KeepPreference(name, {}))
    draft.say(f"prefer_{name}")


_WORDS: Mapping[Exact, Callable[[Draft], bool]] = MappingProxyType(
    {
        Exact.RESTORE: _restore,
        Exact.HUMAN: _human,
        Exact.AGREE: _agree,
        Exact.OWN_WORD: _own_word,
        Exact.NUMBER: _number,
        Exact.ALL: _all,
        Exact.WANT: _want,
        Exact.WANT_NOT: _want_not,
        Exact.ASK: _ask,
        Exact.RECEIVED: _received,
        Exact.EMOJI: _emoji,
        Exact.EMPTY: _empty,
        Exact.PREFERENCE: _preference,
    }
)


# The bot's reading


def _follow(draft: Draft, directives: tuple[Directive, ...]) -> None:
    if not any(directive["do"] == "clarify" for directive in directives):
        draft.set(menu=(), misses=0)
    if draft.state.asked is Question.CALLBACK_TIME and not _outranks_a_time(directives) and take_time(draft):
        return
    if draft.state.asked is Question.WHICH_READING:
        draft.set(asked=draft.state.before, before=None)
    for directive in _without_answers_to_new_questions(directives):
        _DIRECTIVES[directive["do"]](draft, directive)
        if draft.outcome in (O.OPTED_OUT, O.DECEASED) and directive["do"] == "outcome":
            return


def _outranks_a_time(directives: tuple[Directive, ...]) -> bool:
    return any(directive.get("outcome") in set(STOP_OUTCOMES) for directive in directives)


def _without_answers_to_new_questions(directives: tuple[Directive, ...]) -> list[Directive]:
    """不是不想办，是不会弄: where help at home or another time is asked for, a yes or no beside it decides nothing."""
    asks = any(
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
    elif asked in _OFFER_QUESTIONS:
        if yes:
            wants(draft, bare_yes(draft.heard.text))
        else:
            declines(draft)
    elif not yes and draft.context.outcome in (O.APPLIED_BY_REPLY, O.INTERESTED):
        declines(draft)
    elif not draft.lines:
        draft.say("acknowledged")


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
    if line == "family_welcome":
        take_family_member(draft)
    if draft.lines and line in ("acknowledged", "greeting"):
        return
    draft.say(line)


def _put_question(draft: Draft, directive: Directive) -> None:
    question = Question(directive["question"])
    if question is Question.CALLBACK_TIME:
        if not take_time(draft):
            ask_time(draft)
    elif question is Question.HOME_VISIT:
        draft.say("ask_home_visit")
        draft.set(asked=Question.HOME_VISIT, pending="visit")
    elif question in (Question.MANDATE, Question.RELATION):
        draft.say("ask_mandate")
        draft.set(asked=Question.MANDATE)
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
_LINE_OF_KIND: Mapping[CaseKind, str] = MappingProxyType(
    {
        CaseKind.HOME_VISIT: "home_visit",
        CaseKind.HUMAN: "human",
        CaseKind.COMPLAINT: "complaint",
        CaseKind.APPEAL: "appeal",
        CaseKind.POLICY_QUESTION: "no_answer",
        CaseKind.IDENTITY: "handed_over",
    }
)


def _case(draft: Draft, directive: Directive) -> None:
    kind, reason = CaseKind(directive["kind"]), CaseReason(directive["reason"])
    matches = draft.spoken_of() if kind in (CaseKind.HOME_VISIT, CaseKind.HUMAN) else []
    match = matches[0] if len(matches) == 1 else None
    text = draft.heard.text[:300]
    summary = f"[{appeal_subject(text)}] {text}" if kind is CaseKind.APPEAL else text
    draft.do(OpenCase(kind, reason, match, summary=summary))
    draft.say(_LINE_OF_CASE.get(reason, _LINE_OF_KIND[kind]))
    if kind is CaseKind.HOME_VISIT and match and match.is_open:
        draft.do(MoveMatch(match.match_id, MatchState.IN_QUEUE))
    if kind in (CaseKind.HOME_VISIT, CaseKind.HUMAN):
        draft.conclude(O.ESCALATED)
        draft.set(asked=None)


def _rate(draft: Draft, directive: Directive) -> None:
    """Outside a survey a rating is a misreading."""
    if draft.state.stage is not Stage.SURVEY:
        ranking = draft.heard.turn.ranking if draft.heard.turn else ()
        _clarify(draft, {"readings": [reading["intent"] for reading in ranking[:CHOICES]]})
        return
    score = directive["score"]
    draft.say(f"rate_{score}")
    draft.set(asked=Question.RATING_REASON if score == "dissatisfied" else None)


def _prefer(draft: Draft, directive: Directive) -> None:
    _keep_preference(draft, directive["preference"])


def _repeat(draft: Draft, _directive: Directive) -> None:
    if draft.state.last_reply:
        draft.add(Line("repeat", draft.state.last_reply))
    else:
        draft.say("nothing_to_repeat")


def _clarify(draft: Draft, directive: Directive) -> None:
    """A choice of readings once; never a third 我没听懂."""
    readings = [reading for reading in directive["readings"] if _is_worth_offering(reading, draft)]
    if draft.state.misses >= MISSES_BEFORE_A_PERSON:
        _case(draft, {"kind": CaseKind.HUMAN, "reason": CaseReason.NOT_UNDERSTOOD})
        draft.set(misses=0, menu=(), asked=None)
        return
    misses = draft.state.misses + 1
    if readings:
        draft.say("clarify", menu=numbered([READINGS[reading] for reading in readings]))
        draft.set(asked=Question.WHICH_READING, menu=tuple(readings), misses=misses, before=draft.state.asked)
    else:
        draft.say("not_clear")
        draft.set(misses=misses)


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
    }
)
