"""A second look at the bot's directives, in the light of the words: what they speak against is taken back.

Nothing is ever agreed to or stopped here that the bot did not read, save the keyword 同意 where it stands by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models.vocabulary import CaseKind, ConversationOutcome, Question
from outreach_api.conversations import cues
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import preferences_in
from outreach_api.conversations.stopping import STOP_OUTCOMES
from outreach_api.conversations.when import read_when

O = ConversationOutcome  # noqa: E741
Directive = Mapping[str, Any]
Directives = list[Directive]
OFFER_QUESTIONS = frozenset({Question.INTEREST, Question.CONFIRM_APPLY, Question.WHICH_OFFER})
_YES: Directive = {"do": "reply", "value": "yes"}
_NO: Directive = {"do": "reply", "value": "no"}
# 我再想想 is no wish to hear it again, or slower.
_SAID_OF_THE_TALK = frozenset({"clarify", "repeat", "prefer"})
_CLARIFY: Directive = {"do": "clarify", "readings": []}


def look_again(draft: Draft, directives: tuple[Directive, ...]) -> Directives:
    """The directives that stand."""
    kept = list(directives)
    for look in _LOOKS:
        kept = look(draft, kept)
    return kept


def _orders(draft: Draft, directives: Directives) -> Directives:
    return [_CLARIFY] if cues.gives_orders(draft.heard.text) and not _has_stop(directives) else directives


def _no_stop(draft: Draft, directives: Directives) -> Directives:
    """我再想想, 别挂: a stop that the bot guessed where the words say something else and nothing about messages."""
    text = draft.heard.text
    against = cues.hesitates(text) or cues.asks_to_wait(text) or cues.says_keyword(text)
    if not against or cues.speaks_of_stopping(text) or not any(_outcome(each) is O.OPTED_OUT for each in directives):
        return directives
    rest = [each for each in directives if _outcome(each) is not O.OPTED_OUT]
    return rest or [_CLARIFY]


def _deaths(draft: Draft, directives: Directives) -> Directives:
    text = draft.heard.text
    if not any(_outcome(each) is O.DECEASED for each in directives) or not cues.rules_out_death(text):
        return directives
    rest = [each for each in directives if _outcome(each) is not O.DECEASED]
    if cues.is_away(text):
        return [*rest, {"do": "ask", "question": Question.CALLBACK_TIME.value}]
    return rest or [_question(text)]


def _preferences(draft: Draft, directives: Directives) -> Directives:
    """发短信就行，别打电话 is a wish how to be reached, no stop."""
    names = preferences_in(draft.heard.text)
    if not names or any(_outcome(each) in (O.DECEASED, O.WRONG_PERSON) for each in directives):
        return directives
    rest = [
        each
        for each in directives
        if _outcome(each) not in (O.OPTED_OUT, O.DECLINED, O.CALLBACK)
        and each["do"] not in ("clarify", "reply", "prefer")
        and each.get("question") != Question.CALLBACK_TIME
        and each.get("line") not in ("acknowledged", "family_welcome")
        and each.get("question") != Question.MANDATE
    ]
    return [*({"do": "prefer", "preference": name} for name in names), *rest]


def _keyword(draft: Draft, directives: Directives) -> Directives:
    if not cues.says_keyword(draft.heard.text) or _has_stop(directives):
        return directives
    if draft.state.asked in (Question.WHICH_READING, Question.RATING):
        return directives
    rest = [each for each in directives if not _decides(each) and each["do"] != "clarify"]
    return [*(each for each in rest if each.get("line") not in ("acknowledged", "greeting")), _YES]


def _about_agreeing(draft: Draft, directives: Directives) -> Directives:
    text = draft.heard.text
    if not cues.asks_about_agreeing(text) or cues.says_keyword(text):
        return directives
    if cues.fears_a_charge(text):
        return [_question(text)]
    return [each for each in directives if not _decides(each)] or [_question(text)]


def _reported(draft: Draft, directives: Directives) -> Directives:
    """老人家说同意: somebody else says so; it takes the resident's own word."""
    if not cues.reports_agreement(draft.heard.text) or _has_stop(directives) or draft.for_somebody_else:
        return directives
    asked = {"do": "ask", "question": Question.MANDATE.value}
    answers = [each for each in directives if each["do"] == "answer"]
    return [{"do": "say", "line": "family_welcome"}, asked, *answers]


def _no_refusal(draft: Draft, directives: Directives) -> Directives:
    """大家都同意了吗: where nothing in the words says no, they are no refusal."""
    text = draft.heard.text
    if "同意" not in text or cues.negates(text) or not any(_refuses(each) for each in directives):
        return directives
    rest = [each for each in directives if not _refuses(each)]
    return rest or [_question(text) if cues.asks_something(text) else _CLARIFY]


