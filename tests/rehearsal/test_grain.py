"""Where the rehearsal's clock stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from outreach_api.rehearsal.run import GRAIN_SECONDS, end_of_grain

WHOLE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_a_whole_minute_is_not_moved() -> None:
    assert end_of_grain(WHOLE) == WHOLE


@given(INSTANTS)
def test_nothing_is_lived_through_before_it_is_due_nor_a_grain_late(instant: datetime) -> None:
    end = end_of_grain(instant)
    assert timedelta(0) <= end - instant < timedelta(seconds=GRAIN_SECONDS)
    assert end.timestamp() % GRAIN_SECONDS == 0
