"""What follows from one message: a pure function of the words, the bot's reading and what is known."""

from __future__ import annotations

from models.vocabulary import ConversationOutcome, StopReason
from outreach_api.conversations import errand_turns
from outreach_api.conversations.by_reading import follow
from outreach_api.conversations.by_words import settled_by_words
from outreach_api.conversations.decision import Context, Decision, Heard
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.exact_words import Exact, takes_a_stop_back
from outreach_api.conversations.firms import has_left_the_post
from outreach_api.conversations.stopping import STOP_WORDS, hear_in_silence, place_stop
from outreach_api.surveys.dialogue import Taken, begin, take_turn


def decide(heard: Heard, context: Context) -> Decision | None:
    """Decide, or say None: the exact words don't settle it and the bot has to be asked first.

    A standing stop outranks everything; then exact words, and a clerk who has left the post; then a person who took the
    conversation over, in whose hands the assistant keeps quiet; then what they were texted or called for; then an open
    survey; then the bot's reading.
    """
    draft = Draft(heard, context)
    known_before = draft.is_known
    if context.stop and not _takes_back(heard, context.stop):
        if heard.exact is None and heard.turn is None:
            return None
        hear_in_silence(draft)
        return draft.decision()
    if draft.is_with_firm and has_left_the_post(heard.text):
        place_stop(draft, ConversationOutcome.WRONG_PERSON, by="exact_word")
        return draft.decision()
    if context.in_human_hands and not (heard.exact and heard.exact.kind in STOP_WORDS):
        return draft.decision()
    if errand_turns.take_answer(draft):
        return draft.decision()
    surveyed = take_turn(draft)
    if surveyed is not Taken.NOT_OURS:
        return draft.decision() if surveyed is Taken.SETTLED else None
    if settled_by_words(draft):
        begin(draft)
        errand_turns.begin(draft, known_before=known_before)
        silent = heard.exact is not None and heard.exact.kind is Exact.EMPTY
        draft.set(misses=draft.state.misses + 1 if silent else 0, menu=())
        draft.note_aside()
        return draft.decision()
    if heard.turn is None:
        return None
    follow(draft, heard.turn.directives)
    draft.note_aside()
    return draft.decision()


def _takes_back(heard: Heard, stop: StopReason) -> bool:
    if heard.exact and heard.exact.kind is Exact.RESTORE:
        return True
    return stop is StopReason.OPT_OUT and heard.exact is None and takes_a_stop_back(heard.text)
