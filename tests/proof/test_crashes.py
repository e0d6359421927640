"""Crashing on purpose: a process that is down stays down, and what it had not committed is gone."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select, text

from models.base import Base
from models.event import Setting
from models.session import make_engine
from proof.crashes import Crash, CrashingSessions, Points
from proof.history import unlawful_changes, watch_states
from tests.builders import NOON


class Scripted(Random):
    """Dice that show what they are told to, and then never a crash."""

    def __init__(self, *shown: float) -> None:
        super().__init__(0)
        self.shown = list(shown)

    def random(self) -> float:
        return self.shown.pop(0) if self.shown else 1.0


CRASH, GO_ON = 0.0, 1.0


def sessions_at(folder: Path, points: Points) -> CrashingSessions:
    engine = make_engine(f"sqlite:///{folder / 'proof.db'}")
    Base.metadata.create_all(engine)
    return CrashingSessions(engine, points)


def write(sessions: CrashingSessions) -> None:
    with sessions.write() as session:
        session.add(Setting(name="pace", value=1, changed_at=NOON, changed_by="test"))


@pytest.mark.parametrize(("dice", "kept"), [((CRASH,), 0), ((GO_ON, CRASH), 1)])
def test_a_crash_falls_before_a_commit_or_after_it(tmp_path: Path, dice: tuple[float, ...], kept: int) -> None:
    points = Points(Scripted(*dice), rate=0.5)
    sessions = sessions_at(tmp_path, points)
    with pytest.raises(Crash):
        write(sessions)
    with sessions.read() as session:
        assert session.scalar(select(func.count()).select_from(Setting)) == kept


def test_who_is_down_neither_commits_nor_calls(tmp_path: Path) -> None:
    points = Points(Scripted(CRASH), rate=0.5)
    sessions, called = sessions_at(tmp_path, points), list[str]()
    send = points.around("send", called.append)
    with pytest.raises(Crash):
        send("a text")
    with pytest.raises(Crash):
        write(sessions)
    with pytest.raises(Crash):
        send("another")
    assert called == []
    points.is_down = False
    send("after a restart")
    assert called == ["after a restart"]
    assert points.crashes == {"before send": 1}


def test_an_answer_may_be_lost_although_the_call_was_made() -> None:
    points, called = Points(Scripted(GO_ON, CRASH), rate=0.5), list[str]()
    with pytest.raises(Crash):
        points.around("send", called.append)("a text")
    assert called == ["a text"]


@pytest.mark.parametrize(
    ("noun", "old", "new", "lawful"),
    [
        ("contact", "sending", "accepted", True),
        ("contact", "unknown", "planned", False),
        ("contact", "delivered", "accepted", False),
        ("match", "declined", "interested", True),
        ("match", "attended", "in_outreach", False),
        ("case", "confirmed", "accepted", False),
    ],
)
def test_the_database_itself_remembers_each_change(
    tmp_path: Path, noun: str, old: str, new: str, *, lawful: bool
) -> None:
    sessions = sessions_at(tmp_path, Points(Scripted(), rate=0))
    watch_states(sessions)
    with sessions.engine.connect() as connection:
        row = {"id": 1, "noun": noun, "old": old, "new": new}
        insert = "INSERT INTO state_history (row_id, noun, old, new) VALUES (:id, :noun, :old, :new)"
        connection.execute(text(insert), row)
        assert (unlawful_changes(connection) == []) is lawful
