"""All residents behind their numbers: who reads a text, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Protocol

from sandbox.browser import Browser
from sandbox.carrier.exchange import Exchange
from sandbox.carrier.line import Line
from sandbox.carrier.messages import Message
from sandbox.carrier.switchboard import Answer as PickedUp
from sandbox.ledger import Ledger
from sandbox.residents import on_the_phone
from sandbox.residents.chat_page import ChatPage
from sandbox.residents.on_the_page import PageVisit, Surroundings, link_in, taps_links, without_link
from sandbox.residents.on_the_phone import Talker
from sandbox.residents.personas import Decision
from sandbox.residents.resident import Answer, Resident
from sandbox.timeline import Timeline
from sandbox.world import Person, Subscriber


class Intend(Protocol):
    """Told of each text that arrived or call that was taken: whom it reached, and the items it spoke of."""

    def __call__(self, person: Person, policies: frozenset[str], decision: Decision | None = None) -> None: ...


class Crowd:
    def __init__(
        self,
        lines: Mapping[str, Subscriber],
        timeline: Timeline,
        intend: Intend,
        *,
        ledger: Ledger,
        seed: int,
        browser: Browser,
    ) -> None:
        self._lines = lines
        self._ledger = ledger
        self._seed = seed
        self._http = browser
        self._timeline = timeline
        self._intend = intend
        self._residents = {person.id: Resident.of(person) for line in lines.values() for person in line.people}
        self._talkers: dict[str, Talker] = {}
        self._exchange: Exchange | None = None

    def use(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def read(self, message: Message) -> None:
        """A number nobody in this world holds is read by nobody."""
        line = self._lines.get(message.to)
        if line is None:
            return
        resident = self._residents[addressed(line, message.body).id]
        answer = resident.receive(without_link(message.body), self._timeline.now)
        if line.phone.holder != "stranger":
            self._intend(resident.person, frozenset(resident.heard_of))
        if answer is None:
            return
        link = link_in(message.body)
        if link and taps_links(resident):
            self._visit_page(resident, line, link, answer)
        else:
            self._timeline.schedule(answer.at, lambda: self._write(message.to, answer))

    def pick_up(self, number: str, dice: Random) -> PickedUp:
        """What becomes of a phone that rings."""
        return on_the_phone.pick_up(self._lines.get(number), self._talkers, number, dice)

    def hang_up(self, number: str, line: Line) -> bool:
        """A call is over: who means to apply in person now does. Whether a stop was spoken."""
        talker = self._talkers.get(number)
        if talker is not None and talker.decided and talker.holder != "stranger":
            self._intend(talker.person, frozenset(talker.heard_of), talker.decision)
        return on_the_phone.spoke_a_stop(talker, line)

    def close(self) -> None:
        self._http.clear()

    def _visit_page(self, resident: Resident, line: Subscriber, link: str, answer: Answer) -> None:
        number = line.phone.number
        around = Surroundings(
            self._timeline, self._ledger, self._http, self._seed, lambda instead: self._write(number, instead)
        )
        PageVisit(resident, line.phone, ChatPage(link, self._http), around).open(answer)

    def _write(self, number: str, answer: Answer) -> None:
        if self._exchange is not None:
            self._exchange.write(number, answer.text, stop=answer.stop)


def addressed(line: Subscriber, text: str) -> Person:
    """In a household with one phone the text is for whoever it names; else for the first."""
    named = [person for person in line.people if person.name in text or f"{person.name[0]}{_title(person)}" in text]
    return named[0] if named else line.people[0]


def _title(person: Person) -> str:
    return "先生" if person.gender == "男" else "女士"
