"""What a department's file may hold: the columns and rows that were applied for, while the application stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler.roster.faults import FileRefused
from scheduler.roster.feed import Feed, meaning_of


@dataclass(frozen=True, slots=True)
class FeedTerms:
    """Of the application that a feed rests on. `over`: why it does not stand, if it doesn't."""

    application: int
    fields: frozenset[str]
    rows: int
    over: str | None = None

    def check(self, path: Path, feed: Feed) -> None:
        """Look through a file before anything of it is taken.

        Raises:
            FileRefused: the application does not stand, or the file holds columns or rows beyond it.
        """
        if self.over is not None:
            raise FileRefused(f"{path.name}: application {self.application} {self.over}: apply anew for {feed.id}")
        # Whoever only looks an application up needs no reader of workbooks.
        from scheduler.roster.tabular import open_table

        table = open_table(path)
        beyond = self._beyond(table.header, feed)
        if beyond:
            raise FileRefused(
                f"{path.name}: application {self.application} is not for the columns {', '.join(beyond)}; leave them "
                f"out of the file, or apply anew for {feed.id} with them"
            )
        rows = sum(len(batch.numbers) + len(batch.bad) for batch in table.batches)
        if rows > self.rows:
            raise FileRefused(
                f"{path.name}: {rows:,} rows, and application {self.application} is for {self.rows:,} a file; send "
                f"fewer at a time, or apply anew for {feed.id} with more"
            )

    def _beyond(self, header: Sequence[str], feed: Feed) -> list[str]:
        """Columns that were not applied for, those that nobody would read too."""
        return [text[:20] for text in header if text and meaning_of(text, feed) not in self.fields]
