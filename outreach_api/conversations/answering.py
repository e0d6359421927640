"""Answers to questions: from the policy card, from the resident's own applications, or an honest promise to ask."""

from __future__ import annotations

from models.vocabulary import ApplicationStatus, CaseKind, CaseReason, Question, Topic
from outreach_api.conversations.copy_deck import numbered
from outreach_api.conversations.cues import asks_something
from outreach_api.conversations.decision import IssueProof, KnownMatch, Line, OpenCase, Standing
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.proof import spaced
from outreach_api.conversations.speaking import may_not_speak
from outreach_api.conversations.to_the_point import faq_about_it, speaks_of_it
from scheduler.policies.answers import Abstain, answer, answer_by_faq
from scheduler.policies.faq_search import Faq, FaqIndex, Found

_SUMMARY_LENGTH = 300
# 满80岁要不要再申请 is heard as a question of who may apply, or how.
_VAGUE = frozenset({Topic.ELIGIBILITY, Topic.HOW_TO_APPLY})
_PERSONAL = frozenset({Topic.STATUS, Topic.OTHER_BENEFITS})


def answer_topic(draft: Draft, topic: Topic) -> None:
    """Answer, or say that we shall ask. Only the first question of a choice waits for its number."""
    if topic is Topic.SCAM:
        _answer_doubt(draft)
        _note_answered(draft, topic)
        return
    if may_not_speak(draft, topic):
        return
    if topic in _PERSONAL and not _may_hear(draft, topic):
        draft.say("family_private")
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.FAMILY_MEMBER, summary=draft.state.relation))
        return
    if topic is Topic.STATUS:
        _answer_status(draft)
    elif topic is Topic.OTHER_BENEFITS:
        _answer_other_benefits(draft)
    else:
        _answer_from_card(draft, topic)


def _may_hear(draft: Draft, topic: Topic) -> bool:
    """A mandate is for a policy: where its application stands, and nothing of what else there is."""
    if not draft.for_somebody_else:
        return True
    matches = draft.spoken_of()
    return topic is Topic.STATUS and bool(matches) and all(draft.may_speak_of(match) for match in matches)


def _answer_doubt(draft: Draft) -> None:
    """Whom we wrote to gets a code that proves it; a stranger, whom we did not, gets none."""
    if draft.context.standing is Standing.STRANGER or not draft.context.proof_code:
        draft.say("scam")
        return
    draft.say("scam_code", code=spaced(draft.context.proof_code))
    draft.do(IssueProof(draft.context.proof_code))


def how_to_apply(draft: Draft, match: KnownMatch) -> None:
    """How to apply, where the card says so; silence where it doesn't, since help is offered anyway."""
    found = answer(
        draft.card(match), Topic.HOW_TO_APPLY, age_years=None, today=draft.context.today, channel=draft.context.channel
    )
    if not isinstance(found, Abstain):
        draft.add(Line("answer.how_to_apply", "".join(found.lines)))


def _answer_from_card(draft: Draft, topic: Topic) -> None:
    matches = draft.spoken_of()
    if len(matches) > 1:
        _ask_which(draft, topic, matches)
    elif not matches:
        _abstain(draft, None)
    else:
        _answer_about(draft, topic, matches[0])


def _answer_about(draft: Draft, topic: Topic, match: KnownMatch) -> None:
    person = draft.context.person
    found = answer(
        draft.card(match),
        topic,
        age_years=person.age_years if person and draft.may_speak_of(match) else None,
        today=draft.context.today,
        channel=draft.context.channel,
        facts=match.facts if draft.may_speak_of(match) else {},
    )
    known = not isinstance(found, Abstain) and speaks_of_it(draft.heard.text, found.text)
    same = _asked_before(draft, [match])
    pointed = None if known else faq_about_it(draft.heard.text, _faqs(draft, match))
    if same and _fits(same, topic, is_known=known) and speaks_of_it(draft.heard.text, same.faq.answer):
        _say_faq(draft, same.faq)
    elif pointed:
        _say_faq(draft, pointed)
    elif isinstance(found, Abstain) or not known:
        _abstain(draft, match)
        return
    else:
        draft.add(Line(f"answer.{topic.value}", found.text))
    draft.set(focus=match.match_id)
    _note_answered(draft, topic)