def _alone(draft: Draft, directives: Directives) -> Directives:
    """我自己去 is said of the way, not asked about it."""
    if not cues.goes_alone(draft.heard.text) or _has_stop(directives):
        return directives
    return [_NO] if draft.state.asked is Question.HOME_VISIT else [{"do": "say", "line": "acknowledged"}]


def _condition(draft: Draft, directives: Directives) -> Directives:
    if not cues.agrees_on_condition(draft.heard.text) or not any(_decides(each) for each in directives):
        return directives
    return [*(each for each in directives if not _decides(each)), {"do": "confirm"}]


def _hesitation(draft: Draft, directives: Directives) -> Directives:
    if not cues.hesitates(draft.heard.text) or _has_stop(directives):
        return directives
    thinks = cues.only_thinks(draft.heard.text) and read_when(draft.heard.text, draft.context.now) is None
    rest = [
        each
        for each in directives
        if not _decides(each) and each["do"] not in _SAID_OF_THE_TALK and not (thinks and _puts_off(each))
    ]
    if len(rest) == len(directives) or rest:
        return rest
    return [{"do": "say", "line": "no_hurry"}]


def _goodbye(draft: Draft, directives: Directives) -> Directives:
    """行，那再见吧 ends the talk, it agrees to nothing."""
    if _YES not in directives or not cues.says_goodbye(draft.heard.text) or cues.says_keyword(draft.heard.text):
        return directives
    rest = [each for each in directives if each != _YES]
    return rest if any(each.get("line") == "goodbye" for each in rest) else [*rest, {"do": "say", "line": "goodbye"}]


def _courtesy(draft: Draft, directives: Directives) -> Directives:
    """好的谢谢 after an answer: the answer was heard; the offer was put longer ago."""
    if _YES not in directives or draft.state.asked not in OFFER_QUESTIONS or not draft.state.aside:
        return directives
    if cues.says_keyword(draft.heard.text) or cues.speaks_of_wanting(draft.heard.text):
        return directives
    if draft.state.aside != "noted" and not cues.is_courteous(draft.heard.text):
        return directives
    rest = [each for each in directives if each != _YES]
    line = "thanks" if cues.is_courteous(draft.heard.text) else "acknowledged"
    return rest or [{"do": "say", "line": line}]


def _abuse(draft: Draft, directives: Directives) -> Directives:
    if cues.is_sarcastic(draft.heard.text) and not _has_stop(directives):
        return [{"do": "say", "line": "calm"}]
    served = any(each["do"] in ("answer", "case") or _outcome(each) for each in directives)
    return directives if served or not cues.is_abuse(draft.heard.text) else [{"do": "say", "line": "calm"}]


def _help_question(draft: Draft, directives: Directives) -> Directives:
    """At 要不要我们请人帮您: what begins with 不用 is a no to that, and only to that."""
    text = draft.heard.text
    if draft.state.asked is not Question.HOME_VISIT or _has_stop(directives):
        return directives
    if cues.refuses_help(text) and not cues.refuses_benefit(text):
        return [*(each for each in directives if each["do"] == "answer"), _NO]
    if cues.takes_help(text):
        return [*(each for each in directives if each["do"] == "answer"), _YES]
    return directives


def _survey(draft: Draft, directives: Directives) -> Directives:
    """What was wrong is not asked of somebody who just told it."""
    told = any(each["do"] == "case" and each["kind"] == CaseKind.COMPLAINT for each in directives)
    return [each for each in directives if not (told and each["do"] == "rate")]


_LOOKS: tuple[Callable[[Draft, Directives], Directives], ...] = (
    _orders,
    _no_stop,
    _deaths,
    _preferences,
    _about_agreeing,
    _reported,
    _no_refusal,
    _alone,
    _condition,
    _hesitation,
    _keyword,
    _goodbye,
    _courtesy,
    _help_question,
    _abuse,
    _survey,
)


def _question(text: str) -> Directive:
    """A question that no topic was read in; fear of a charge is answered as doubt."""
    return {"do": "answer", "topic": "scam"} if cues.fears_a_charge(text) else {"do": "question"}


def _outcome(directive: Directive) -> ConversationOutcome | None:
    return ConversationOutcome(directive["outcome"]) if directive["do"] == "outcome" else None


def _has_stop(directives: Directives) -> bool:
    return any(_outcome(each) in STOP_OUTCOMES for each in directives)


def _puts_off(directive: Directive) -> bool:
    return _outcome(directive) is O.CALLBACK or directive.get("question") == Question.CALLBACK_TIME


def _refuses(directive: Directive) -> bool:
    return directive == _NO or _outcome(directive) is O.DECLINED


def _decides(directive: Directive) -> bool:
    return directive["do"] == "reply" or _outcome(directive) in (O.INTERESTED, O.DECLINED)
