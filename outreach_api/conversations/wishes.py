"""A yes, a no, and what they are worth. A yes is an application only where the card takes a reply as one (rule 2)."""

from __future__ import annotations

import re
from enum import StrEnum

from models.vocabulary import CaseKind, CaseReason, ConversationOutcome, MatchState, Question, Stage, Topic
from outreach_api.conversations.answering import answer_topic, how_to_apply
from outreach_api.conversations.copy_deck import numbered, say
from outreach_api.conversations.cues import may_be_yes, says_keyword
from outreach_api.conversations.decision import (
    GiveConsent,
    GrantMandate,
    KnownMatch,
    MoveMatch,
    OpenCase,
    WithdrawConsent,
)
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.policy_panel import terms
from outreach_api.conversations.speaking import identify, may_not_speak

O = ConversationOutcome  # noqa: E741


class Yes(StrEnum):
    """How it was said: 收到 or 嗯, a bare 好, in own words, or with the keyword 同意."""

    RECEIVED = "received"
    BARE = "bare"
    CONTENT = "content"
    KEYWORD = "keyword"


INTEREST = "interest"
_REOPENABLE = frozenset({MatchState.DECLINED})
_APPLIED = frozenset({MatchState.APPLIED_BY_REPLY})
WHICH_OFFER_TRIES = 2
_BY_MYSELF = re.compile(r"自己(去|来|办|弄|搞|会|过去|上网|申请)")


def bare_yes(text: str) -> Yes:
    """How a yes was said that the bot heard in a longer message: 同意，多久能批 has the keyword as its own clause."""
    return Yes.KEYWORD if says_keyword(text) else Yes.BARE


def wants(draft: Draft, yes: Yes) -> None:
    """Somebody says yes to an offer."""
    if may_not_speak(draft, INTEREST):
        return
    matches = _meant(draft, yes)
    if not matches:
        draft.say("nothing_open")
    elif len(matches) > 1:
        ask_which(draft, INTEREST, agreed=draft.heard.text if yes is Yes.KEYWORD else None)
    elif not draft.may_speak_of(matches[0]):
        _needs_the_resident(draft, matches[0])
    else:
        take_yes(draft, matches[0], yes, evidence=draft.heard.text)


def press(draft: Draft, yes: Yes) -> None:
    """A button under a card: it names its item, and counts for the version of the card that was shown."""
    policy_id, _, version = (draft.heard.exact.value if draft.heard.exact else "").partition(":")
    match = next((match for match in draft.context.matches if match.policy_id == policy_id), None)
    if may_not_speak(draft, INTEREST):
        return
    if match is None:
        draft.say("nothing_open")
    elif draft.for_somebody_else:
        _needs_the_resident(draft, match)
    elif version != match.policy_version:
        draft.say("card_renewed", policy=draft.name(match))
        draft.set(focus=match.match_id, asked=Question.INTEREST, stage=Stage.OFFER)
    else:
        # What the button stood under is ours to say, not the browser's.
        card = draft.card(match)
        take_yes(draft, match, yes, evidence=say("consent", policy=card.short_name).text + terms(card))


def _meant(draft: Draft, yes: Yes) -> list[KnownMatch]:
    """For 同意 also an earlier offer counts that takes it, so that it is never taken for the wrong one."""
    matches = draft.spoken_of()
    if yes is not Yes.KEYWORD or draft.state.asked is Question.CONFIRM_APPLY:
        return matches
    earlier = [
        match
        for match in draft.context.others
        if match.state in (MatchState.IN_OUTREACH, MatchState.INTERESTED) and draft.card(match).reply.accepts
    ]
    return [*matches, *(match for match in earlier if match not in matches)]


def take_yes(draft: Draft, match: KnownMatch, yes: Yes, *, evidence: str) -> None:
    draft.set(focus=match.match_id, pending=None, agreed=None)
    if match.state in _APPLIED:
        draft.say("already_applied", policy=draft.name(match))
        draft.set(asked=None)
        return
    if not match.is_open and match.state not in _REOPENABLE:
        draft.say("offer_closed", policy=draft.name(match))
        draft.set(asked=None)
        return
    if draft.card(match).reply.accepts:
        _take_yes_by_reply(draft, match, yes, evidence)
    else:
        _offer_help(draft, match, yes)


