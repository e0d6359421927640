"""What lies beside the database and has a term as well: backups, rows that a feed could not take, and arrivals that no
database could."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models.event import AuditEntry
from models.session import Sessions
from outreach_api.backup_keys import BackupKeys
from outreach_api.spool import Spool

REJECTS_FOLDER = "rejects"
REJECTS_LAST = timedelta(days=90)
REFUSED_LASTS = timedelta(days=90)
"""Since the night on which a line that no database took was found on the spool."""


@dataclass(frozen=True)
class Beside:
    """How many are older than their term."""

    backups: int
    rejects: int
    refused: int
    """Lines of the spool that no database took."""


@dataclass(frozen=True)
class Terms:
    keys: BackupKeys
    backups_last: timedelta
    home: Path
    spool: Spool

    def due(self, *, now: datetime) -> Beside:
        old = [key for key in self.keys.all() if key.sealed is not None and key.ends_at(self.backups_last) < now]
        return Beside(len(old), len(list(self._old_rejects(now))), self.spool.refused_before(now - REFUSED_LASTS))

    def forget(self, sessions: Sessions, *, by: str, now: datetime) -> Beside:
        """Destroy the keys of old backups, on the record; remove old reject files and old lines of the spool."""
        destroyed = destroy_keys(sessions, self.keys, taken_before=now - self.backups_last, by=by, now=now)
        removed = 0
        for path in self._old_rejects(now):
            path.unlink(missing_ok=True)
            removed += 1
        refused = self.spool.forget_refused(before=now - REFUSED_LASTS, now=now)
        return Beside(len(destroyed), removed, refused)

    def _old_rejects(self, now: datetime) -> Iterator[Path]:
        folder = self.home / REJECTS_FOLDER
        for path in sorted(folder.glob("*.rejects.csv")) if folder.is_dir() else ():
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - REJECTS_LAST:
                yield path


def destroy_keys(sessions: Sessions, keys: BackupKeys, *, taken_before: datetime, by: str, now: datetime) -> list[str]:
    """Make backups of before then unreadable, wherever their copies lie; which."""
    destroyed = keys.destroy(taken_before=taken_before, now=now)
    if destroyed:
        with sessions.write() as session:
            session.add_all(
                AuditEntry(at=now, actor=by, action="backup.destroy", subject=f"backup:{key_id}"[:64], facts={})
                for key_id in destroyed
            )
    return destroyed
