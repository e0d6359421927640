"""A time to be contacted again: taken from the resident's words, asked for once, then left."""

from __future__ import annotations

from datetime import datetime, time

from models.vocabulary import CaseKind, CaseReason, ConversationOutcome, MatchState, Question
from outreach_api.conversations.decision import MoveMatch, OpenCase, SetCallback
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.when import Window, read_when

TIME_TRIES = 1
POLITE_FROM, POLITE_TO = time(9), time(20)
_IN_HAND = frozenset({MatchState.IN_QUEUE, MatchState.AWAITING_RESULT})
_WEEKDAYS = "一二三四五六日"


def take_time(draft: Draft) -> bool:
    """Keep the time that the message names; False when it names none."""
    window = read_when(draft.heard.text, draft.context.now)
    if window is None:
        return False
    at = max(window.from_, draft.context.now)
    meant = draft.spoken_of() if draft.is_known else draft.concerned
    waiting = [match for match in meant if match.is_open and match.state not in _IN_HAND]
    for match in waiting:
        draft.do(MoveMatch(match.match_id, MatchState.CALLBACK), SetCallback(match.match_id, at))
    if not waiting:
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.CALLBACK, summary=f"{at:%m-%d %H:%M} {draft.heard.text[:200]}"))
    _confirm(draft, Window(at, window.to))
    draft.set(asked=None, time_tries=0)
    draft.conclude(ConversationOutcome.CALLBACK)
    return True


def ask_time(draft: Draft, *, another_time: bool = True) -> None:
    """Ask when; the second time leave it to the resident. Who is only busy has not asked for another time yet."""
    if another_time:
        draft.conclude(ConversationOutcome.CALLBACK)
    if draft.state.time_tries >= TIME_TRIES:
        draft.say("callback_unplaced")
        draft.set(asked=None, time_tries=0)
    else:
        draft.say("ask_callback_time")
        draft.set(asked=Question.CALLBACK_TIME, time_tries=draft.state.time_tries + 1)


def _confirm(draft: Draft, window: Window) -> None:
    if POLITE_FROM <= window.from_.time() < POLITE_TO:
        draft.say("callback", when=in_words(window, draft.context.now))
    else:
        draft.say("callback_quiet")


def in_words(window: Window, now: datetime) -> str:
    """`明天下午3点`, `周六上午`, `今天下午3点半`."""
    return f"{_day_in_words(window, now)}{_hour_in_words(window)}"


def _day_in_words(window: Window, now: datetime) -> str:
    day = window.from_.date()
    ahead = (day - now.date()).days
    near = {0: "今天", 1: "明天", 2: "后天"}.get(ahead)
    return near or f"{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def _hour_in_words(window: Window) -> str:
    begins, hours = window.from_, (window.to - window.from_).total_seconds() / 3600
    if hours > 6:
        return ""
    part = "上午" if begins.hour < 12 else "中午" if begins.hour < 13 else "下午" if begins.hour < 18 else "晚上"
    if hours > 1:
        return part
    minute = {0: "", 30: "半"}.get(begins.minute, f"{begins.minute}分")
    return f"{part}{(begins.hour - 1) % 12 + 1}点{minute}"