def _take_yes_by_reply(draft: Draft, match: KnownMatch, yes: Yes, evidence: str) -> None:
    confirming = draft.state.asked is Question.CONFIRM_APPLY and may_be_yes(draft.heard.text)
    if yes is Yes.KEYWORD or (confirming and yes is not Yes.RECEIVED):
        _apply(draft, match, evidence)
        return
    if yes is not Yes.RECEIVED:
        _note_interest(draft, match)
    if draft.state.confirmations and yes is not Yes.CONTENT:
        draft.say("interest_kept")
        draft.set(asked=None)
        return
    draft.say("confirm_apply", policy=draft.name(match))
    draft.set(asked=Question.CONFIRM_APPLY, confirmations=draft.state.confirmations + 1, stage=Stage.OFFER)


def _apply(draft: Draft, match: KnownMatch, evidence: str) -> None:
    if match.state in _REOPENABLE:
        draft.do(MoveMatch(match.match_id, MatchState.IN_OUTREACH))
    mandate = draft.mandate_for(match) if draft.for_somebody_else else None
    consent = GiveConsent(match, evidence, mandate.mandate_id if mandate else None)
    draft.do(consent, MoveMatch(match.match_id, MatchState.APPLIED_BY_REPLY))
    draft.say("applied", policy=draft.name(match))
    draft.set(asked=None, stage=Stage.OPEN, confirmations=0)
    draft.conclude(O.APPLIED_BY_REPLY)


def _note_interest(draft: Draft, match: KnownMatch) -> None:
    if match.state in _REOPENABLE:
        draft.do(MoveMatch(match.match_id, MatchState.IN_OUTREACH))
    if draft.may_become_interested(match) or match.state in _REOPENABLE:
        draft.do(MoveMatch(match.match_id, MatchState.INTERESTED))
    draft.conclude(O.INTERESTED)


def _offer_help(draft: Draft, match: KnownMatch, yes: Yes) -> None:
    """Elsewhere a yes is a wish to be helped: how to apply, and whether somebody should help."""
    if yes is Yes.KEYWORD:
        draft.say("cannot_apply_by_reply", policy=draft.name(match))
    if yes is not Yes.RECEIVED:
        _note_interest(draft, match)
    settled = draft.state.confirmations and yes in (Yes.RECEIVED, Yes.BARE)
    if settled or _BY_MYSELF.search(draft.heard.text):
        draft.say("help_not_needed")
        draft.set(asked=None)
        return
    how_to_apply(draft, match)
    draft.say("help_offer", policy=draft.name(match))
    draft.set(asked=Question.HOME_VISIT, pending="help", confirmations=draft.state.confirmations + 1)


def _needs_the_resident(draft: Draft, match: KnownMatch) -> None:
    draft.say("family_needs_resident", policy=draft.name(match))
    draft.do(OpenCase(CaseKind.HUMAN, CaseReason.FAMILY_MEMBER, match, summary=draft.state.relation))
    draft.set(asked=Question.MANDATE, focus=match.match_id)
    _note_interest(draft, match)


def give_own_word(draft: Draft) -> None:
    """本人同意: the resident's own word on the same chat. It is the mandate's proof, and a 同意 where that counts."""
    matches = draft.spoken_of()
    if draft.context.by_proxy:
        # Whoever sits at this page has said that they are somebody else.
        _needs_the_resident(draft, matches[0]) if matches else draft.say("nothing_open")
        return
    if draft.context.at_holders_phone:
        # The resident is not at this phone: whose word it is nobody can tell.
        wants(draft, Yes.KEYWORD)
        return
    relation = draft.state.relation or draft.state.beside
    draft.set(relation=None)
    if relation and draft.is_known and len(matches) == 1:
        draft.do(GrantMandate(matches[0], relation))
    wants(draft, Yes.KEYWORD)


def declines(draft: Draft) -> None:
    if not draft.is_known:
        draft.say("acknowledged")
        draft.conclude(O.DECLINED)
        return
    matches = [match for match in draft.spoken_of() if match.is_open or match.state in _APPLIED]
    for match in matches:
        _decline(draft, match)
    if not matches:
        draft.say("acknowledged")
    draft.set(asked=None, pending=None, agreed=None, confirmations=0)
    draft.conclude(O.DECLINED)


