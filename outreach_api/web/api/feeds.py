"""Files that departments, hall and online service send every evening."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile
from fastapi import Path as PathParameter
from pydantic import BaseModel

from outreach_api.web.api.callers import AnyCaller
from outreach_api.web.house import house_of
from outreach_api.web.tokens import TokenRefused

router = APIRouter(prefix="/api/v1/feeds", tags=["feeds"])
KNOWN_ENDINGS = frozenset({".csv", ".xlsx", ".parquet", ".txt"})


class FeedTaken(BaseModel):
    accepted: int
    rejected: int
    unchanged: int


@router.post("/{feed}")
def take_feed(
    request: Request,
    caller: AnyCaller,
    feed: Annotated[str, PathParameter(max_length=80, pattern=r"^[a-z_]+(:[a-z0-9-]+)?$")],
    file: Annotated[UploadFile, File()],
) -> FeedTaken:
    """Import one file of a feed; a row that was sent before is unchanged, not doubled."""
    if caller.feed is not None and caller.feed != feed:
        raise TokenRefused(f"this token is for the feed {caller.feed}", known=True)
    ending = Path(file.filename or "").suffix.lower()
    # The sender's file name decides nothing but the ending: it could point anywhere.
    name = f"upload{ending if ending in KNOWN_ENDINGS else '.csv'}"
    with tempfile.TemporaryDirectory(prefix="feed-") as folder:
        path = Path(folder, name)
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target)
        report = house_of(request).take_feed(feed, path)
    return FeedTaken(accepted=report.accepted, rejected=report.rejected, unchanged=report.unchanged)
