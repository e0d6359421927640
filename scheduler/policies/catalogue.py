"""Every version of every item, and which of them counts on a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from scheduler.policies.card import PolicyCard


@dataclass(frozen=True)
class Catalogue:
    """Versions of each item by id, oldest first."""

    versions: Mapping[str, tuple[PolicyCard, ...]]

    @classmethod
    def of(cls, cards: Iterable[PolicyCard]) -> Catalogue:
        """The first of several cards of one id and version counts."""
        kept: dict[tuple[str, int], PolicyCard] = {}
        for card in cards:
            kept.setdefault((card.id, card.version), card)
        versions: dict[str, tuple[PolicyCard, ...]] = {}
        for (policy_id, _), card in sorted(kept.items()):
            versions[policy_id] = (*versions.get(policy_id, ()), card)
        return cls(MappingProxyType(versions))

    def on(self, day: date) -> dict[str, PolicyCard]:
        """The card of each item that counts on a day: the newest version that has started.

        An item none of whose versions has started is there with its first, which then neither answers nor is pushed.
        """
        return {policy_id: _on(versions, day) for policy_id, versions in self.versions.items()}

    def newest(self, policy_id: str) -> PolicyCard | None:
        versions = self.versions.get(policy_id)
        return versions[-1] if versions else None

    def with_cards(self, cards: Iterable[PolicyCard]) -> Catalogue:
        """With further versions; one that is here already stays as it is."""
        return Catalogue.of([*(card for versions in self.versions.values() for card in versions), *cards])


def _on(versions: tuple[PolicyCard, ...], day: date) -> PolicyCard:
    started = [card for card in versions if card.effective_from is None or card.effective_from <= day]
    return started[-1] if started else versions[0]
