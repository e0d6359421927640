"""A turn of an errand: said once it is known who speaks, and its answer taken."""

from __future__ import annotations

from models.vocabulary import Question, Stage
from outreach_api.conversations.decision import AnswerSettled, Line
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.errands import is_settled
from outreach_api.conversations.exact_words import SAFETY

KEPT_LINES = frozenset({"identified"})


def take_answer(draft: Draft) -> bool:
    """Take the message as the answer whether a case is settled; False when it says anything else.

    A text is taken from whoever has the phone: it was they who were asked. In a call it has to be known who speaks.
    """
    errand = draft.context.errand
    if errand is None or errand.case_id is None or (errand.is_call and not draft.is_known):
        return False
    if draft.heard.exact is not None and draft.heard.exact.kind in SAFETY:
        return False
    settled = is_settled(draft.heard.text)
    if settled is None:
        return False
    draft.do(AnswerSettled(errand.case_id, settled=settled, words=draft.heard.text[:300]))
    draft.say("case_confirmed" if settled else "case_reopened")
    draft.set(asked=None, pending=None, misses=0, menu=())
    return True


def begin(draft: Draft, *, known_before: bool) -> None:
    """Who was called and has now said who they are hears what it is about, before anything else."""
    errand, person = draft.context.errand, draft.context.person
    if errand is None or not errand.is_call or known_before or person is None:
        return
    if errand.resident_id != person.resident_id:
        return
    draft.lines = [line for line in draft.lines if line.key in KEPT_LINES]
    asks = errand.case_id is not None
    draft.add(Line("case_check_spoken" if asks else "visit_notice_spoken", errand.text))
    draft.set(stage=Stage.OPEN, asked=Question.RESOLVED if asks else None, pending=None, menu=())
