"""What exact words, and answers that only we can read, come to; the bot is not needed for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from models.vocabulary import (
    CaseKind,
    CaseReason,
    Channel,
    ConversationOutcome,
    Question,
)
from outreach_api.conversations.cues import is_courteous
from outreach_api.conversations.decision import KeepPreference, OpenCase
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import Exact, preferences_in
from outreach_api.conversations.mandates import (
    nobody_known_on_the_phone,
    take_name_on_the_phone,
    takes_mandate_back,
)
from outreach_api.conversations.speaking import (
    another_speaks,
    relation_in,
    says_who_speaks,
    take_family_member,
    turn_to_another,
)
from outreach_api.conversations.stopping import STOP_WORDS, place_stop, restore
from outreach_api.conversations.visiting import answer_visit_question, answers_address
from outreach_api.conversations.wishes import (
    Yes,
    choices,
    choose,
    choose_all,
    declines,
    give_own_word,
    go_on_identified,
    press,
    wants,
)

O = ConversationOutcome  # noqa: E741
# In a call, who speaks may be said in answer to any of these.
_NAMING = frozenset({Question.IDENTITY, Question.MANDATE, Question.RELATION})
OFFER_QUESTIONS = frozenset({Question.INTEREST, Question.CONFIRM_APPLY, Question.WHICH_OFFER})


def settled_by_words(draft: Draft) -> bool:
    exact, asked = draft.heard.exact, draft.state.asked
    if draft.context.stop and not exact:
        return _restore(draft)
    if exact and exact.kind in STOP_WORDS:
        place_stop(draft, STOP_WORDS[exact.kind], by="exact_word")
        return True
    if answers_address(draft) or takes_mandate_back(draft):
        return True
    if exact and exact.kind in _WORDS:
        return _WORDS[exact.kind](draft)
    if asked in _NAMING and nobody_known_on_the_phone(draft) and says_who_speaks(draft):
        take_name_on_the_phone(draft)
        return True
    if asked is Question.IDENTITY and says_who_speaks(draft):
        go_on_identified(draft)
        return True
    if another_speaks(draft):
        turn_to_another(draft)
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


def _notice(draft: Draft) -> bool:
    draft.say("data_notice")
    return True


def _key(draft: Draft) -> bool:
    """1 is yes and 2 is no, unless a numbered choice was put; nobody is agreed for who has not said who they are."""
    number = draft.heard.exact.value if draft.heard.exact else ""
    several = len(choices(draft)) > 1 and draft.state.asked in (Question.INTEREST, Question.WHICH_OFFER)
    if draft.state.asked in (Question.WHICH_READING, Question.RATING):
        return False
    if draft.state.asked is Question.IDENTITY:
        draft.say("ask_identity")
    elif several and number.isdecimal():
        choose(draft, int(number), agreed=True)
    elif number == "1":
        return _agree(draft)
    elif number == "2":
        return _want_not(draft) or _acknowledge(draft)
    else:
        draft.say("ask_what")
    return True


def _acknowledge(draft: Draft) -> bool:
    draft.say("acknowledged")
    return True


def _agree(draft: Draft) -> bool:
    """同意 answers what was asked; it is an application only through `wants`."""
    if draft.state.asked is Question.HOME_VISIT:
        answer_visit_question(draft, wanted=True)
    elif draft.state.asked in (Question.WHICH_READING, Question.RATING):
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
    if len(choices(draft)) > 1 and draft.state.asked in OFFER_QUESTIONS:
        choose_all(draft)
        return True
    return False


def _apply_pressed(draft: Draft) -> bool:
    press(draft, Yes.KEYWORD)
    return True


def _help_pressed(draft: Draft) -> bool:
    press(draft, Yes.CONTENT)
    return True


def _want(draft: Draft) -> bool:
    if draft.state.asked is Question.HOME_VISIT:
        answer_visit_question(draft, wanted=True)
    elif draft.state.asked in (*OFFER_QUESTIONS, None):
        wants(draft, Yes.CONTENT)
    else:
        return False
    return True


def _want_not(draft: Draft) -> bool:
    if draft.state.asked is Question.HOME_VISIT:
        answer_visit_question(draft, wanted=False)
    elif draft.state.asked in OFFER_QUESTIONS or draft.context.outcome is O.APPLIED_BY_REPLY:
        declines(draft)
    else:
        return False
    return True


def _ask(draft: Draft) -> bool:
    draft.say("ask_what")
    return True


def _received(draft: Draft) -> bool:
    """收到, 嗯: neither a yes nor a no. At an offer, one confirming question."""
    if draft.state.aside == "answered" and draft.state.asked is not Question.CONFIRM_APPLY:
        draft.say("thanks" if is_courteous(draft.heard.text) else "acknowledged")
        return True
    if draft.state.asked not in (Question.INTEREST, Question.CONFIRM_APPLY):
        return False
    if draft.state.aside == "noted":
        draft.say("acknowledged")
        return True
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
    for name in preferences_in(draft.heard.text):
        keep_preference(draft, name)
    return True


_TURNED_TO = {"daughter_first": "女儿", "son_first": "儿子"}


def keep_preference(draft: Draft, name: str) -> None:
    if draft.is_known:
        draft.do(KeepPreference(name, {}))
    relation = _TURNED_TO.get(name)
    if relation and any(mandate.relation == relation for mandate in draft.context.mandates):
        draft.say(f"prefer_{name}_known")
        return
    draft.say(f"prefer_{name}")
    if relation:
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.FAMILY_MEMBER, summary=draft.heard.text[:300]))
        draft.conclude(O.ESCALATED)


_WORDS: Mapping[Exact, Callable[[Draft], bool]] = MappingProxyType(
    {
        Exact.RESTORE: _restore,
        Exact.HUMAN: _human,
        Exact.NOTICE: _notice,
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
        Exact.KEY: _key,
        Exact.APPLY: _apply_pressed,
        Exact.HELP: _help_pressed,
    }
)
