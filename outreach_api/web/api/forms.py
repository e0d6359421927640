"""What requests and answers of the API are made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, StringConstraints

MOST_ID = 2**31 - 1
NO_NUL = r"^[^\x00]*$"
"""A database keeps no NUL in a text."""

Id = Annotated[int, Path(ge=1, le=MOST_ID)]
PolicyId = Annotated[str, Path(max_length=64, pattern=r"^[a-z][a-z0-9-]*$", examples=["elderly-allowance"])]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]
Reason = Annotated[str, StringConstraints(min_length=2, max_length=200, pattern=NO_NUL)]
Purpose = Annotated[str, StringConstraints(min_length=4, max_length=200, pattern=NO_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]


class Body(BaseModel):
    """Of a request. A field that is not documented is a mistake, and is said to be one."""

    model_config = ConfigDict(extra="forbid")
