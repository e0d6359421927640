from __future__ import annotations

import pytest

from tests.delivery.office import Office


@pytest.fixture
def office() -> Office:
    return Office()
