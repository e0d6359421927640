"""The words of an offer and its reminder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.resident import Resident
from models.vocabulary import ContactPurpose
from outreach_api.conversations.copy_deck import OFFERS, numbered
from outreach_api.delivery.outbox import Rendered
from scheduler.policies.card import PolicyCard

_WHO = "【罗湖民政】"
_STOP = "不想再收到，退订回T。"


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
    ) -> Rendered:
        """`offers` are numbers and policy ids.

        The resident's name is left out: whoever reads the phone may be somebody else.
        """
        moment = "reminder" if contact_purpose is ContactPurpose.REMINDER else "offer"
        key = f"{moment}.{'neutral' if shared_phone else self._kind(offers)}"
        names = [self.cards[policy_id].short_name for _, policy_id in sorted(offers)]
        variables = {} if shared_phone else {"policy": names[0], "menu": numbered(names)}
        text = OFFERS[key].format(who=_WHO, stop=_STOP, **{"policy": "", "menu": "", **variables})
        return Rendered(key, text, {**variables, "step": step})

    def _kind(self, offers: Sequence[tuple[int, str]]) -> str:
        if len(offers) > 1:
            return "several"
        return "by_reply" if self.cards[offers[0][1]].reply.accepts else "with_help"
