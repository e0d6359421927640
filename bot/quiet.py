"""Keep what starts with Rasa (SQLAlchemy 1.4, pkg_resources) from talking over what matters.

Import this before anything of Rasa.
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("LOG_LEVEL_LIBRARIES", "ERROR")
os.environ["RASA_TELEMETRY_ENABLED"] = "false"


def _unheard(*_: object, **__: object) -> None:
    """Drop a warning; a filter would not do, since what is imported sets filters of its own."""


warnings.showwarning = _unheard


def private_temporary_folder() -> None:
    """Give jieba a folder of our own for its cached dictionary: in a shared /tmp anyone could put one there first."""
    folder = Path(__file__).resolve().parent.parent / "var" / "bot" / "tmp"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


private_temporary_folder()


def quiet_logs() -> None:
    """Hear warnings only; Rasa's structlog otherwise prints every debug line. Call after Rasa is imported."""
    import structlog

    logging.getLogger("rasa").setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
