"""The log: lines to read on a terminal, one JSON object a line for the machines of a service.

Names of events are constant; ids, enums and counts are fields. Tracebacks carry no values of variables, and failing
statements none of their parameters: either may be personal.
"""

from __future__ import annotations

import logging
import sys

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def log_to_terminal(level: int) -> None:
    """What a command shows on standard error."""
    structlog.configure(
        processors=[*SHARED, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def log_as_json(level: int = logging.INFO) -> None:
    """What a service writes to standard error."""
    structlog.configure(
        processors=[
            *SHARED,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
