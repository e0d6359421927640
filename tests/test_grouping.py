"""Tests that share a costly program must reach one worker; a new pytest has undone that in silence before."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("grouping")


def test_a_group_is_part_of_a_tests_id(request: pytest.FixtureRequest, worker_id: str) -> None:
    if worker_id == "master":
        pytest.skip("one process runs all")
    assert request.node.nodeid.endswith("@grouping")
