"""What staff may set while the house runs: each rule is read before it is kept, and who set it is on the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry, Setting
from scheduler.planning.rules import READERS


class SettingRefused(ValueError):  # noqa: N818
    """There is no such setting, or its value makes no sense; says which and why."""


@dataclass(frozen=True)
class SetRule:
    """A rule as staff set it; without a value the default holds."""

    name: str
    value: Any
    changed_at: datetime | None = None
    changed_by: str | None = None


def rules_set(session: Session) -> list[SetRule]:
    """Every rule there is, by name."""
    rows = {row.name: row for row in session.scalars(select(Setting).where(Setting.name.in_(READERS)))}
    return [
        SetRule(name, rows[name].value, rows[name].changed_at, rows[name].changed_by)
        if name in rows
        else SetRule(name, None)
        for name in sorted(READERS)
    ]


def set_rule(session: Session, name: str, value: Any, *, by: str, now: datetime) -> SetRule:
    """Let a rule hold from now on. What was before is on the record.

    Raises:
        SettingRefused: no such rule, or its reader refuses the value.
    """
    if name not in READERS:
        raise SettingRefused(f"there is no setting {name}; there are {', '.join(sorted(READERS))}")
    try:
        READERS[name](value)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as fault:
        raise SettingRefused(f"{name}: {fault}") from fault
    before = session.get(Setting, name)
    facts = {"before": before.value if before else None, "after": value}
    session.merge(Setting(name=name, value=value, changed_at=now, changed_by=by))
    session.add(AuditEntry(at=now, actor=by, action="setting.change", subject=f"setting:{name}", facts=facts))
    return SetRule(name, value, now, by)
