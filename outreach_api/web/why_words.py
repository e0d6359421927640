"""Why somebody was contacted or not, one sentence a fact, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from models.vocabulary import Channel, ContactState, MatchState, Refusal, ReminderOccasion, StopReason
from outreach_api.web.words import Speaker
from scheduler.planning.why import Fact, Why

_BECAUSE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "planner": ("排期", "the planner"),
        "application": ("申请记录", "an application report"),
        "contact": ("运营商回执", "a carrier's receipt"),
        "snapshot": ("新一批数据", "a newer snapshot"),
        "inbound": ("居民的来信", "what the resident wrote"),
        "visit": ("上门", "a visit"),
        "staff": ("工作人员", "staff"),
    }
)


def why_in_words(why: Why, speaker: Speaker, names: Mapping[str, str]) -> str:
    """`names` are what the policies are called."""
    return f"{speaker.moment(why.at)}  {what_in_words(why, speaker, names)}"


def what_in_words(why: Why, speaker: Speaker, names: Mapping[str, str]) -> str:
    """The same without its time."""
    policies = "、".join(names.get(policy_id, policy_id) for policy_id in why.policy_ids)
    return "  ".join(part for part in (policies, SAID[why.fact](why.detail, speaker)) if part)


def _moved(detail: Mapping[str, str], speaker: Speaker) -> str:
    old, new = (speaker.word(MatchState(detail[name])) for name in ("from", "to"))
    ground, _, number = detail["because"].partition(":")
    zh, en = _BECAUSE.get(ground, (ground, ground))
    return f"{old} → {new}" + speaker.say(
        f"（{zh}{' ' + number if number else ''}）", f" ({' '.join((en, number)).strip()})"
    )


def _contact(zh: str, en: str) -> Callable[[Mapping[str, str], Speaker], str]:
    def said(detail: Mapping[str, str], speaker: Speaker) -> str:
        channel, state = speaker.word(Channel(detail["channel"])), speaker.word(ContactState(detail["state"]))
        parts = [speaker.say(zh, en).format(channel=channel), state]
        if "refusal" in detail:
            parts.append(speaker.word(Refusal(detail["refusal"])))
        parts += [detail[name] for name in ("cause", "code") if name in detail]
        return speaker.say("：", ": ").join((parts[0], speaker.say("，", ", ").join(parts[1:])))

    return said


def _refused(detail: Mapping[str, str], speaker: Speaker) -> str:
    return speaker.say("没有联系：", "not contacted: ") + speaker.word(Refusal(detail["reason"]))


def _stopped(detail: Mapping[str, str], speaker: Speaker) -> str:
    reason = speaker.word(StopReason(detail["reason"]))
    whom = (
        speaker.say("本人", "the resident") if detail["scope"] == "resident" else speaker.say("这个号码", "this number")
    )
    return speaker.say(f"停止联系{whom}：{reason}", f"stopped for {whom}: {reason}")


def _fixed(zh: str, en: str) -> Callable[[Mapping[str, str], Speaker], str]:
    return lambda _detail, speaker: speaker.say(zh, en)


def _in_state(detail: Mapping[str, str], speaker: Speaker) -> str:
    state = speaker.word(MatchState(detail["state"]))
    return speaker.say(f"现在不再主动联系：{state}", f"not contacted as it stands: {state}")


def _date_ahead(detail: Mapping[str, str], speaker: Speaker) -> str:
    occasion, on, since = speaker.word(ReminderOccasion(detail["occasion"])), detail["on"], detail["from"]
    return speaker.say(
        f"记下要提前告知：{occasion} {on}，{since} 起可以说", f"to be told ahead: {occasion} {on}, from {since} on"
    )


def _reminder_refused(detail: Mapping[str, str], speaker: Speaker) -> str:
    reason = speaker.word(Refusal(detail["reason"]))
    return speaker.say(f"{detail['on']} 的事没有告知：{reason}", f"not told of {detail['on']}: {reason}")


SAID: Mapping[Fact, Callable[[Mapping[str, str], Speaker], str]] = MappingProxyType(
    {
        Fact.MATCH_MOVED: _moved,
        Fact.CONTACT_SENT: _contact("{channel}", "{channel}"),
        Fact.CONTACT_PLANNED: _contact("{channel}排期", "{channel} planned"),
        Fact.CONTACT_CANCELLED: _contact("{channel}取消", "{channel} cancelled"),
        Fact.CONTACT_FAILED: _contact("{channel}没有发成", "{channel} failed"),
        Fact.CONTACT_UNKNOWN: _contact("{channel}状态不明，正在核对", "{channel} unknown, being settled"),
        Fact.REFUSED: _refused,
        Fact.STOPPED: _stopped,
        Fact.STOP_RELEASED: _fixed("恢复联系", "stop lifted"),
        Fact.NOT_PUSHED_IN_STATE: _in_state,
        Fact.NO_CAMPAIGN: _fixed("这一项现在没有开展活动", "no campaign runs for this"),
        Fact.PAUSED: _fixed("已暂停", "paused"),
        Fact.DATE_AHEAD: _date_ahead,
        Fact.REMINDER_REFUSED: _reminder_refused,
    }
)
