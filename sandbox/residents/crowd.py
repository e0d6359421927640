"""All residents behind their numbers: who reads a text, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.carrier.exchange import Exchange
from sandbox.carrier.messages import Message
from sandbox.residents.resident import Resident
from sandbox.timeline import Timeline
from sandbox.world import Person, Subscriber

Intend = Callable[[Person, frozenset[str]], None]
"""Told of each text that arrived: the person it reached and the items it spoke of."""


class Crowd:
    def __init__(self, lines: Mapping[str, Subscriber], timeline: Timeline, intend: Intend) -> None:
        self._lines = lines
        self._timeline = timeline
        self._intend = intend
        self._residents = {person.id: Resident.of(person) for line in lines.values() for person in line.people}
        self._exchange: Exchange | None = None

    def use(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def read(self, message: Message) -> None:
        """A number nobody in this world holds is read by nobody."""
        line = self._lines.get(message.to)
        if line is None:
            return
        resident = self._residents[addressed(line, message.body).id]
        answer = resident.receive(message.body, self._timeline.now)
        if line.phone.holder != "stranger":
            self._intend(resident.person, frozenset(resident.heard_of))
        if answer is None:
            return
        self._timeline.schedule(answer.at, lambda: self._write(message.to, answer.text, stop=answer.stop))

    def _write(self, number: str, text: str, *, stop: bool) -> None:
        if self._exchange is not None:
            self._exchange.write(number, text, stop=stop)


def addressed(line: Subscriber, text: str) -> Person:
    """In a household with one phone the text is for whoever it names; else for the first."""
    named = [person for person in line.people if person.name in text or f"{person.name[0]}{_title(person)}" in text]
    return named[0] if named else line.people[0]


def _title(person: Person) -> str:
    return "先生" if person.gender == "男" else "女士"
