"""What kinds of people there are: how they open, what they have decided, and when they act on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sandbox.world import Person


class Decision(StrEnum):
    """What someone does in the end, whatever is said on the way."""

    AGREE = "agree"
    HALL = "hall"
    ONLINE = "online"
    VISIT = "visit"
    DECLINE = "decline"
    LATER = "later"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Persona:
    """`opening` is said turn by turn before the decision, then as many `questions` as drawn from the range."""

    decision: Decision
    opening: tuple[str, ...] = ()
    questions: tuple[int, int] = (0, 0)
    stops: bool = False


PERSONAS: dict[str, Persona] = {
    "agree": Persona(Decision.AGREE),
    "agree_own_words": Persona(Decision.AGREE, ("want",)),
    "daughter_agrees": Persona(Decision.AGREE, ("family",), questions=(0, 2)),
    "call_later": Persona(Decision.LATER, ("call_later",)),
    "go_to_hall": Persona(Decision.HALL),
    "ask_then_hall": Persona(Decision.HALL, questions=(1, 3)),
    "doubt_then_hall": Persona(Decision.HALL, ("doubt", "doubt_again")),
    "apply_online": Persona(Decision.ONLINE),
    "ask_then_online": Persona(Decision.ONLINE, questions=(1, 3)),
    "daughter_online": Persona(Decision.ONLINE, ("family",), questions=(0, 1)),
    "silent": Persona(Decision.SILENT),
    "unreachable": Persona(Decision.SILENT),
    "greeting_only": Persona(Decision.SILENT, ("greeting",)),
    "busy_then_silent": Persona(Decision.SILENT, ("busy",)),
    "no_phone_skill": Persona(Decision.VISIT, ("cannot_use_phone",)),
    "needs_visit": Persona(Decision.VISIT, ("needs_visit",)),
    "opt_out": Persona(Decision.SILENT, ("opt_out_exact",), stops=True),
    "opt_out_own_words": Persona(Decision.SILENT, ("opt_out_words",), stops=True),
    "wrong_number": Persona(Decision.SILENT, ("wrong_number",)),
    "left_post": Persona(Decision.SILENT, ("left_post",)),
    "deceased": Persona(Decision.SILENT, ("deceased",)),
    "moved": Persona(Decision.SILENT, ("moved",)),
    "declined": Persona(Decision.DECLINE, ("declined",)),
    "already": Persona(Decision.DECLINE, ("already",)),
}

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "elderly-allowance": (
        "ask_amount", "ask_documents", "ask_where", "ask_how", "ask_eligibility", "ask_payment_date",
        "ask_deadline", "ask_proxy",
    ),
    "elderly-health-check": ("ask_check_items", "ask_check_where", "ask_documents", "ask_deadline"),
    "startup-subsidy": ("ask_amount", "ask_documents", "ask_where", "ask_how", "ask_deadline"),
    "disabled-living-subsidy": (
        "ask_amount", "ask_stacking", "ask_documents", "ask_how", "ask_payment_date", "ask_eligibility", "ask_proxy",
    ),
}  # fmt: skip


def questions_about(policy: str) -> tuple[str, ...]:
    return _QUESTIONS.get(policy, ("ask_how", "ask_where"))


def persona_of(person: Person) -> Persona:
    return PERSONAS[person.persona]
