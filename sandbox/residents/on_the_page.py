"""A resident, or the daughter who has the phone, at the chat page that a text led to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from urllib3.exceptions import HTTPError

from sandbox.browser import Browser
from sandbox.ledger import Entry, Ledger
from sandbox.residents.chat_page import ChatPage, Line
from sandbox.residents.personas import Decision, persona_of
from sandbox.residents.resident import Answer, Resident
from sandbox.timeline import Timeline, stamp
from sandbox.world import Phone

TAPS_LINKS = 0.75
"""Share of those with a smartphone who open a link rather than answer by text."""
READS_AFTER = timedelta(seconds=30)
TRIES_AGAIN_AFTER = timedelta(seconds=15)
MOST_TRIES = 3
DAUGHTER = "子女"
_LINK = re.compile(r"https?://[\x21-\x7e]+/c/[\w-]+", re.ASCII)


def link_in(text: str) -> str | None:
    found = _LINK.search(text)
    return found[0] if found else None


def without_link(text: str) -> str:
    """What is left to be read: an address says nothing."""
    return _LINK.sub("", text)


def taps_links(resident: Resident) -> bool:
    """Whether this one opens links; who is somebody else than the text thinks, or never answers, does not."""
    person, persona = resident.person, persona_of(resident.person)
    if not person.smartphone or person.is_firm or (persona.decision is Decision.SILENT and not persona.stops):
        return False
    return Random(f"{person.seed}:links").random() < TAPS_LINKS


@dataclass(frozen=True)
class Surroundings:
    """What a visit to the page needs of the world."""

    timeline: Timeline
    ledger: Ledger
    http: Browser
    seed: int
    text_instead: Callable[[Answer], None]
    """For who is not let in."""


@dataclass
class PageVisit:
    """What would have been written as texts is written here, and where there is a button to agree, it is pressed."""

    resident: Resident
    phone: Phone
    page: ChatPage
    around: Surroundings
    presses: dict[str, dict[str, str]] = field(default_factory=dict)
    """By policy, of the panels seen."""

    def open(self, answer: Answer) -> None:
        """Go there at the time of the answer that the text moved them to."""
        self.around.timeline.schedule(answer.at, lambda: self._come(answer))

    def _come(self, answer: Answer) -> None:
        person = self.resident.person
        relation = DAUGHTER if self.phone.holder == "daughter" else None
        try:
            let_in = self.page.enter(person.name[0], int(person.birth_month.split("-")[1]), relation)
        except HTTPError:
            let_in = False
        if not let_in:
            self.around.text_instead(answer)
            return
        self._look(self.page.read())
        self._write(answer)

    def _look(self, lines: list[Line]) -> str:
        """Take the panels in; what is said after one's own last line."""
        said: list[str] = []
        for line in lines:
            said = [] if line["by"] == "me" else [*said, line["text"]]
            for panel in line.get("shown", {}).get("panels", ()):
                self.presses[panel["policy"]] = panel["press"]
        return "\n".join(said)

    def _write(self, answer: Answer) -> None:
        press = self._press() if answer.agrees else None
        words = press["says"] if press else answer.text
        now, number = self.around.timeline.now, self.phone.number
        name = f"{self.around.seed}:chat:{number}:{self.resident.written}"
        entry: Entry = {
            "at": stamp(now),
            "channel": "chat",
            "sid": hashlib.sha256(name.encode()).hexdigest()[:32],
            "from": number,
            "to": "chat",
            "body": words,
            "button": press["button"] if press else None,
            "stop": answer.stop,
            "attempts": 0,
            "acknowledged": False,
        }
        self.around.ledger.inbound.append(entry)
        self._send(entry, answer)

    def _send(self, entry: Entry, answer: Answer) -> None:
        """Where the page takes nothing for a while, they text instead."""
        entry["attempts"] += 1
        entry["acknowledged"] = self.page.write(entry["sid"], entry["body"], entry["button"]) == 200
        timeline = self.around.timeline
        if entry["acknowledged"]:
            timeline.schedule(timeline.now + READS_AFTER, self._read_on)
        elif entry["attempts"] < MOST_TRIES:
            timeline.schedule(timeline.now + TRIES_AGAIN_AFTER, lambda: self._send(entry, answer))
        else:
            self.around.text_instead(answer)

    def _press(self) -> dict[str, str] | None:
        """The button of an item of one's own."""
        mine: list[dict[str, Any]] = [
            self.presses[each] for each in self.resident.person.policies if self.presses.get(each)
        ]
        return mine[0] if mine else None

    def _read_on(self) -> None:
        text = self._look(self.page.read())
        answer = self.resident.receive(text, self.around.timeline.now) if text else None
        if answer is not None:
            self.around.timeline.schedule(answer.at, lambda: self._write(answer))
