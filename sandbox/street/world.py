"""What the sandbox server must know about the people who may be texted: phones, intentions, seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from random import Random
from typing import Any

from sandbox.street.benefits import ALLOWANCE, HEALTH_CHECK, LIVING_SUBSIDY, Benefits
from sandbox.street.firms import STARTUP, Firms
from sandbox.street.people import Resident

TEAMS = {"count": 2, "visits_per_day": 4}

# Shares of 168, near the reported case: 42 went to the hall, 17 applied online, 109 were left for a visit.
_ALLOWANCE_SHARES: dict[str, int] = {
    "go_to_hall": 27, "ask_then_hall": 9, "doubt_then_hall": 4,
    "apply_online": 9, "daughter_online": 4, "ask_then_online": 4,
    "silent": 57, "no_phone_skill": 10, "unreachable": 11, "needs_visit": 7, "busy_then_silent": 4, "greeting_only": 2,
    "agree": 3, "agree_own_words": 2, "daughter_agrees": 3, "call_later": 1,
    "opt_out": 2, "opt_out_own_words": 1, "wrong_number": 3, "deceased": 1, "moved": 1, "declined": 2, "already": 1,
}  # fmt: skip
_CHECK_SHARES: dict[str, int] = {
    "go_to_hall": 20, "ask_then_hall": 10, "doubt_then_hall": 4, "agree": 5, "agree_own_words": 4, "daughter_agrees": 4,
    "silent": 28, "no_phone_skill": 2, "unreachable": 4, "needs_visit": 2, "busy_then_silent": 2, "greeting_only": 1,
    "call_later": 2, "opt_out": 2, "opt_out_own_words": 1, "wrong_number": 2, "deceased": 1, "moved": 1, "declined": 3,
    "already": 2,
}  # fmt: skip
_SUBSIDY_SHARES: dict[str, int] = {
    "go_to_hall": 14, "ask_then_hall": 10, "doubt_then_hall": 4, "apply_online": 10, "ask_then_online": 6,
    "daughter_online": 4, "agree": 6, "agree_own_words": 6, "daughter_agrees": 5, "silent": 18, "needs_visit": 8,
    "unreachable": 3, "call_later": 1, "opt_out": 1, "wrong_number": 1, "declined": 2, "already": 1,
}  # fmt: skip
# What the clerks of the six firms do.
_FIRM_PERSONAS = ("go_to_hall", "apply_online", "ask_then_online", "left_post", "declined", "opt_out")
_SHARES = {ALLOWANCE: _ALLOWANCE_SHARES, LIVING_SUBSIDY: _SUBSIDY_SHARES, HEALTH_CHECK: _CHECK_SHARES}


def describe_world(
    benefits: Benefits, firms: Firms, other_phones: Mapping[int, str], *, seed: int, start: date
) -> dict[str, Any]:
    people: dict[int, dict[str, Any]] = {}
    for policy, shares in _SHARES.items():
        rng = Random(f"{seed}:world:{policy}")
        missed = sorted(benefits.missed[policy], key=lambda person: person.key)
        for person, persona in zip(missed, _allot(rng, shares, missed), strict=True):
            entry = people.setdefault(person.key, _person(rng, person, persona, other_phones, seed, start))
            entry["policies"].append(policy)
    return {
        "format": 1,
        "seed": seed,
        "start": start.isoformat(),
        "teams": TEAMS,
        "people": [*(people[key] for key in sorted(people)), *_clerks(firms, seed)],
    }


def _allot(rng: Random, shares: Mapping[str, int], missed: list[Resident]) -> list[str]:
    """Personas in proportion, dealt at random; whoever has only a landline or no phone can't be reached by text."""
    total, wanted = sum(shares.values()), len(missed)
    deck: list[str] = []
    running = 0
    for persona, share in shares.items():
        running += share
        deck.extend([persona] * (round(running * wanted / total) - len(deck)))
    rng.shuffle(deck)
    for position, person in enumerate(missed):
        if person.phone is None or person.phone.startswith("0"):
            _swap_for(deck, position, "unreachable")
    return deck


def _swap_for(deck: list[str], position: int, persona: str) -> None:
    """Take the persona from a later card where there is one, so that the proportions stay."""
    if deck[position] != persona and persona in deck[position + 1 :]:
        other = deck.index(persona, position + 1)
        deck[other] = deck[position]
    deck[position] = persona


def _person(
    rng: Random, person: Resident, persona: str, other_phones: Mapping[int, str], seed: int, start: date
) -> dict[str, Any]:
    family = persona.startswith("daughter")
    return {
        "id": f"R{person.key:06}",
        "name": person.name,
        "gender": person.gender,
        "id_number": person.id_number,
        "birth_month": f"{person.born_on:%Y-%m}",
        "age": person.age_on(start),
        "community": person.building.community,
        "address": person.address,
        "phones": [_phone(rng, number, persona) for number in (person.phone, other_phones.get(person.key)) if number],
        "smartphone": family or rng.random() < 0.3,
        "persona": persona,
        "policies": [],
        "seed": int.from_bytes(hashlib.sha256(f"{seed}:{person.key}".encode()).digest()[:6], "big"),
    }


def _clerks(firms: Firms, seed: int) -> Iterator[dict[str, Any]]:
    """The firms that are missed, each as whoever answers its number."""
    rng = Random(f"{seed}:world:firms")
    personas = rng.sample(_FIRM_PERSONAS, len(_FIRM_PERSONAS))
    for firm, persona in zip(firms.missed, personas, strict=True):
        yield {
            "id": f"E{firm.serial:04}",
            "name": firm.name,
            "clerk": firm.clerk,
            "gender": "女",
            "id_number": firm.credit_code,
            "birth_month": "",
            "age": 0,
            "community": firm.community,
            "address": firm.address,
            "phones": [{"number": f"+86{firm.phone}", "line": "mobile", "holder": "self"}],
            "smartphone": True,
            "persona": persona,
            "policies": [STARTUP],
            "seed": int.from_bytes(hashlib.sha256(f"{seed}:firm:{firm.serial}".encode()).digest()[:6], "big"),
        }


def _phone(rng: Random, number: str, persona: str) -> dict[str, str]:
    if number.startswith("0"):
        return {"number": f"+86{number[1:]}", "line": "landline", "holder": "self"}
    line = "mobile"
    if persona == "unreachable":
        line = rng.choice(("switched_off", "unknown", "filtered"))
    holder = "stranger" if persona == "wrong_number" else "daughter" if persona.startswith("daughter") else "self"
    return {"number": f"+86{number}", "line": line, "holder": holder}
