"""Numbers that nothing goes to, whoever wrote from them or stands in a register: dear ones, and none at all."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAINLAND = "+86"
DEAR_PREFIXES = (
    # International premium, shared-cost and personal numbers, satellites and networks of no country.
    "+979", "+808", "+878", "+870", "+881", "+882", "+883", "+888",
    # Premium and toll services of neighbours and of the north of America.
    "+852900", "+8521747", "+1900", "+1976", "+449", "+44871", "+44872", "+44873",
)  # fmt: skip
_MAINLAND_MOBILE = re.compile(r"1[3-9]\d{9}")
_MAINLAND_LANDLINE = re.compile(r"(?!400|800)(10\d{8}|2\d[2-9]\d{7}|[3-9]\d{2}[2-9]\d{6,7})")
_FOREIGN = re.compile(r"\+[1-9]\d{6,14}")


def may_be_dialled(number: str, *, allowed: Sequence[str], denied: Sequence[str] = DEAR_PREFIXES) -> bool:
    """Whether a number is of an allowed prefix, of no dear one, and a subscriber's.

    Of the mainland only mobiles and landlines of towns are: service and premium numbers (95…, 96…, 12…, 168…, 400…)
    are nobody's telephone.
    """
    if not number.startswith(tuple(allowed)) or number.startswith(tuple(denied)):
        return False
    if number.startswith(MAINLAND):
        own = number.removeprefix(MAINLAND)
        return bool(_MAINLAND_MOBILE.fullmatch(own) or _MAINLAND_LANDLINE.fullmatch(own))
    return bool(_FOREIGN.fullmatch(number))
