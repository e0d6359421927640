"""The proof talks to the real assistant."""

from tests.rehearsal.conftest import assistant

__all__ = ["assistant"]