def _faqs(draft: Draft, match: KnownMatch) -> list[Faq]:
    card = draft.card(match)
    if not card.is_trusted():
        return []
    kept = [faq for faq in draft.context.kept_faqs if faq.policy_id == card.id]
    return [*(Faq(card.id, faq.topic, faq.q, faq.a) for faq in card.faqs), *kept]


def _ask_which(draft: Draft, topic: Topic, matches: list[KnownMatch]) -> None:
    names = [draft.name(match) for match in sorted(matches, key=lambda match: match.number)]
    draft.say("which_offer", menu=numbered(names))
    draft.set(asked=Question.WHICH_OFFER, pending=topic)


def _abstain(draft: Draft, match: KnownMatch | None) -> None:
    draft.say("no_answer")
    summary = draft.heard.text[:_SUMMARY_LENGTH]
    draft.do(OpenCase(CaseKind.POLICY_QUESTION, CaseReason.NO_ANSWER_ON_CARD, match, summary=summary))


def answer_question(draft: Draft) -> None:
    """A question that belongs to no topic: by an FAQ that asks the same, or a person is asked."""
    if not may_not_speak(draft, Topic.ELIGIBILITY) and not answer_from_faqs(draft):
        matches = draft.spoken_of()
        _abstain(draft, matches[0] if len(matches) == 1 else None)


def answer_from_faqs(draft: Draft) -> bool:
    """Whether an FAQ of an item that is spoken of asks the same; then its answer is given."""
    if not draft.is_known:
        return False
    matches = draft.spoken_of()
    found = _asked_before(draft, matches)
    faq = found.faq if found and found.is_close and speaks_of_it(draft.heard.text, found.faq.answer) else None
    if faq is None and len(matches) == 1 and asks_something(draft.heard.text):
        faq = faq_about_it(draft.heard.text, _faqs(draft, matches[0]))
    if faq is None:
        return False
    _say_faq(draft, faq)
    _note_answered(draft, faq.topic)
    return True


def _fits(same: Found, topic: Topic, *, is_known: bool) -> bool:
    """An FAQ of another topic counts only where the topic read is a vague one; a better answer must be close."""
    if same.faq.topic is not topic and not (topic in _VAGUE and is_known):
        return False
    return same.is_close or not is_known


def _say_faq(draft: Draft, faq: Faq) -> None:
    found = answer_by_faq(draft.context.cards[faq.policy_id], faq, channel=draft.context.channel)
    draft.add(Line("answer.faq", found.text))


def _asked_before(draft: Draft, matches: list[KnownMatch]) -> Found | None:
    trusted = {match.policy_id for match in matches if draft.card(match).is_trusted()}
    return FaqIndex.of(draft.context.cards, draft.context.kept_faqs).find(draft.heard.text, trusted)


def _note_answered(draft: Draft, topic: Topic) -> None:
    draft.topics.append(topic)
    draft.set(answered=(*draft.state.answered, topic))


def _answer_status(draft: Draft) -> None:
    """By the application feed; what it does not show is asked for by a person."""
    matches = draft.spoken_of()
    wanted = {match.policy_id for match in matches} or set(draft.context.cards)
    person = draft.context.person
    reported = [
        each
        for each in draft.context.applications
        if each.policy_id in wanted and person and each.resident_id == person.resident_id
    ]
    if reported:
        newest = max(reported, key=lambda each: (each.occurred_on, list(ApplicationStatus).index(each.status)))
        day = f"{newest.occurred_on.month}月{newest.occurred_on.day}日"
        policy = draft.context.cards[newest.policy_id].short_name
        draft.say(f"status_{newest.status.value}", policy=policy, on=day)
    else:
        draft.say("status_unknown")
        match = matches[0] if len(matches) == 1 else None
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.STATUS_ENQUIRY, match, summary=draft.heard.text[:_SUMMARY_LENGTH]))
    _note_answered(draft, Topic.STATUS)


def _answer_other_benefits(draft: Draft) -> None:
    others = [match for match in draft.context.others if match.is_open]
    if others:
        draft.say("other_benefits", menu="、".join(draft.name(match) for match in others))
    else:
        draft.say("other_benefits_none")
    _note_answered(draft, Topic.OTHER_BENEFITS)
