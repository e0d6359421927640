"""A visit at home: whether it is wanted, where, and when it suits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from models.vocabulary import CaseKind, CaseReason, ConversationOutcome, MatchState, Question
from outreach_api.conversations.callback import in_words
from outreach_api.conversations.decision import KnownMatch, MoveMatch, OpenCase
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import normalise
from outreach_api.conversations.when import Window, read_when

O = ConversationOutcome  # noqa: E741
_RIGHT_OR_WRONG = re.compile(
    r"(?P<wrong>(不对|不是|错了|唔系|唔係|地址不对|不住(那|这)(里|儿)?了?)?((我们?|早|已经|都|去年|今年)*(搬|换)(家|地方)?了)?"
    r"(?<=.))(了|啦|的)*"
    r"|(对|對|是|系|係|没错|冇错|嗯|好|对对|是的|就是)(的|呀|啊|啦|了|嘅|就是这个地址|是这个地址|是这里|就这里)*"
)
WANTED, HELP, ADDRESS, SLOT = "visit", "help", "address", "slot"
"""What waits for the answer while `home_visit` is asked."""


def ask_visit(draft: Draft) -> None:
    draft.say("ask_home_visit")
    draft.set(asked=Question.HOME_VISIT, pending=WANTED)


def answer_visit_question(draft: Draft, *, wanted: bool) -> None:
    """Yes or no to what was asked about the visit last."""
    _ANSWERS.get(str(draft.state.pending), _whether)(draft, wanted=wanted)


def _whether(draft: Draft, *, wanted: bool) -> None:
    helping = draft.state.pending == HELP
    draft.set(asked=None, pending=None)
    if not wanted:
        draft.say("help_not_needed" if helping else "visit_not_needed")
    elif helping:
        _send_help(draft)
    else:
        send_visit(draft, CaseReason.CANNOT_USE_PHONE)


def _send_help(draft: Draft) -> None:
    match = _one_match(draft)
    _open(draft, CaseReason.HELP_TO_APPLY, match)
    if match:
        draft.say("help_coming", policy=draft.name(match))
        draft.conclude(O.INTERESTED)
    else:
        draft.say("home_visit")
        draft.conclude(O.ESCALATED)


def send_visit(draft: Draft, reason: CaseReason) -> None:
    """Open the case, then see to the address and a day; both may stay open, since somebody phones first."""
    _open(draft, reason, _one_match(draft), summary=draft.heard.text[:300])
    draft.say("home_visit")
    draft.conclude(O.ESCALATED)
    person = draft.context.person
    if draft.is_known and person and person.place and not draft.for_somebody_else:
        draft.say("visit_address", place=person.place)
        draft.set(asked=Question.HOME_VISIT, pending=ADDRESS)
    else:
        _ask_slot(draft)


def answers_address(draft: Draft) -> bool:
    """对, 不对 to the address that was read out; False when the message says anything else."""
    if draft.state.asked is not Question.HOME_VISIT or draft.state.pending != ADDRESS:
        return False
    said = _RIGHT_OR_WRONG.fullmatch(normalise(draft.heard.text))
    if said:
        _answer_address(draft, wanted=not said["wrong"])
    return bool(said)


def take_slot(draft: Draft) -> bool:
    """Keep the day that the message names, where the address or the day is open; False when it names none."""
    if draft.state.asked is not Question.HOME_VISIT or draft.state.pending not in (ADDRESS, SLOT):
        return False
    window = read_when(draft.heard.text, draft.context.now)
    if window is None:
        return False
    when = in_words(window, draft.context.now)
    _open(draft, CaseReason.REQUESTED, _one_match(draft), summary=f"希望上门的时间：{when}", wanted=window)
    draft.say("visit_slot_kept", when=when)
    draft.set(asked=None, pending=None)
    return True


def _answer_address(draft: Draft, *, wanted: bool) -> None:
    if wanted:
        _ask_slot(draft)
        return
    _open(draft, CaseReason.REQUESTED, _one_match(draft), summary="登记的地址不对：" + draft.heard.text[:200])
    draft.say("visit_address_wrong")
    draft.set(asked=None, pending=None)


def _answer_slot(draft: Draft, *, wanted: bool) -> None:
    draft.say("visit_slot_later")
    draft.set(asked=None, pending=None)


_ANSWERS: Mapping[str, Callable[..., None]] = MappingProxyType(
    {WANTED: _whether, HELP: _whether, ADDRESS: _answer_address, SLOT: _answer_slot}
)


def _ask_slot(draft: Draft) -> None:
    draft.say("visit_slot")
    draft.set(asked=Question.HOME_VISIT, pending=SLOT)


def _open(
    draft: Draft,
    reason: CaseReason,
    match: KnownMatch | None,
    summary: str | None = None,
    wanted: Window | None = None,
) -> None:
    draft.do(OpenCase(CaseKind.HOME_VISIT, reason, match, summary=summary, wanted=wanted))
    if match and match.is_open:
        draft.do(MoveMatch(match.match_id, MatchState.IN_QUEUE))


def _one_match(draft: Draft) -> KnownMatch | None:
    matches = draft.spoken_of()
    return matches[0] if len(matches) == 1 else None
