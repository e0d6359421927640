"""A resident at the chat page writes there what they would have texted, and presses where there is a button."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.ledger import Ledger
from sandbox.residents.chat_page import ChatPage
from sandbox.residents.on_the_page import PageVisit, Surroundings, link_in, taps_links, without_link
from sandbox.residents.resident import Answer, Resident
from sandbox.timeline import CHINA, Timeline
from sandbox.world import Person

TEN = datetime(2026, 3, 2, 10, tzinfo=CHINA)
LINK = "http://127.0.0.1:8000/c/AbC-_19"
OFFER = f"您可能可以领高龄老人津贴。想办请回复“同意”。点开链接也能问、也能办：{LINK}"
PRESS = {"button": "apply:elderly-allowance:1", "label": "同意申请", "says": "我同意申请高龄津贴。"}
Build = Callable[..., dict[str, Any]]


@dataclass
class Reply:
    status: int = 200
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def stream(self) -> Iterator[bytes]:
        # In pieces that end in the middle of an event.
        content = self.text.encode()
        yield from (content[at : at + 50] for at in range(0, len(content), 50))
        raise AssertionError("read on past how things stand")

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Page:
    """The product's page, to one browser."""

    lets_in: bool = True
    fails: int = 0
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def request(self, method: str, url: str, *, body: bytes | None = None, **_: Any) -> Any:
        path = url.removeprefix(LINK)
        said: Any = json.loads(body) if body else None
        self.asked.append((method, path.partition("?")[0], said))
        if path == "/identity":
            self._say("您好", shown={"panels": [{"policy": "elderly-allowance", "press": PRESS}]})
            return Reply(200 if self.lets_in else 403, headers={"set-cookie": "chat=s3cret; Path=/"})
        if path == "/messages":
            if self.fails:
                self.fails -= 1
                return Reply(503)
            self.lines.append({"id": len(self.lines) + 1, "by": "me", "text": said["text"]})
            self._say("要办的话，请回复“同意”。" if said["button"] is None else "登记好了。")
        if path.startswith("/stream"):
            after = int(path.partition("=")[2])
            events = [f"id: {line['id']}\nevent: line\ndata: {json.dumps(line)}\n\n" for line in self.lines[after:]]
            return Reply(
                text="retry: 1500\n\n" + "".join(events) + 'event: standing\ndata: {"staff":false}\n\n: here\n\n'
            )
        return Reply()

    def _say(self, text: str, **more: Any) -> None:
        self.lines.append({"id": len(self.lines) + 1, "by": "us", "text": text, **more})

    def written(self) -> list[dict[str, Any]]:
        return [said for _, path, said in self.asked if path == "/messages"]


def visit(a_person: Build, page: Page, **changes: Any) -> tuple[Ledger, list[Answer]]:
    """The offer is read, and everything that follows; what was texted instead."""
    person = Person.model_validate(a_person(**changes))
    timeline, ledger = Timeline(TEN), Ledger()
    texted: list[Answer] = []
    resident = Resident.of(person)
    first = resident.receive(without_link(OFFER), TEN)
    assert first is not None
    around = Surroundings(timeline, ledger, page, 7, texted.append)  # type: ignore[arg-type]
    PageVisit(resident, person.phones[0], ChatPage(LINK, page), around).open(first)  # type: ignore[arg-type]
    timeline.advance(TEN + timedelta(days=5))
    return ledger, texted


def test_who_agrees_presses_the_button(a_person: Build) -> None:
    page = Page()
    ledger, texted = visit(a_person, page, persona="agree_own_words", seed=3)
    assert ("POST", "/identity", {"surname": "陈", "month": 4, "relation": None}) in page.asked
    first, second = page.written()[:2]
    assert first["button"] is None
    assert (second["text"], second["button"]) == (PRESS["says"], PRESS["button"])
    assert [(entry["channel"], entry["acknowledged"]) for entry in ledger.inbound] == [("chat", True)] * len(
        ledger.inbound
    )
    assert texted == []


def test_the_daughter_says_that_she_is_family(a_person: Build) -> None:
    page = Page()
    phones = [{"number": "+8613800138001", "holder": "daughter"}]
    visit(a_person, page, persona="daughter_agrees", seed=3, phones=phones)
    assert ("POST", "/identity", {"surname": "陈", "month": 4, "relation": "子女"}) in page.asked


def test_who_is_not_let_in_texts_instead(a_person: Build) -> None:
    page = Page(lets_in=False)
    ledger, texted = visit(a_person, page, persona="agree", seed=3)
    assert [answer.text.rstrip("。！") for answer in texted] == ["同意"]
    assert page.written() == ledger.inbound == []


def test_what_was_not_acknowledged_is_sent_again_under_its_id(a_person: Build) -> None:
    page = Page(fails=1)
    ledger, _ = visit(a_person, page, persona="agree", seed=3)
    first, again = page.written()[:2]
    assert first == again
    assert (ledger.inbound[0]["attempts"], ledger.inbound[0]["acknowledged"]) == (2, True)


def test_what_the_page_never_takes_is_texted_in_the_end(a_person: Build) -> None:
    ledger, texted = visit(a_person, Page(fails=3), persona="agree", seed=3)
    assert (ledger.inbound[0]["attempts"], ledger.inbound[0]["acknowledged"]) == (3, False)
    assert [answer.text.rstrip("。！") for answer in texted] == ["同意"]


def test_only_who_has_a_smartphone_and_is_the_one_meant_taps(a_person: Build) -> None:
    def taps(**changes: Any) -> int:
        people = [Person.model_validate(a_person(seed=seed, **changes)) for seed in range(60)]
        return sum(taps_links(Resident.of(person)) for person in people)

    assert 30 < taps(persona="agree", smartphone=True) < 60
    assert taps(persona="opt_out", smartphone=True) > 30
    assert taps(persona="agree", smartphone=False) == 0
    assert taps(persona="wrong_number", smartphone=True) == 0
    assert taps(persona="agree", smartphone=True, clerk="何敏") == 0


def test_a_link_is_found_and_is_not_read() -> None:
    assert link_in(OFFER) == LINK
    assert without_link(OFFER).endswith("也能办：")
    assert link_in("见 https://example.com/page") is None
