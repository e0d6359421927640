from __future__ import annotations

import pytest
from sqlalchemy import select

from models.contact import Contact
from models.vocabulary import Author, Role, StopReason
from outreach_api.conversations.words_said import remember_words
from scheduler.planning.stops import StopScope, place_stop
from tests.api.conftest import Api
from tests.builders import NOON, a_conversation, a_match, a_resident


@pytest.fixture
def talk(api: Api) -> str:
    with api.sessions.write() as session:
        resident = a_match(session, a_resident(session, name="陈秀兰")).resident
        lines = ((Author.RESIDENT, "我是陈秀兰，13800001234"), (Author.ASSISTANT, "您好"))
        return f"/conversations/{a_conversation(session, resident, *lines).id}"


def test_a_transcript_is_masked(api: Api, talk: str) -> None:
    told = api.get(talk).json()
    assert told["lines"][0]["text"] == "我是陈*，138****1234"
    assert "陈秀兰" not in api.get("/conversations").text


def test_one_person_takes_over_writes_and_hands_back(api: Api, talk: str) -> None:
    assert api.post(f"{talk}/take-over", by=Role.AGENT).json()["taken_over_by"] == api.people[Role.AGENT]
    other = api.post(f"{talk}/take-over", by=Role.SUPERVISOR)
    assert (other.status_code, other.json()["type"]) == (409, "urn:outreach:problem:in-other-hands")
    written = api.post(f"{talk}/replies", {"words": "您好，我是小李。"}, by=Role.AGENT).json()
    assert (written["lines"][-1]["author"], written["lines"][-1]["text"]) == ("staff", "您好，我是小李。")
    assert api.post(f"{talk}/hand-back", by=Role.AGENT).json()["taken_over_by"] is None


def test_who_asked_for_silence_is_not_written_to(api: Api, talk: str) -> None:
    number = int(talk.rsplit("/", 1)[1])
    with api.sessions.write() as session:
        from models.conversation import Conversation

        found = session.get_one(Conversation, number)
        scope = StopScope(found.resident_id, found.phone_id)
        place_stop(session, StopReason.OPT_OUT, scope, placed_by="exact_word", message_id=None, now=NOON)
    answer = api.post(f"{talk}/replies", {"words": "您好"}, by=Role.AGENT)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:outreach:problem:may-not-write")
    with api.sessions.read() as session:
        assert session.scalars(select(Contact).where(Contact.conversation_id == number)).all() == []
    assert api.get(talk).json()["taken_over_by"] is None


def test_the_newest_come_first_and_each_once(api: Api, talk: str) -> None:
    with api.sessions.write() as session:
        for _ in range(4):
            a_conversation(session, a_resident(session))
    seen: list[int] = []
    page = api.get("/conversations?limit=2").json()
    seen += [item["id"] for item in page["items"]]
    while page["next"]:
        page = api.get(f"/conversations?limit=2&after={page['next']}").json()
        seen += [item["id"] for item in page["items"]]
    assert len(seen) == len(set(seen)) >= 5


@pytest.mark.parametrize("path", ["/conversations/99999", "/queue/99999"])
def test_what_is_not_there(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_conversations_are_found_by_words_as_they_stand_masked(api: Api) -> None:
    with api.sessions.write() as session:
        resident = a_resident(session, name="陈秀兰")
        found = a_conversation(session, resident, (Author.RESIDENT, "我是陈秀兰，要带户口簿吗")).id
        remember_words(session, found, "我是陈秀兰，要带户口簿吗")
    (row,) = api.post("/conversations/search", {"words": "户口簿"}, by=Role.AGENT).json()["items"]
    assert (row["id"], row["name"], row["snippet"]) == (found, "陈*", "我是陈*，要带户口簿吗")
    assert api.post("/conversations/search", {"words": "陈秀兰"}, by=Role.AGENT).json()["items"] == []
    assert api.post("/conversations/search", {"words": "户"}, by=Role.AGENT).status_code == 422
    assert api.post("/conversations/search", {"words": "户口簿", "after": "zzz"}, by=Role.AGENT).status_code == 422


def test_flagged_ones_can_be_listed(api: Api, talk: str) -> None:
    api.post(f"{talk}/marks", {"flag": "wrong_answer"}, by=Role.AGENT)
    listed = api.get("/conversations?among=flagged", by=Role.AGENT).json()["items"]
    assert [f"/conversations/{one['id']}" for one in listed] == [talk]
