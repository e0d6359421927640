from __future__ import annotations

import pytest

from tests.planning.street import Street


@pytest.fixture
def street() -> Street:
    return Street()
