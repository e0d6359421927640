"""Work that a page asks for and that takes too long to wait for: one piece at a time, its result kept for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog

KEPT_SECONDS = 600.0
Tell = Callable[[int, int], None]
"""How much of the work is done, and of how much."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Working:
    done: int
    whole: int


@dataclass(frozen=True)
class Made:
    value: Any


@dataclass(frozen=True)
class Failed:
    fault: Exception


@dataclass
class _Piece:
    future: Future[Any]
    began: float
    done: int = 0
    whole: int = 0


class Workshop:
    """Of one process. Another process that is asked for the same does it anew."""

    def __init__(self) -> None:
        self._bench = ThreadPoolExecutor(max_workers=1, thread_name_prefix="workshop")
        self._pieces: dict[Hashable, _Piece] = {}
        self._lock = threading.Lock()

    def ask(self, key: Hashable, make: Callable[[Tell], Any], *, waits_seconds: float = 0.0) -> Working | Made | Failed:
        """How this piece stands; begun now unless it was. Waits a moment for what is quickly done."""
        with self._lock:
            piece = self._fresh(key)
            if piece is None:
                piece = self._begin(key, make)
        try:
            return Made(piece.future.result(timeout=waits_seconds))
        except TimeoutError:
            return Working(piece.done, piece.whole)
        except Exception as fault:
            return Failed(fault)

    def close(self) -> None:
        self._bench.shutdown(wait=False, cancel_futures=True)

    def _fresh(self, key: Hashable) -> _Piece | None:
        now = time.monotonic()
        self._pieces = {known: piece for known, piece in self._pieces.items() if now - piece.began < KEPT_SECONDS}
        return self._pieces.get(key)

    def _begin(self, key: Hashable, make: Callable[[Tell], Any]) -> _Piece:
        def tell(done: int, whole: int) -> None:
            if (piece := self._pieces.get(key)) is not None:
                piece.done, piece.whole = done, whole

        piece = _Piece(self._bench.submit(make, tell), time.monotonic())
        piece.future.add_done_callback(_log_fault)
        self._pieces[key] = piece
        return piece


def _log_fault(future: Future[Any]) -> None:
    if not future.cancelled() and (fault := future.exception()) is not None:
        log.warning("workshop_piece_failed", fault=type(fault).__name__)
