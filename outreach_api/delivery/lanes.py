"""Whose turn it is: due contacts picked campaign by campaign, so that a long queue delays nobody else's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from itertools import islice
from typing import NamedTuple

from sqlalchemy import BindParameter, Integer, Select, bindparam, literal, select, union_all
from sqlalchemy.orm import Session

from models.asking import AnyColumns, AnyUnion, ask
from models.contact import Campaign, Contact
from models.vocabulary import CampaignKind, Channel, ContactPurpose, ContactState
from scheduler.planning.pauses import Pauses, standing_pauses

ANSWERS = frozenset({ContactPurpose.REPLY, ContactPurpose.ACKNOWLEDGEMENT})
# In each turn an urgent notice sends so many for every one of an ordinary campaign.
SEATS_A_TURN = {CampaignKind.ORDINARY: 1, CampaignKind.URGENT: 4}


class Candidate(NamedTuple):
    contact_id: int
    resident_id: int | None
    phone_id: int
    channel: Channel


@dataclass(frozen=True)
class Lane:
    """The queue of one campaign; `campaign_id` None is that of contacts outside any campaign."""

    campaign_id: int | None
    seats: int = 1


def due_answers(session: Session, channels: Collection[Channel], *, now: datetime, limit: int) -> list[Candidate]:
    """Answers that are due, oldest first: somebody is waiting for each."""
    answers = _answers(tuple(sorted(channels)))
    return [Candidate(*row) for row in ask(session, answers, now=now, most=limit)]


def due_in_turns(session: Session, channels: Collection[Channel], *, now: datetime, limit: int) -> list[Candidate]:
    """Up to `limit` due contacts that are no answers: of each campaign its oldest, in turns; nothing that is paused.

    One query looks into every lane no further than `limit`: what it costs does not grow with the queues.
    """
    lanes = open_lanes(session, standing_pauses(session))
    if not lanes or limit <= 0:
        return []
    heads = _heads(tuple(lane.campaign_id for lane in lanes), tuple(sorted(channels)))
    queues: list[list[Candidate]] = [[] for _ in lanes]
    for number, *columns in ask(session, heads, now=now, most=limit):
        queues[number].append(Candidate(*columns))
    filled = [(lane.seats, queue) for lane, queue in zip(lanes, queues, strict=True) if queue]
    return list(islice(in_turns(_from_another_start(filled, now, limit)), limit))


def open_lanes(session: Session, pauses: Pauses) -> list[Lane]:
    """The lanes that nothing holds back, in the order of a turn: urgent ones, then by priority."""
    if pauses.everything is not None:
        return []
    rows = ask(session, _campaigns()).all()
    running = [row for row in rows if not pauses.hold(policy_id=row.policy_id, campaign_id=row.id)]
    in_order = sorted(running, key=lambda row: (row.kind is not CampaignKind.URGENT, row.priority, row.id))
    return [*(Lane(row.id, SEATS_A_TURN[row.kind]) for row in in_order), Lane(None)]


def in_turns(queues: Sequence[tuple[int, Sequence[Candidate]]]) -> Iterator[Candidate]:
    """One after the other from each queue, as many as its seats, until all are empty."""
    left = [(seats, iter(queue)) for seats, queue in queues]
    while left:
        going_on = []
        for seats, queue in left:
            taken = list(islice(queue, seats))
            yield from taken
            if len(taken) == seats:
                going_on.append((seats, queue))
        left = going_on


def _from_another_start(
    queues: list[tuple[int, list[Candidate]]], now: datetime, limit: int
) -> list[tuple[int, list[Candidate]]]:
    """Where not every campaign gets a seat, another one begins each time, so that none is left out for long."""
    if sum(seats for seats, _ in queues) <= limit:
        return queues
    start = int(now.timestamp() * 1000) % len(queues)
    return queues[start:] + queues[:start]


@cache
def _campaigns() -> Select[int, CampaignKind, str, int]:
    return select(Campaign.id, Campaign.kind, Campaign.policy_id, Campaign.priority)


@lru_cache(maxsize=64)
def _answers(channels: tuple[Channel, ...]) -> AnyColumns:
    now, most = bindparam("now", type_=Contact.due_at.type), bindparam("most", type_=Integer)
    answers = _due(channels, now).where(Contact.purpose.in_(ANSWERS)).order_by(Contact.due_at, Contact.id)
    return answers.limit(most)


@lru_cache(maxsize=64)
def _heads(campaign_ids: tuple[int | None, ...], channels: tuple[Channel, ...]) -> AnyUnion:
    """The query over these lanes. It is kept: to put it together takes longer than to answer it."""
    return union_all(*(_head(campaign_id, number, channels) for number, campaign_id in enumerate(campaign_ids)))


def _head(campaign_id: int | None, number: int, channels: Collection[Channel]) -> AnyColumns:
    now, most = bindparam("now", type_=Contact.due_at.type), bindparam("most", type_=Integer)
    due = _due(channels, now).where(
        Contact.campaign_id.is_(None) if campaign_id is None else Contact.campaign_id == campaign_id,
        Contact.purpose.not_in(ANSWERS),
    )
    head = due.order_by(Contact.due_at, Contact.id).limit(most).subquery()
    return select(literal(number).label("lane"), *head.c)


def _due(channels: Collection[Channel], now: BindParameter[datetime]) -> Select[int, int | None, int, Channel]:
    return select(Contact.id, Contact.resident_id, Contact.phone_id, Contact.channel).where(
        Contact.state == ContactState.PLANNED, Contact.due_at <= now, Contact.channel.in_(channels)
    )
