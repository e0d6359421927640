"""The closed list of what the bot may say to do. Anything else is a failure of the bot, never an act of ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from models.vocabulary import CaseKind, CaseReason, ConversationOutcome, Question, Topic
from outreach_api.conversations.bot import BotUnavailable, Turn


class _Directive(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Reply(_Directive):
    do: Literal["reply"]
    value: Literal["yes", "no"]


class _Outcome(_Directive):
    do: Literal["outcome"]
    outcome: Literal[
        ConversationOutcome.INTERESTED,
        ConversationOutcome.DECLINED,
        ConversationOutcome.ALREADY_ENROLLED,
        ConversationOutcome.OPTED_OUT,
        ConversationOutcome.WRONG_PERSON,
        ConversationOutcome.DECEASED,
        ConversationOutcome.MOVED,
        ConversationOutcome.CALLBACK,
        ConversationOutcome.ESCALATED,
    ]


class _Answer(_Directive):
    do: Literal["answer"]
    topic: Topic


class _Say(_Directive):
    do: Literal["say"]
    line: Literal["greeting", "thanks", "goodbye", "who_we_are", "acknowledged", "family_welcome"]


class _Ask(_Directive):
    do: Literal["ask"]
    question: Question


class _Case(_Directive):
    do: Literal["case"]
    kind: CaseKind
    reason: CaseReason


class _Rate(_Directive):
    do: Literal["rate"]
    score: Literal["satisfied", "neutral", "dissatisfied"]


class _Prefer(_Directive):
    do: Literal["prefer"]
    preference: Literal[
        "slow", "no_robot_calls", "not_at_noon", "daughter_first", "son_first", "large_type", "cantonese", "visit_only"
    ]


class _Repeat(_Directive):
    do: Literal["repeat"]


class _Clarify(_Directive):
    do: Literal["clarify"]
    readings: list[str]


_LIST: TypeAdapter[list[Any]] = TypeAdapter(
    list[
        Annotated[
            _Reply | _Outcome | _Answer | _Say | _Ask | _Case | _Rate | _Prefer | _Repeat | _Clarify,
            Field(discriminator="do"),
        ]
    ]
)


def check_turn(turn: Turn) -> Turn:
    """The turn, if every directive is on the closed list and there is at least one.

    Raises:
        BotUnavailable: it is empty or has a directive that we do not know.
    """
    if not turn.directives:
        raise BotUnavailable("the bot answered without a directive")
    try:
        _LIST.validate_python([dict(directive) for directive in turn.directives])
    except ValidationError as fault:
        # The fault's own text would quote the resident.
        raise BotUnavailable(f"the bot gave {fault.error_count()} directive(s) that are not on the list") from None
    return turn
