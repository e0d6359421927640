"""A policy as the chat page shows it: what it is worth to this resident, what to bring, where, until when, who says so.

All of it is the card's own words, for the facts that the answers too may use; what the card does not know is left out.
"""

from __future__ import annotations

import re
from typing import Any

from models.vocabulary import Channel, MatchState, Topic
from outreach_api.conversations.copy_deck import say
from outreach_api.conversations.decision import Context, KnownMatch
from outreach_api.conversations.draft import Draft
from scheduler.policies.answers import Abstain, Answer, answer
from scheduler.policies.card import PolicyCard

APPLY = "同意申请"
_REPLY = re.compile(r"回复?[“\"]?同意[”\"]?")
_STILL_TO_BE_HAD = frozenset({MatchState.INTERESTED, MatchState.DECLINED})


def panel(context: Context, match: KnownMatch, *, for_somebody_else: bool) -> dict[str, Any] | None:
    """The panel, or None where the card may not be spoken from."""
    card = context.cards[match.policy_id]
    said = {topic: _answer(context, card, match, topic, personal=not for_somebody_else) for topic in _TOPICS}
    known = {topic: found for topic, found in said.items() if found is not None}
    if not known:
        return None
    return {
        "policy": card.id,
        "version": str(card.version),
        "name": card.short_name,
        "amount": _words(known.get(Topic.AMOUNT)),
        "documents": _documents(card, known.get(Topic.DOCUMENTS)),
        "where": _words(known.get(Topic.WHERE)),
        "station": context.station if Topic.WHERE in known else "",
        "deadline": _words(known.get(Topic.DEADLINE)),
        "source": _source(next(iter(known.values()))),
        "press": None if for_somebody_else else _press(card, match),
    }


_TOPICS = (Topic.AMOUNT, Topic.DOCUMENTS, Topic.WHERE, Topic.DEADLINE)


def _answer(context: Context, card: PolicyCard, match: KnownMatch, topic: Topic, *, personal: bool) -> Answer | None:
    age_years = context.person.age_years if context.person and personal else None
    facts = match.facts if personal else {}
    found = answer(card, topic, age_years=age_years, today=context.today, channel=Channel.CHAT, facts=facts)
    return None if isinstance(found, Abstain) else found


def _words(found: Answer | None) -> str:
    return "".join(found.lines) if found else ""


def _documents(card: PolicyCard, found: Answer | None) -> dict[str, Any] | None:
    if found is None:
        return None
    needed = list(card.documents.needed or ()) if card.documents else []
    return {"needed": needed, "say": _words(found)}


def _source(found: Answer) -> dict[str, str | None]:
    return {"name": found.source, "dated": found.dated, "url": found.source_url}


def terms(card: PolicyCard) -> str:
    """What pressing the button means, as the deciding authority puts it for a reply."""
    return _REPLY.sub(f"点“{APPLY}”", card.reply.consent_text or "")


def _press(card: PolicyCard, match: KnownMatch) -> dict[str, str] | None:
    """The button: an application, with the words agreed to, where a reply is one; elsewhere a wish for help."""
    if not (Draft.may_become_interested(match) or match.state in _STILL_TO_BE_HAD):
        return None
    version = match.policy_version
    if card.reply.accepts:
        says = say("consent", policy=card.short_name).text
        return {"button": f"apply:{card.id}:{version}", "label": APPLY, "says": says, "terms": terms(card)}
    return {"button": f"help:{card.id}:{version}", "label": "我想办，请人帮我", "says": f"我想办{card.short_name}"}
