"""A resident is found by what they are known by, seen as a whole, and kept right with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from models.case import Case
from models.contact import RefusedContact
from models.conversation import Consent, ContactStop
from models.event import AuditEntry
from models.resident import Phone, Resident
from models.vocabulary import Author, MatchState, PhoneState, Refusal, Role, StopReason
from outreach_api.residents.find import find_residents
from outreach_api.residents.keeping import Keeping, KeepingRefused, keep
from scheduler.planning.stops import StopScope, place_stop
from scheduler.rules.evaluate import evaluate
from tests.builders import (
    NOON,
    a_case,
    a_contact,
    a_conversation,
    a_ledger_entry,
    a_match,
    a_resident,
)
from tests.web.conftest import FakeHouse, TestClient, cards, form_token

PICTURES = os.environ.get("OUTREACH_SCREENSHOTS")
SignedIn = Callable[[Role], TestClient]
NAME, NUMBER, CARD = "梁惠芳", "13800005678", "440303194811027748"


def a_life(house: FakeHouse) -> int:
    """A resident with something of everything."""
    with house.sessions.write() as session:
        who = a_resident(
            session,
            name=NAME,
            phone=f"+86{NUMBER}",
            id_number=CARD,
            birth_date=date(1948, 11, 2),
            focus_groups=["高龄"],
        )
        match = a_match(session, who, state=MatchState.IN_OUTREACH)
        facts = {"age_years": 77, "hukou": "shenzhen"}
        a_ledger_entry(session, match, evaluate(cards()["elderly-allowance"].rule, facts).model_dump(mode="json"))
        talk = a_conversation(session, who, (Author.RESIDENT, f"同意，我叫{NAME}"))
        a_contact(session, match)
        a_case(session, match, conversation_id=talk.id)
        row = {"match_id": match.id, "resident_id": who.id, "reason": Refusal.DAILY_CAP}
        session.add(RefusedContact(on=NOON.date(), at=NOON, **row))
        place_stop(
            session,
            StopReason.WRONG_NUMBER,
            StopScope(who.id, who.phones[0].phone_id),
            placed_by="exact_word",
            message_id=None,
            now=NOON,
        )
        session.add(
            Consent(
                resident_id=who.id,
                match_id=match.id,
                policy_id=match.policy_id,
                policy_version="1",
                message_id=talk.messages[0].id,
                text=f"同意，我叫{NAME}",
                given_at=NOON,
            )
        )
        return who.id


@pytest.mark.parametrize("known_by", [NAME, NUMBER, "+86 138-0000-5678", CARD, f" {NAME} "])
def test_found_by_what_they_are_known_by_and_on_the_record(house: FakeHouse, known_by: str) -> None:
    who = a_life(house)
    with house.sessions.write() as session:
        a_resident(session, name="别人")
        assert [one.id for one in find_residents(session, known_by, by="staff:1", now=NOON)] == [who]
    with house.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "resident.search")).one()
        assert entry.facts["found"] == [who]
        assert NUMBER not in str(entry.facts)


@pytest.mark.parametrize("known_by", ["梁", "1380000", "", "4403"])
def test_half_of_it_finds_nobody(house: FakeHouse, known_by: str) -> None:
    a_life(house)
    with house.sessions.write() as session:
        assert find_residents(session, known_by, by="staff:1", now=NOON) == []


def test_what_is_kept_right_needs_a_reason_and_is_about_this_resident(house: FakeHouse) -> None:
    who = a_life(house)
    with house.sessions.write() as session:
        other = a_resident(session).phones[0].phone_id
        phone = session.get_one(Resident, who).phones[0].phone_id
        for what, about, because in ((Keeping.QUARANTINE, phone, " "), (Keeping.QUARANTINE, other, "打不通")):
            with pytest.raises(KeepingRefused):
                keep(session, who, what, about, because=because, by="staff:1", now=NOON)
        keep(session, who, Keeping.QUARANTINE, phone, because="是单位电话", by="staff:1", now=NOON)
        assert session.get_one(Phone, phone).state is PhoneState.QUARANTINED
        stop = session.scalars(select(ContactStop)).one()
        keep(session, who, Keeping.RELEASE_STOP, stop.id, because="本人来电恢复", by="staff:1", now=NOON)
        assert stop.released_at == NOON
        consent = session.scalars(select(Consent)).one()
        keep(session, who, Keeping.WITHDRAW_CONSENT, consent.id, because="家人说不办了", by="staff:1", now=NOON)
        assert consent.withdrawn_at == NOON
        assert session.scalars(select(Case).where(Case.kind == "human")).one().match_id == consent.match_id
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.purpose.is_not(None))).all()
        assert actions == ["resident.quarantine", "resident.release_stop", "resident.withdraw_consent"]


def test_the_page_is_masked_until_a_purpose_is_given(house: FakeHouse, signed_in: SignedIn) -> None:
    who = a_life(house)
    client = signed_in(Role.AGENT)
    page = client.get(f"/residents/{who}").text
    for secret in (NAME, NUMBER, CARD):
        assert secret not in page
    assert "没有联系：今天已联系过" in page
    token = form_token(page)
    path = f"/residents/{who}/reveal"
    refused = client.post(path, data={"csrf": token, "detail": "id_number", "purpose": ""})
    assert refused.headers["location"].endswith("said_purpose_missing")
    assert CARD in client.post(path, data={"csrf": token, "detail": "id_number", "purpose": "核对身份"}).text
    with house.sessions.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "reveal.id_number")).one()
        assert (entry.subject, entry.purpose) == (f"resident:{who}", "核对身份")
    assert client.get("/residents/99").status_code == 404


def test_two_records_of_one_person_are_looked_at_side_by_side_and_merged(house: FakeHouse, signed_in: SignedIn) -> None:
    who = a_life(house)
    with house.sessions.write() as session:
        stays = a_resident(session, name=NAME).id
    client = signed_in(Role.SUPERVISOR)
    page = client.get(f"/residents/{stays}/merge?other={who}").text
    assert NAME not in page
    assert page.count("梁*") >= 2
    form = {"csrf": form_token(page), "other": str(who), "because": "身份证号更正"}
    seen = page.split('name="seen" value="')[1].split('"')[0]
    path = f"/residents/{stays}/merge"
    assert client.post(path, data=form | {"seen": "x"}).headers["location"].endswith("said_not_merged")
    assert client.post(path, data=form | {"seen": seen, "because": " "}).headers["location"].endswith("why_missing")
    done = client.post(path, data=form | {"seen": seen})
    assert "已合并" in client.get(done.headers["location"]).text
    assert client.get(f"/residents/{who}").headers["location"] == f"/residents/{stays}"
    assert "没有合并" in client.get(f"/residents/{stays}/merge?other={who}").text
