"""A decision in the making: what one message adds up to, directive by directive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from models.vocabulary import Audience, ContactPurpose, ConversationOutcome, MatchState, Topic
from outreach_api.conversations.copy_deck import QUESTION_LINES, say
from outreach_api.conversations.decision import (
    Context,
    Decision,
    Effect,
    Heard,
    KnownMandate,
    KnownMatch,
    Line,
    Person,
    Standing,
    offered_to,
)
from scheduler.policies.card import PolicyCard

O = ConversationOutcome  # noqa: E741 - read as a table
# An application made stays the outcome of the conversation; only these say something newer about it.
_OUTRANKS_APPLIED = frozenset({O.DECLINED, O.OPTED_OUT, O.DECEASED, O.WRONG_PERSON, O.MOVED})
_MOVABLE = frozenset({MatchState.NEW, MatchState.IN_OUTREACH, MatchState.CALLBACK, MatchState.AWAITING_PHONE})


class Draft:
    """Collects lines, effects and the new state. Lives for one decision only."""

    def __init__(self, heard: Heard, context: Context) -> None:
        self.heard = heard
        self.context = context
        self.state = context.state
        self.outcome = context.outcome
        self.purpose = ContactPurpose.REPLY
        self.lines: list[Line] = []
        self.effects: list[Effect] = []
        self.topics: list[Topic] = []

    def say(self, key: str, **values: str) -> None:
        self.add(say(key, self.context.audience, **values))

    def add(self, line: Line) -> None:
        """Each line once: two directives often come to the same answer."""
        if line not in self.lines:
            self.lines.append(line)

    def do(self, *effects: Effect) -> None:
        self.effects.extend(effect for effect in effects if effect not in self.effects)

    def set(self, **changes: Any) -> None:
        self.state = self.state.with_(**changes)

    def conclude(self, outcome: ConversationOutcome) -> None:
        if self.outcome is not O.APPLIED_BY_REPLY or outcome in _OUTRANKS_APPLIED:
            self.outcome = outcome

    def note_aside(self) -> None:
        """Remember whether this reply put a question, answered one, or noted something down."""
        keys = {line.key for line in self.lines}
        if not keys or keys <= {"repeat", "prefer_slow", "silence", "silence_again"}:
            return
        if keys & QUESTION_LINES:
            self.set(aside=None)
        else:
            told = self.topics or keys & {"who_we_are", "greeting", "thanks", "goodbye", "scam"}
            self.set(aside="answered" if told else "noted")

    def decision(self) -> Decision:
        return Decision(
            tuple(self.lines), tuple(self.effects), self.state, self.outcome, self.purpose, tuple(self.topics)
        )

    # Who speaks, and of what

    @property
    def is_known(self) -> bool:
        return self.context.standing is Standing.KNOWN

    def know(self, person: Person) -> None:
        """From here on the speaker is this one of the household, and what is open for them may be named."""
        # The same numbers as the next message will see: what is offered now is chosen from then.
        offered, others = offered_to(person.resident_id, self.context.on_phone)
        self.context = replace(
            self.context,
            standing=Standing.KNOWN,
            person=person,
            audience=person.audience,
            offered=offered,
            others=others,
        )

    @property
    def concerned(self) -> tuple[KnownMatch, ...]:
        """What a word about being contacted is about: the speaker's own, or all of the phone's if it has one owner."""
        if self.is_known:
            return self.context.matches
        return self.context.on_phone if len(self.context.household) == 1 else ()

    @property
    def is_with_firm(self) -> bool:
        return self.context.audience is Audience.ENTERPRISE

    @property
    def for_somebody_else(self) -> bool:
        return self.state.relation is not None or self.context.at_holders_phone

    def mandate_for(self, match: KnownMatch) -> KnownMandate | None:
        """By which the family member who speaks may act in this: held at this phone, by somebody of their relation."""
        return next(
            (
                mandate
                for mandate in self.context.mandates
                if mandate.is_here
                and (mandate.resident_id, mandate.policy_id) == (match.resident_id, match.policy_id)
                and (self.context.at_holders_phone or mandate.relation == self.state.relation)
            ),
            None,
        )

    def may_speak_of(self, match: KnownMatch) -> bool:
        """Whether the resident speaks, or somebody who has their mandate for it."""
        return not self.for_somebody_else or self.mandate_for(match) is not None

    @property
    def open_offers(self) -> list[KnownMatch]:
        return [match for match in self.context.offered if match.is_open]

    def spoken_of(self) -> list[KnownMatch]:
        """The matches this message may mean: the one it names, the one in focus, else all that were offered."""
        matches = self.context.matches
        named = self._named(matches)
        if named:
            return [named]
        focus = next((match for match in matches if match.match_id == self.state.focus), None)
        if focus:
            return [focus]
        open_others = [match for match in self.context.others if match.is_open]
        return self.open_offers or list(self.context.offered) or open_others or list(self.context.others)[:1]

    def _named(self, matches: tuple[KnownMatch, ...]) -> KnownMatch | None:
        scores = {match: self._likeness(self.card(match)) for match in matches}
        best = max(scores.values(), default=0)
        leaders = [match for match, score in scores.items() if score == best]
        return leaders[0] if best and len(leaders) == 1 else None

    def _likeness(self, card: PolicyCard) -> int:
        """How many character pairs of the item's names the message has."""
        names = card.name.zh + "，" + card.short_name
        pairs = {names[i : i + 2] for i in range(len(names) - 1)} - _COMMON_PAIRS
        return sum(pair in self.heard.text for pair in pairs)

    def card(self, match: KnownMatch) -> PolicyCard:
        return self.context.cards[match.policy_id]

    def name(self, match: KnownMatch) -> str:
        return self.card(match).short_name

    @staticmethod
    def may_become_interested(match: KnownMatch) -> bool:
        """One that already waits for a visit or a result is not called back to an earlier state."""
        return match.state in _MOVABLE


_COMMON_PAIRS = frozenset({"老人", "年人", "老年", "深圳", "罗湖", "免费", "补贴", "津贴的"})
