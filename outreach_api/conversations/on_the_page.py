"""What the chat page shows beside a reply: panels of the policies spoken of, and replies that need no typing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from models.vocabulary import Question, Topic
from outreach_api.conversations.copy_deck import READINGS
from outreach_api.conversations.decision import Context, Decision, KnownMatch, Standing
from outreach_api.conversations.policy_panel import panel
from outreach_api.conversations.state import DialogueState

MOST_PANELS = 3
_WITH_PANEL = frozenset(
    {Topic.AMOUNT, Topic.DOCUMENTS, Topic.WHERE, Topic.DEADLINE, Topic.HOW_TO_APPLY, Topic.ELIGIBILITY}
)
_OFFERING = frozenset({"offer_by_reply", "offer_with_help", "offer_several", "card_renewed"})
_ASKING_TO_AGREE = frozenset({"confirm_apply"})
_USUAL = ("有多少钱", "要带什么", "去哪里办", "怎么办", "找人工")
_CHIPS: Mapping[Question, tuple[str, ...]] = MappingProxyType(
    {
        Question.CONFIRM_APPLY: ("同意", "不要", "有多少钱"),
        Question.HOME_VISIT: ("要", "不用了"),
        Question.CALLBACK_TIME: ("明天上午", "明天下午", "后天上午"),
        Question.RATING: ("满意", "一般", "不满意"),
        Question.MANDATE: ("找人工",),
    }
)


def shown_with(decision: Decision, context: Context) -> dict[str, Any]:
    """Panels and chips for a decision; nothing of a policy for somebody who is not known."""
    if context.standing is not Standing.KNOWN or not decision.lines:
        return {}
    proxy = decision.state.relation is not None
    found = [panel(context, match, for_somebody_else=proxy) for match in _spoken_of(decision, context)]
    return {"panels": [each for each in found if each], "chips": _chips(decision.state, context)}


def _spoken_of(decision: Decision, context: Context) -> list[KnownMatch]:
    keys = {line.key for line in decision.lines}
    focus = [match for match in context.matches if match.match_id == decision.state.focus]
    if keys & _OFFERING:
        return focus if "card_renewed" in keys else open_offers(context)[:MOST_PANELS]
    return focus if keys & _ASKING_TO_AGREE or _WITH_PANEL.intersection(decision.topics) else []


def open_offers(context: Context) -> list[KnownMatch]:
    """In the order of the numbers by which they are chosen."""
    offered = sorted((match for match in context.offered if match.is_open), key=lambda match: match.number)
    return [*offered, *(match for match in context.others if match.is_open)]


def _chips(state: DialogueState, context: Context) -> list[dict[str, str]]:
    if state.asked is Question.WHICH_OFFER:
        names = [context.cards[match.policy_id].short_name for match in open_offers(context)]
        return _numbered(names)
    if state.asked is Question.WHICH_READING:
        return _numbered([READINGS[intent] for intent in state.menu])
    words = _CHIPS.get(state.asked, _USUAL) if state.asked else _USUAL
    return [{"label": word, "says": word} for word in words]


def _numbered(names: list[str]) -> list[dict[str, str]]:
    return [{"label": f"{number} {name}", "says": str(number)} for number, name in enumerate(names, start=1)]