def _decline(draft: Draft, match: KnownMatch) -> None:
    if match.state not in _APPLIED:
        draft.do(MoveMatch(match.match_id, MatchState.DECLINED))
        draft.say("declined", policy=draft.name(match))
        return
    draft.do(WithdrawConsent(match.match_id), MoveMatch(match.match_id, MatchState.DECLINED))
    draft.do(OpenCase(CaseKind.HUMAN, CaseReason.REQUESTED, match, summary="撤回申请：" + draft.heard.text[:200]))
    draft.say("withdrawn", policy=draft.name(match))


def ask_which(draft: Draft, pending: Topic | str, *, agreed: str | None = None) -> None:
    """Ask which of several offers is meant; after two tries a person does."""
    if draft.state.which_tries >= WHICH_OFFER_TRIES:
        draft.say("which_offer_left")
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.NOT_UNDERSTOOD))
        draft.set(asked=None, pending=None, agreed=None, which_tries=0)
        draft.conclude(O.ESCALATED)
        return
    names = [draft.name(match) for match in choices(draft)]
    draft.say("which_offer", menu=numbered(names))
    draft.set(asked=Question.WHICH_OFFER, pending=pending, agreed=agreed, which_tries=draft.state.which_tries + 1)


def choices(draft: Draft) -> list[KnownMatch]:
    """The numbered choice: the offers by their own numbers, and after them open matches of earlier offers."""
    offered = sorted(draft.open_offers, key=lambda match: match.number)
    earlier = [match for match in draft.context.others if match.is_open]
    return [*offered, *earlier]


def choose(draft: Draft, number: int, *, agreed: bool) -> None:
    """A number out of the choice: what was waiting for it goes on."""
    offers = choices(draft)
    if not 1 <= number <= len(offers):
        ask_which(draft, draft.state.pending or INTEREST, agreed=draft.state.agreed)
        return
    match = offers[number - 1]
    pending, earlier_words = draft.state.pending, draft.state.agreed
    draft.set(focus=match.match_id, asked=Question.INTEREST, pending=None, agreed=None, which_tries=0)
    if isinstance(pending, Topic) or pending in set(Topic):
        answer_topic(draft, Topic(pending))
    elif not draft.may_speak_of(match):
        _needs_the_resident(draft, match)
    else:
        words = "；".join(part for part in (earlier_words, draft.heard.text) if part)
        take_yes(draft, match, Yes.KEYWORD if agreed or earlier_words else Yes.CONTENT, evidence=words)


def choose_all(draft: Draft) -> None:
    """都要: those that take a reply are confirmed one at a time, for the rest somebody helps."""
    if may_not_speak(draft, INTEREST):
        return
    offers = choices(draft)
    by_reply = [match for match in offers if draft.card(match).reply.accepts]
    for match in offers:
        _note_interest(draft, match)
        if match not in by_reply:
            draft.do(OpenCase(CaseKind.HUMAN, CaseReason.HELP_TO_APPLY, match))
            draft.say("help_coming", policy=draft.name(match))
    if by_reply:
        take_yes(draft, by_reply[0], Yes.CONTENT, evidence=draft.heard.text)
    elif not offers:
        draft.say("nothing_open")


def go_on_identified(draft: Draft) -> None:
    """Somebody said who they are: then what waited for it goes on, or their offers are named for the first time."""
    pending = draft.state.pending
    if identify(draft) is None:
        return
    draft.set(pending=None)
    if pending in set(Topic):
        answer_topic(draft, Topic(pending))
    else:
        name_offers(draft)


def name_offers(draft: Draft) -> None:
    offers = choices(draft)
    if not offers:
        draft.say("nothing_open")
        draft.set(asked=None)
        return
    if len(offers) > 1:
        draft.say("offer_several", menu=numbered([draft.name(match) for match in offers]))
    else:
        key = "offer_by_reply" if draft.card(offers[0]).reply.accepts else "offer_with_help"
        draft.say(key, policy=draft.name(offers[0]))
    draft.set(asked=Question.INTEREST, stage=Stage.OFFER, confirmations=0)
