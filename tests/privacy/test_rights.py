"""A resident's rights: each a case with a deadline; erasure leaves nothing to read and nobody to contact again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit_chain import verify
from models.case import Case, CaseChange, Visit
from models.column_types import Encrypted, EncryptedJson, key_ring
from models.conversation import Consent, ContactStop, Conversation, Inbound, Message
from models.event import AuditEntry
from models.match import Match, MatchLedger, Snapshot
from models.resident import Mandate, Phone, Resident
from models.session import Sessions
from models.tables import metadata
from models.vocabulary import (
    Author,
    CaseKind,
    CaseState,
    Channel,
    ContactState,
    DeltaKind,
    Direction,
    InboundState,
    MatchState,
    Reach,
    VisitOutcome,
)
from outreach_api.privacy.blanking import WORDS
from outreach_api.privacy.copy_of import CopyForm, ResidentCopy
from outreach_api.privacy.rights import REASON_OF, Right, RightRefused, ask_for, carry_out, open_wishes
from outreach_api.privacy.sight import WHOLE, Sight, begin_looking, look_as, narrow_query
from outreach_api.privacy.tombstones import Mark, keep_tombstones, read_tombstones
from outreach_api.residents.keeping import Keeping, KeepingRefused, keep
from tests.builders import NOON, a_case, a_contact, a_conversation, a_database, a_match, a_phone, a_resident

SECRET = "蓝田玉"
"""In every word of theirs."""
NUMBER = "+8613790001111"
BY = "staff:4"


@pytest.fixture
def sessions() -> Sessions:
    """One resident with everything there is of one, and a neighbour on a phone that both have."""
    sessions = a_database()
    with sessions.write() as session:
        mine = a_phone(session, NUMBER)
        resident = a_resident(
            session, name=SECRET, phone=mine, address=f"{SECRET}路1号", id_number="440303194401011234"
        )
        match = a_match(session, resident)
        snapshot = Snapshot(digest="0" * 64, as_of=NOON.date(), counts={}, created_at=NOON)
        session.add(snapshot)
        session.flush()
        session.add(
            MatchLedger(
                match_id=match.id, at=NOON, delta=DeltaKind.NEWLY_ELIGIBLE, opened=True, snapshot_id=snapshot.id,
                rule_version="1", row={"name": SECRET}, trace={"age": SECRET},
            )
        )  # fmt: skip
        a_contact(
            session, match, state=ContactState.DELIVERED, sent_at=NOON, text=f"您好{SECRET}", variables={"n": SECRET}
        )
        a_contact(session, match, state=ContactState.PLANNED, text=f"您好{SECRET}")
        talk = a_conversation(session, resident)
        inbound = _inbound(session)
        message = Message(
            conversation_id=talk.id, at=NOON, direction=Direction.IN, author=Author.RESIDENT, channel=Channel.SMS,
            text=f"我是{SECRET}", inbound_id=inbound.id, reading={"ranking": []},
        )  # fmt: skip
        session.add(message)
        session.flush()
        session.add(
            Consent(
                resident_id=resident.id, match_id=match.id, policy_id=match.policy_id, policy_version="1",
                message_id=message.id, text=f"同意，{SECRET}", given_at=NOON,
            )
        )  # fmt: skip
        session.add(
            Mandate(
                resident_id=resident.id, policy_id=match.policy_id, holder={"name": SECRET}, relation="女儿",
                proof="checked:staff:1", granted_at=NOON, expires_at=NOON + timedelta(days=9),
            )
        )  # fmt: skip
        case = a_case(session, match)
        case.summary = f"{SECRET}要上门"
        session.add(CaseChange(case_id=case.id, at=NOON, by=BY, change="note", note=SECRET))
        session.add(
            Visit(
                client_id="1", case_id=case.id, visit_on=NOON.date(), outcome=VisitOutcome.NOT_HOME, recorded_at=NOON,
                note=SECRET,
            )
        )  # fmt: skip
    return sessions


def _inbound(session: Session) -> Inbound:
    inbound = Inbound(
        provider="twilio", provider_ref="SM1", channel=Channel.SMS, sender=NUMBER,
        sender_index=key_ring().blind_index(NUMBER, kind="phone"), recipient="+861065", text=f"我是{SECRET}",
        received_at=NOON, due_at=NOON, state=InboundState.DONE, settled_at=NOON,
    )  # fmt: skip
    session.add(inbound)
    session.flush()
    return inbound


def _resident(session: Session) -> Resident:
    return session.scalars(select(Resident)).one()


def _carried_out(sessions: Sessions, right: Right, **corrections: str) -> ResidentCopy | None:
    with sessions.write() as session:
        case = ask_for(session, _resident(session).id, right, words=f"{SECRET}要求", by=BY, now=NOON)
        number = case.id
    with sessions.write() as session:
        return carry_out(session, number, by=BY, now=NOON + timedelta(days=1), corrections=corrections)


def _readable(sessions: Sessions) -> str:
    """Everything that opens, of every table and every sealed column, and every plain cell beside it."""
    found = []
    with sessions.read() as session:
        for table in metadata.sorted_tables:
            found += [str(row) for row in session.execute(select(table)).all()]
    return "\n".join(found)


def test_each_wish_is_a_case_with_its_deadline(sessions: Sessions) -> None:
    with sessions.write() as session:
        resident = _resident(session).id
        for right in Right:
            ask_for(session, resident, right, words="", by=BY, now=NOON)
        ask_for(session, resident, Right.COPY, words="", by=BY, now=NOON)
        wishes = open_wishes(session, resident)
        assert {case.reason for case in wishes} == set(REASON_OF.values())
        assert len(wishes) == len(Right)
        assert all(NOON < case.due_at < NOON + timedelta(days=31) for case in wishes)


def test_refusing_to_be_matched_holds_at_once(sessions: Sessions) -> None:
    with sessions.write() as session:
        ask_for(session, _resident(session).id, Right.REFUSE_PROFILING, words="", by=BY, now=NOON)
        assert _resident(session).profiling_refused_at == NOON


def test_the_copy_says_what_there_is_and_who_looked(sessions: Sessions) -> None:
    with sessions.write() as session:
        subject = f"resident:{_resident(session).id}"
        session.add(
            AuditEntry(at=NOON, actor="staff:9", action="reveal.phone", subject=subject, purpose="核对", facts={})
        )
    made = _carried_out(sessions, Right.COPY)
    assert made is not None
    copy = made.written(CopyForm.MARKDOWN)
    for words in (SECRET, NUMBER, "440303194401011234", f"我是{SECRET}", f"您好{SECRET}", "同意", "staff:9", "三年"):
        assert words in copy


def test_a_name_is_put_right_and_found_by(sessions: Sessions) -> None:
    assert _carried_out(sessions, Right.CORRECTION, name="陈秀兰") is None
    with sessions.read() as session:
        resident = _resident(session)
        assert (resident.name, resident.name_index) == ("陈秀兰", key_ring().blind_index("陈秀兰", kind="name"))
    with pytest.raises(RightRefused, match="say what"):
        _carried_out(sessions, Right.CORRECTION, id_number="1")


def test_after_erasure_nothing_of_them_can_be_read(sessions: Sessions) -> None:
    before = _readable(sessions)
    assert SECRET in before
    assert NUMBER in before
    _carried_out(sessions, Right.ERASURE)
    after = _readable(sessions)
    assert SECRET not in after
    assert NUMBER not in after
    assert "440303194401011234" not in after
    assert "1951" not in after.replace("4403031951", "")


def test_the_tombstone_keeps_them_from_being_contacted_or_matched_again(sessions: Sessions) -> None:
    with sessions.read() as session:
        key = _resident(session).person_key
    _carried_out(sessions, Right.ERASURE)
    with sessions.read() as session:
        resident = _resident(session)
        assert (resident.person_key, resident.phones) == (key, [])
        assert resident.profiling_refused_at is not None
        assert [stop.released_at for stop in session.scalars(select(ContactStop))] == [None]
        assert session.scalars(select(Match.state)).one() is MatchState.OPTED_OUT
    with sessions.write() as session, pytest.raises(KeepingRefused):
        keep(session, _resident(session).id, Keeping.ALLOW_PROFILING, 0, because="想恢复", by=BY, now=NOON)


def test_what_is_counted_stays_and_the_record_is_whole(sessions: Sessions) -> None:
    _carried_out(sessions, Right.ERASURE)
    with sessions.read() as session:
        assert [row.text for row in session.scalars(select(Message))] == ["", ""]
        assert session.scalars(select(Resident.street)).one() is not None
        cases = session.scalars(select(Case).where(Case.kind == CaseKind.RIGHTS)).all()
        assert [(case.state, case.summary) for case in cases] == [(CaseState.RESOLVED, None)]
        actions = list(session.scalars(select(AuditEntry.action)))
        assert actions[-2:] == ["rights.erasure", "rights.erasure"]
    with sessions.engine.connect() as connection:
        assert verify(connection).faults == ()


def test_a_number_that_others_have_too_stays_theirs(sessions: Sessions) -> None:
    with sessions.write() as session:
        neighbour = a_resident(session, phone=session.scalars(select(Phone)).one())
        number = neighbour.id
        resident = session.scalars(select(Resident).order_by(Resident.id)).first()
        assert resident is not None
        case = ask_for(session, resident.id, Right.ERASURE, words="", by=BY, now=NOON)
        carry_out(session, case.id, by=BY, now=NOON)
    with sessions.read() as session:
        assert [link.phone.number for link in session.get_one(Resident, number).phones] == [NUMBER]


def test_a_wish_is_carried_out_once(sessions: Sessions) -> None:
    with sessions.write() as session:
        case = ask_for(session, _resident(session).id, Right.COPY, words="", by=BY, now=NOON)
        carry_out(session, case.id, by=BY, now=NOON)
        with pytest.raises(RightRefused, match="settled"):
            carry_out(session, case.id, by=BY, now=NOON)


def test_every_sealed_column_of_a_person_is_among_the_words() -> None:
    elsewhere = {
        "phone": "its owner's numbers", "wechat_follower": "deleted", "wechat_token": "a machine's",
        "hook_target": "a machine's", "staff": "of those who work here", "api_request": "ninety days",
    }  # fmt: skip
    for table in metadata.sorted_tables:
        sealed = {c.name for c in table.columns if isinstance(c.type, Encrypted | EncryptedJson)}
        assert sealed <= set(WORDS.get(table.name, ())) or table.name in elsewhere, table.name


def test_talks_of_others_are_left_alone(sessions: Sessions) -> None:
    with sessions.write() as session:
        other = a_resident(session, name="旁人")
        talk = a_conversation(session, other)
        session.add(
            Message(
                conversation_id=talk.id, at=NOON, direction=Direction.IN, author=Author.RESIDENT,
                channel=Channel.SMS, text="旁人的话",
            )
        )  # fmt: skip
        first = session.scalars(select(Resident).order_by(Resident.id)).first()
        assert first is not None
        case = ask_for(session, first.id, Right.ERASURE, words="", by=BY, now=NOON)
        carry_out(session, case.id, by=BY, now=NOON)
    assert "旁人的话" in _readable(sessions)
    with sessions.read() as session:
        assert session.scalars(select(Conversation.resident_id)).all()


def test_who_sees_one_street_erases_all_of_theirs_and_nothing_of_a_neighbours(
    sessions: Sessions, tmp_path: Path
) -> None:
    with sessions.write() as session:
        phone = session.scalars(select(Phone)).one()
        neighbour = a_resident(session, phone=phone, street="翠竹街道").id
        mine = session.scalars(select(Resident.id).where(Resident.id != neighbour)).one()
    sessions.narrow(narrow_query)
    begin_looking()
    look_as(Sight(Reach.STREETS, streets=("东门街道",)))
    try:
        with sessions.write() as session:
            assert session.get(Resident, neighbour) is None
            with pytest.raises(RightRefused, match="no resident"):
                ask_for(session, neighbour, Right.COPY, words="", by=BY, now=NOON)
            case = ask_for(session, mine, Right.ERASURE, words="", by=BY, now=NOON)
            carry_out(session, case.id, by=BY, now=NOON)
        keep_tombstones(sessions, tmp_path / "tombstones.jsonl", now=NOON)
    finally:
        look_as(WHOLE)
    with sessions.read() as session:
        assert [link.phone.number for link in session.get_one(Resident, neighbour).phones] == [NUMBER]
        assert session.get_one(Resident, mine).erased_at == NOON
    assert Mark.ERASED in {one.mark for one in read_tombstones(tmp_path / "tombstones.jsonl")}


def test_what_waits_for_an_answer_is_erased_and_answered_no_more(sessions: Sessions) -> None:
    with sessions.write() as session:
        waiting = _inbound_of(session, "SM2", InboundState.PENDING)
        in_hand = _inbound_of(session, "SM3", InboundState.PROCESSING)
        fence = session.get_one(Inbound, in_hand).fence
    _carried_out(sessions, Right.ERASURE)
    with sessions.read() as session:
        for number in (waiting, in_hand):
            left = session.get_one(Inbound, number)
            assert (left.state, left.text, left.sender) == (InboundState.DONE, "", "")
        assert session.get_one(Inbound, in_hand).fence > fence


def _inbound_of(session: Session, ref: str, state: InboundState) -> int:
    inbound = Inbound(
        provider="twilio", provider_ref=ref, channel=Channel.SMS, sender=NUMBER,
        sender_index=key_ring().blind_index(NUMBER, kind="phone"), recipient="+861065", text=SECRET,
        received_at=NOON, due_at=NOON, state=state,
    )  # fmt: skip
    session.add(inbound)
    session.flush()
    return inbound.id
