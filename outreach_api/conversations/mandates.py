"""A family member's mandate in the talk: that it is known, and that it is taken back."""

from __future__ import annotations

import re

from models.vocabulary import CaseKind, CaseReason, Channel, MatchState, Question, Stage
from outreach_api.conversations.decision import Identify, KnownMandate, OpenCase, Person, RevokeMandate, Standing
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import normalise
from outreach_api.conversations.speaking import (
    IDENTITY_TRIES,
    give_up_on_identity,
    relation_in,
    speaks_as,
    whom_they_name,
)
from outreach_api.conversations.wishes import go_on_identified

_FAMILY = (
    r"(女儿|闺女|儿子|仔|个女|儿媳妇?|媳妇|女婿|孙子|孙女|外孙|老伴|侄子|侄女|保姆|护工"
    r"|家里人|家人|他们|他|她|佢|别人|人家)"
)
_ELDER = r"(妈|爸|母亲|父亲|奶奶|爷爷|外婆|外公|婆婆|公公|阿妈|阿婆|阿公|老豆|老妈|老爸|老人家?|老太太|老爷子)"
_REVOKES = re.compile(
    r"(取消|撤销|撤回|收回|解除|终止|停止|不要)(了|掉)?(那个|这个|对|我|给)?[^,，。]{0,5}(代办|授权|委托|托付)"
    r"|(代办|授权|委托)(给我)?(取消|撤|作废|收回)"
    rf"|(不|唔|别|莫|甭)(再)?(让|要|用|给|准|许|想让|使|叫)(我)?{_FAMILY}(再)?(帮我|替我|代我)?(代办|代|办|管|弄|搞)"
    rf"|{_ELDER}(说|讲|话)?(不|唔)(再)?(让|要|准|许|俾|肯让|想让)(我)?(再)?(替|帮|代)?(她|他|佢)?(办|管|代办|弄|搞|插手)"
    r"|我(不|唔)(再)?(管|代办|替[^,，。]{1,4}办)[^,，。]{0,6}(事|了)"
)


def takes_mandate_back(draft: Draft) -> bool:
    """我妈不让我办了, 别让我女儿办了: done at once. Where nothing was given there is nothing to take back."""
    if not draft.is_known or not _REVOKES.search(normalise(draft.heard.text)):
        return False
    given = _meant(draft)
    if not given:
        return False
    because = "holder" if draft.for_somebody_else else "own_word"
    draft.do(*(RevokeMandate(mandate.mandate_id, because) for mandate in given))
    _ask_about_what_was_done(draft, given)
    draft.say("mandate_revoked")
    draft.set(asked=None, pending=None, agreed=None, relation=None)
    return True


def _meant(draft: Draft) -> list[KnownMandate]:
    """The holder's own; of the resident's those of the one they name, else all."""
    if draft.for_somebody_else:
        relation = draft.state.relation
        here = [mandate for mandate in draft.context.mandates if mandate.is_here]
        return [each for each in here if draft.context.at_holders_phone or each.relation == relation]
    named = relation_in(draft.heard.text)
    of_that_one = [mandate for mandate in draft.context.mandates if mandate.relation == named]
    return of_that_one or list(draft.context.mandates)


def _ask_about_what_was_done(draft: Draft, given: list[KnownMandate]) -> None:
    """Whether an application made by it should stand, the resident is asked by a person."""
    policies = {mandate.policy_id for mandate in given}
    for match in draft.context.matches:
        if match.policy_id in policies and match.state is MatchState.APPLIED_BY_REPLY:
            summary = "代办的委托取消了：" + draft.heard.text[:200]
            draft.do(OpenCase(CaseKind.HUMAN, CaseReason.FAMILY_MEMBER, match, summary=summary))


def ask_mandate(draft: Draft) -> None:
    """Ask for the resident's own word, unless the one who speaks has a mandate."""
    if nobody_known_on_the_phone(draft):
        _ask_on_the_phone(draft)
        return
    known = [match for match in draft.context.matches if draft.mandate_for(match)]
    if not known:
        draft.say("ask_mandate")
        draft.set(asked=Question.MANDATE)
        return
    draft.say("mandate_known", policy="、".join(draft.name(match) for match in known))
    draft.set(asked=Question.INTEREST)


def nobody_known_on_the_phone(draft: Draft) -> bool:
    return draft.context.channel is Channel.VOICE and draft.context.standing is Standing.SHARED


def take_name_on_the_phone(draft: Draft) -> None:
    """Somebody in a call names a person: themselves, or the one for whom they speak.

    Whoever speaks for another is told of a benefit by their mandate only; else the resident has to come to the phone.
    """
    named, relation = whom_they_name(draft), speaks_as(draft)
    if named is None or relation is None:
        if named is not None:
            draft.set(relation=None, beside=draft.state.relation)
        go_on_identified(draft)
        return
    draft.set(relation=relation)
    if _goes_on_by_mandate(draft, named):
        return
    draft.set(identity_tries=draft.state.identity_tries + 1)
    if draft.state.identity_tries < IDENTITY_TRIES:
        _ask_on_the_phone(draft)
    else:
        give_up_on_identity(draft, CaseReason.FAMILY_MEMBER)


def _goes_on_by_mandate(draft: Draft, named: Person) -> bool:
    covered = {(each.resident_id, each.policy_id) for each in _held_here(draft)}
    matches = [match for match in draft.context.on_phone if match.resident_id == named.resident_id]
    known = [match for match in matches if (match.resident_id, match.policy_id) in covered]
    if not known:
        return False
    draft.do(Identify(named.resident_id))
    draft.know(named)
    draft.say("identified")
    draft.say("mandate_known", policy="、".join(draft.name(match) for match in known))
    focus = known[0].match_id if len(known) == 1 else None
    draft.set(asked=Question.INTEREST, stage=Stage.OFFER, identity_tries=0, pending=None, focus=focus)
    return True


def _held_here(draft: Draft) -> list[KnownMandate]:
    return [each for each in draft.context.mandates if each.is_here and each.relation == draft.state.relation]


def _ask_on_the_phone(draft: Draft) -> None:
    """Whose mandate it is, where one is held here; else for the resident, and for the speaker's own name."""
    if _held_here(draft) and whom_they_name(draft) is None:
        draft.say("family_whose")
        draft.set(asked=Question.IDENTITY)
        return
    draft.say("family_on_the_phone")
    if len(draft.context.household) > 1:
        draft.say("family_may_be_meant")
    draft.set(asked=Question.MANDATE)
