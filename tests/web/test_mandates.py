"""Mandates on the page of a conversation: given after a check, taken back at once, and all of it on record."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from models.event import AuditEntry
from models.resident import Mandate
from models.vocabulary import Author, Role
from tests.builders import a_conversation, a_match, a_resident
from tests.web.conftest import FakeHouse, TestClient, form_token

SignedIn = Callable[[Role], TestClient]
PAGE = "/conversations/1"
FORM = {"relation": "女儿", "name": "李小梅", "phone": "139 0000 0077", "policy": "elderly-allowance"}


def _give(client: TestClient, **changed: str) -> str:
    token = form_token(client.get(PAGE).text)
    return str(client.post(f"{PAGE}/mandates", data={"csrf": token} | FORM | changed).headers.get("location", ""))


def _with_a_talk(house: FakeHouse) -> None:
    with house.sessions.write() as session:
        resident = a_resident(session)
        a_match(session, resident, policy_id="elderly-allowance")
        a_conversation(session, resident, (Author.RESIDENT, "我是她女儿"))


def _mandates(house: FakeHouse) -> list[Mandate]:
    with house.sessions.read() as session:
        found = list(session.scalars(select(Mandate)))
        session.expunge_all()
        return found


def test_a_person_gives_it_and_takes_it_back(house: FakeHouse, signed_in: SignedIn) -> None:
    _with_a_talk(house)
    client = signed_in(Role.AGENT)
    assert _give(client) == PAGE
    (mandate,) = _mandates(house)
    assert (mandate.relation, mandate.proof.startswith("checked:staff:")) == ("女儿", True)
    page = client.get(PAGE).text
    assert "有效" in page
    assert "李小梅" not in page
    assert "13900000077" not in page
    client.post(f"{PAGE}/mandates/{mandate.id}/revoke", data={"csrf": form_token(page)})
    assert "已取消" in client.get(PAGE).text
    with house.sessions.read() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("mandate"))).all()
    assert actions == ["mandate.grant", "mandate.revoke"]


def test_what_is_no_number_or_no_match_gives_nothing(house: FakeHouse, signed_in: SignedIn) -> None:
    _with_a_talk(house)
    client = signed_in(Role.AGENT)
    assert _give(client, phone="12345").endswith("said_phone_wrong")
    assert "电话号码不对" in client.get(f"{PAGE}?said=said_phone_wrong").text
    _give(client, policy="public-rental-housing")
    _give(client, relation="路人")
    assert _mandates(house) == []


def test_who_only_reads_is_offered_no_form(house: FakeHouse, signed_in: SignedIn) -> None:
    _with_a_talk(house)
    assert "m-phone" not in signed_in(Role.AUDITOR).get(PAGE).text
