"""Counts in answers: exact for who may look at the people counted, in whole tens for everybody else."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from outreach_api.privacy.small_cells import all_in_tens
from outreach_api.web.access import sees_people
from outreach_api.web.tokens import Caller

CountShown = Annotated[int | None, Field(description="For who may not see whom it counts: whole tens, null below ten.")]


def shown_to(caller: Caller, counts: Any) -> Any:
    """The counts as this caller may have them."""
    return counts if sees_people(caller.role, caller.sight) else all_in_tens(counts)
