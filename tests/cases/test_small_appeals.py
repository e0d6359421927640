"""Who does not see cases is shown no group of appeals that could be a neighbour."""

from __future__ import annotations

from outreach_api.cases.appeals import By, Count, without_small


def taken(**groups: int) -> dict[By, dict[str, Count]]:
    return {By.STREET: {name: Count(taken=number) for name, number in groups.items()}}


def test_small_groups_are_left_out_and_never_one_alone() -> None:
    assert set(without_small(taken(a=9, b=40, c=12))[By.STREET]) == {"b"}
    assert set(without_small(taken(a=9, b=3, c=12))[By.STREET]) == {"c"}
    assert set(without_small(taken(a=10, b=40))[By.STREET]) == {"a", "b"}
    assert set(without_small(taken(a=1))[By.STREET]) == set()
