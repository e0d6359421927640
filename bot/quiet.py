"""Keep what starts with Rasa (TensorFlow, SQLAlchemy 1.4, pkg_resources) from talking over what matters.

Import this before anything of Rasa.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sys
import tempfile
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("LOG_LEVEL_LIBRARIES", "ERROR")
os.environ["RASA_TELEMETRY_ENABLED"] = "false"


def _unheard(*_: object, **__: object) -> None:
    """Drop a warning; a filter would not do, since what is imported sets filters of its own."""


warnings.showwarning = _unheard

# tensorflow.lite takes jax along where it finds it: three seconds for nothing.
sys.modules.setdefault("jax", None)  # type: ignore[arg-type]


def private_temporary_folder() -> None:
    """Give jieba a folder of our own for its cached dictionary: in a shared /tmp anyone could put a pickle there first."""
    folder = tempfile.mkdtemp(prefix="outreach-bot-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["TMPDIR"] = tempfile.tempdir = folder


private_temporary_folder()


def quiet_logs() -> None:
    """Hear warnings only; Rasa's structlog otherwise prints every debug line. Call after Rasa is imported."""
    import structlog

    logging.getLogger("rasa").setLevel(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
