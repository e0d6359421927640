"""How promises were kept, kind by kind: the figures that reports, the demo and the console show."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.vocabulary import CaseState


@dataclass(frozen=True)
class PromiseFigures:
    opened: int
    kept: int
    kept_late: int
    broken: int
    running: int

    @property
    def breach_share(self) -> float | None:
        """Of the promises kept or due: those broken or kept late. None while there are none."""
        decided = self.kept + self.kept_late + self.broken
        return (self.kept_late + self.broken) / decided if decided else None

    def as_json(self) -> dict[str, float | int | None]:
        return {**asdict(self), "breach_share": self.breach_share}


def promise_figures(session: Session, now: datetime, *where: ColumnElement[bool]) -> dict[str, PromiseFigures]:
    """By kind, of the cases that `where` leaves; a cancelled case counts only where its promise was kept before."""
    rows = session.execute(_query(now, where))
    return {str(kind): PromiseFigures(*(int(count) for count in counts)) for kind, *counts in rows}


def _query(now: datetime, where: tuple[ColumnElement[bool], ...]) -> Select[*tuple[Any, ...]]:
    counts = Case.kept_at.is_not(None) | (Case.state != CaseState.CANCELLED)
    unkept = Case.kept_at.is_(None)
    return (
        select(
            Case.kind,
            func.count(Case.id),
            _number(Case.kept_at <= Case.due_at),
            _number(Case.kept_at > Case.due_at),
            _number(unkept & (Case.due_at < now)),
            _number(unkept & (Case.due_at >= now)),
        )
        .where(counts, *where)
        .group_by(Case.kind)
        .order_by(Case.kind)
    )


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
