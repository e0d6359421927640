"""What is older than its term is forgotten, what is younger is not, and a dry run counts it and touches nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Select, select

from models.conversation import Message
from models.event import AuditEntry, Event
from models.session import Sessions
from models.tables import metadata
from models.vocabulary import Author, Channel, Direction, EventKind
from outreach_api.privacy.grades import GRADES
from outreach_api.privacy.retention import RULES, Forgetting, forget, what_is_due
from tests.builders import NOON, a_conversation, a_database, a_resident

OLD, YOUNG = NOON - timedelta(days=4 * 365), NOON - timedelta(days=30)


@pytest.fixture
def sessions() -> Sessions:
    sessions = a_database()
    with sessions.write() as session:
        talk = a_conversation(session, a_resident(session))
        for at in (OLD, YOUNG):
            session.add(Event(at=at, kind=EventKind.STOP_PLACED, facts={}))
            session.add(
                Message(
                    conversation_id=talk.id, at=at, direction=Direction.IN, author=Author.RESIDENT,
                    channel=Channel.SMS, text="OK", reading={"ranking": []},
                )
            )  # fmt: skip
    return sessions


def _ours() -> Select[Message]:
    """The two of above, without the one that begins the talk."""
    return select(Message).where(Message.at.in_((OLD, YOUNG))).order_by(Message.at)


def test_every_term_with_an_end_has_a_rule() -> None:
    assert {name for name, graded in GRADES.items() if graded.kept.lasts is not None} == set(RULES)
    for name, rule in RULES.items():
        table = metadata.tables["conversation" if rule.of_talk else name]
        assert rule.since in table.c


def test_a_dry_run_says_what_a_run_does_and_does_nothing(sessions: Sessions) -> None:
    with sessions.read() as session:
        due = {one.table: one.rows for one in what_is_due(session, now=NOON)}
        assert len(session.scalars(select(Event)).all()) == 2
    assert {name: rows for name, rows in due.items() if rows} == {"event": 1, "message": 1}
    assert {one.table: one.rows for one in forget(sessions, by="staff:1", now=NOON)} == due


def test_words_go_and_rows_stay_and_a_second_run_finds_nothing(sessions: Sessions) -> None:
    forget(sessions, by="staff:1", now=NOON)
    with sessions.read() as session:
        assert [(row.text, row.reading) for row in session.scalars(_ours())] == [
            ("", None),
            ("OK", {"ranking": []}),
        ]
        assert [row.at for row in session.scalars(select(Event))] == [YOUNG]
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.facts) == ("retention", {"event": 1, "message": 1})
    assert sum(one.rows for one in forget(sessions, by="staff:1", now=NOON)) == 0


def test_a_rule_of_words_says_which() -> None:
    from outreach_api.privacy.blanking import WORDS

    assert {name for name, rule in RULES.items() if rule.forgetting is Forgetting.WORDS} <= set(WORDS)
