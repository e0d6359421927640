"""The words of an offer, of its reminder, and of a date ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from models.resident import Resident
from models.vocabulary import Audience, Channel, ContactPurpose, ReminderOccasion
from outreach_api.conversations.copy_deck import OFFERS, numbered
from outreach_api.delivery.outbox import Rendered
from outreach_api.voice.lines import line
from scheduler.policies.card import PolicyCard

_WHO = "【罗湖民政】"
_STOP = "不想再收到，退订回T。"
_TO_OTHERS = ("neutral", "family")


@dataclass(frozen=True)
class OfferTexts:
    """Writes the words of a planned contact. On a phone that several people share it names no benefit (rule 6)."""

    cards: Mapping[str, PolicyCard]

    def __call__(
        self,
        offers: Sequence[tuple[int, str]],
        *,
        resident: Resident,
        step: int,
        shared_phone: bool,
        contact_purpose: ContactPurpose,
        from_days: Mapping[str, date] = MappingProxyType({}),
        channel: Channel = Channel.SMS,
        for_family: bool = False,
        for_guardian: bool = False,
    ) -> Rendered:
        """`offers` are numbers and policy ids; `from_days` says of which the day is still to come.

        `for_family`: it goes to a family member who has the resident's mandate for these policies.

        `for_guardian`: the resident is a child under fourteen, and whoever answers for them is spoken to.

        The resident's name is left out: whoever reads the phone may be somebody else.
        """
        if channel is Channel.VOICE:
            # What a call says of the offer is said once somebody has told who they are.
            return Rendered("call.opening", line("opening"), {"step": step})
        moment = "reminder" if contact_purpose is ContactPurpose.REMINDER else "offer"
        kind = "neutral" if shared_phone else "family" if for_family else self._kind(offers)
        if for_guardian and kind not in _TO_OTHERS:
            kind = "guardian_several" if len(offers) > 1 else "guardian"
        key = f"{_register(resident.audience)}{moment}.{kind}"
        names = [self._name(policy_id, from_days.get(policy_id)) for _, policy_id in sorted(offers)]
        menu = numbered(names) if len(names) > 1 else names[0]
        variables = {} if shared_phone else {"policy": names[0], "menu": menu}
        text = OFFERS[key].format(who=_WHO, stop=_STOP, **{"policy": "", "menu": "", **variables})
        return Rendered(key, text, {**variables, "step": step})

    def _name(self, policy_id: str, from_day: date | None) -> str:
        name = self.cards[policy_id].short_name
        return name if from_day is None else f"{name}（{spoken_day(from_day)}起）"

    def _kind(self, offers: Sequence[tuple[int, str]]) -> str:
        if len(offers) > 1:
            return "several"
        return "by_reply" if self.cards[offers[0][1]].reply.accepts else "with_help"


@dataclass(frozen=True)
class HeadsUpTexts:
    """Writes the words of a reminder of a date ahead, from the card alone."""

    cards: Mapping[str, PolicyCard]

    def __call__(
        self, policy_id: str, occasion: ReminderOccasion, *, on: date, until: date, shared_phone: bool
    ) -> Rendered:
        card = self.cards[policy_id]
        key = f"{_register(card.audience)}heads_up.{'neutral' if shared_phone else occasion.value}"
        said = {ReminderOccasion.RENEWAL: card.deadlines, ReminderOccasion.NEW_AMOUNT: card.amount}[occasion]
        about = {
            "policy": card.short_name,
            "on": spoken_day(on),
            "until": spoken_day(until),
            "say": (said.say if said else None) or "",
        }
        text = OFFERS[key].format(who=_WHO, stop=_STOP, **about)
        return Rendered(key, text, {} if shared_phone else about)


def _register(audience: Audience | None) -> str:
    return "firm." if audience is Audience.ENTERPRISE else ""


def spoken_day(day: date) -> str:
    return f"{day.month}月{day.day}日"
