"""A street of its own for every test."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from models.column_types import use_key_ring
from models.crypto import new_key_ring
from models.session import Sessions
from outreach_api.conversations.converse import memory_engine
from outreach_api.settings import ROOT
from scheduler.policies.card import PolicyCard
from scheduler.policies.load import load_cards
from tests.conversations.street import Street


@pytest.fixture(scope="session")
def cards() -> Mapping[str, PolicyCard]:
    return load_cards(ROOT / "policies")


@pytest.fixture
def street(cards: Mapping[str, PolicyCard]) -> Street:
    use_key_ring(new_key_ring())
    return Street(Sessions(memory_engine()), cards)
