"""Deciding for many residents in turn, so that what is decided for one counts for the next; nothing is written here.

The planner and the preview of a campaign's audience both decide by this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.asking import ask
from models.resident import ResidentPhone
from models.vocabulary import Refusal
from scheduler.planning.budget import Spent, budget_refusal
from scheduler.planning.decision import Bench, HomeHelp, PlannedContact, Verdict, decide
from scheduler.planning.refusals import Refused
from scheduler.planning.situation import ResidentSituation
from scheduler.planning.spending import Spending


@dataclass
class Decisions:
    contacts: list[tuple[int, PlannedContact]] = field(default_factory=list)
    """The resident each contact is addressed to, and the contact. On a shared phone it may speak of others' matches."""
    home_help: list[HomeHelp] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def decide_in_turn(
    people: Iterable[ResidentSituation], bench: Bench, counted: Spending, fits: Callable[[PlannedContact], bool]
) -> Decisions:
    """Decide for each of these residents.

    `counted` is what they spent so far, and grows by what is decided; `fits` says whether the campaign's day has room.
    Several residents behind one phone get one contact for all of them: it names nobody and no benefit, so that who
    answers can say who they are.
    """
    decisions = Decisions()
    for person in people:
        verdict = decide(person, bench, partial(_spent_on, counted, person.resident_id))
        if verdict.contact is not None and not fits(verdict.contact):
            verdict.refused += [(match.match_id, Refusal.CAMPAIGN_CAP) for match in verdict.contact.matches]
        elif verdict.contact is not None:
            _take(decisions, person, verdict.contact, counted)
        elif verdict.over_budget is not None:
            _join(decisions, person, verdict, bench, counted)
        decisions.home_help += verdict.home_help
        decisions.refused += [Refused(match_id, person.resident_id, reason) for match_id, reason in verdict.refused]
    return decisions


def beside_their_housemates(session: Session, resident_ids: Sequence[int]) -> list[int]:
    """The residents in the same order, but those who share a phone next to each other."""
    behind: dict[int, list[int]] = {}
    phones: dict[int, list[int]] = {}
    for phone_id, resident_id in ask(session, _behind_shared_phones()):
        behind.setdefault(phone_id, []).append(resident_id)
        phones.setdefault(resident_id, []).append(phone_id)
    wanted = set(resident_ids)
    return list(dict.fromkeys(_households(resident_ids, phones, behind, wanted)))


@cache
def _behind_shared_phones() -> Select[int, int]:
    shared = select(ResidentPhone.phone_id).group_by(ResidentPhone.phone_id).having(func.count() > 1)
    return (
        select(ResidentPhone.phone_id, ResidentPhone.resident_id)
        .where(ResidentPhone.phone_id.in_(shared))
        .order_by(ResidentPhone.id)
    )


def _households(
    resident_ids: Sequence[int], phones: dict[int, list[int]], behind: dict[int, list[int]], wanted: Collection[int]
) -> Iterator[int]:
    for resident_id in resident_ids:
        yield resident_id
        for phone_id in phones.get(resident_id, ()):
            yield from (mate for mate in behind[phone_id] if mate in wanted)


def _spent_on(counted: Spending, resident_id: int, phone_id: int) -> list[Spent]:
    return counted.of(resident_id=resident_id, phone_id=phone_id)


def _take(decisions: Decisions, person: ResidentSituation, contact: PlannedContact, counted: Spending) -> None:
    decisions.contacts.append((person.resident_id, contact))
    spent = Spent(contact.channel, contact.due_at)
    key = _key(len(decisions.contacts) - 1)
    counted.add(key, spent, resident_id=person.resident_id, phone_id=contact.phone.phone_id)


def _join(decisions: Decisions, person: ResidentSituation, verdict: Verdict, bench: Bench, counted: Spending) -> None:
    """Let a housemate's contact speak of this resident's matches too, where their own budget has room for it."""
    wanted = verdict.over_budget
    if wanted is None or not wanted.phone.shared:
        return
    place = next((at for at, (_, planned) in enumerate(decisions.contacts) if _is_same_message(planned, wanted)), None)
    if place is None:
        return
    key = _key(place)
    spent = counted.of(resident_id=person.resident_id, phone_id=wanted.phone.phone_id, but_for=key)
    if budget_refusal(spent, wanted.channel, bench.rules.budget, at=wanted.due_at) is not None:
        return
    addressee, planned = decisions.contacts[place]
    decisions.contacts[place] = (addressee, replace(planned, matches=(*planned.matches, *wanted.matches)))
    counted.add(
        key,
        Spent(planned.channel, planned.due_at),
        resident_id=person.resident_id,
        phone_id=planned.phone.phone_id,
    )
    joined = {match.match_id for match in wanted.matches}
    verdict.refused = [(match_id, reason) for match_id, reason in verdict.refused if match_id not in joined]


def _is_same_message(planned: PlannedContact, wanted: PlannedContact) -> bool:
    """A firm's text asks for another answer than a person's, so that one of theirs waits for another day."""
    return (
        planned.phone.phone_id,
        planned.audience,
        planned.channel,
        planned.purpose,
        planned.step,
        planned.due_at,
    ) == (
        wanted.phone.phone_id,
        wanted.audience,
        wanted.channel,
        wanted.purpose,
        wanted.step,
        wanted.due_at,
    )


def _key(place: int) -> int:
    """Planned contacts have no id yet; ids of rows are never negative."""
    return -1 - place
