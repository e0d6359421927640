"""What a card would have us say: nothing that it rejects itself, and no answer longer than a text can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from models.vocabulary import Channel, Topic
from scheduler.policies.answers import SMS_LONGEST, Answer, answer
from scheduler.policies.card import PolicyCard, Verification
from scheduler.policies.card_sense import Finding


def spoken_faults(card: PolicyCard) -> Iterator[Finding]:
    """A card is held to this before anybody trusts it."""
    said = [*(given.text for given in _answers(card, Channel.CHAT)), *(faq.a for faq in card.faqs)]
    said.append(card.reply.consent_text or "")
    for at, conflict in enumerate(card.conflicts):
        for word, rejected in enumerate(conflict.never_say):
            if any(rejected in text for text in said):
                problem = f"“{rejected}” would be said to residents"
                yield ("conflicts", at, "never_say", word), problem, "take it out of what is said"
    too_long = {given.topic for given in _answers(card, Channel.SMS) if len(given.text) > SMS_LONGEST}
    for topic in sorted(too_long):
        problem = f"the answer on {topic} has more than {SMS_LONGEST} characters with its source"
        if topic is Topic.ELIGIBILITY:
            yield ("rule",), problem, "shorten the labels, or give a long group a label of its own"
        else:
            yield (), problem, "say it shorter, or give the source a short name"


def _answers(card: PolicyCard, channel: Channel) -> Iterator[Answer]:
    day = card.effective_from or date.min
    trusted = card.model_copy(update={"verified": Verification(by="check", at=day, source="check")})
    for topic in Topic:
        for facts in _own_facts(card):
            given = answer(trusted, topic, age_years=None, today=day, channel=channel, facts=facts)
            if isinstance(given, Answer):
                yield given


def _own_facts(card: PolicyCard) -> Iterator[Mapping[str, object]]:
    """Nobody's, and somebody's in each band of the amount."""
    yield {}
    amount = card.amount
    if amount is None or amount.by is None:
        return
    for band in amount.bands or ():
        yield {amount.by: band.values[0] if band.values else band.from_ if band.from_ is not None else band.to}
