"""What every command can be told: apart from what takes submissions, which loads the whole form of a card."""

from __future__ import annotations


class SubmissionRefused(Exception):  # noqa: N818
    """The submission cannot be taken or decided; the message says why and what to do."""
