from __future__ import annotations

import pytest

from tests.delivery.office import Office
from tests.sandbox.conftest import sandbox as sandbox
from tests.sandbox.conftest import server_url as server_url


@pytest.fixture
def office() -> Office:
    return Office()
