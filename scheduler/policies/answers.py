"""Answers to residents, from the policy card alone: spoken Chinese with source and date, or an abstention."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from models.vocabulary import Audience, Channel, Topic
from scheduler.policies.card import Amount, Band, Period, PolicyCard, PolicyKind, PolicyStatus, Source
from scheduler.policies.faq_search import Faq
from scheduler.rules.fields import FIELDS
from scheduler.rules.rule import AllOf, AnyOf, Clause, NotOf, Rule

SMS_SEGMENT = 67
SMS_LONGEST = 2 * SMS_SEGMENT


class NoAnswer(StrEnum):
    """Why the card cannot answer."""

    NOT_KNOWN = "not_known"
    NOT_VERIFIED = "not_verified"
    NOT_IN_FORCE = "not_in_force"
    NOT_ON_A_CARD = "not_on_a_card"


@dataclass(frozen=True, slots=True)
class Abstain:
    topic: Topic
    reason: NoAnswer


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, and on what ground. `source` is absent only where we speak for ourselves (scam warnings)."""

    topic: Topic
    lines: tuple[str, ...]
    policy_id: str
    policy_version: int
    channel: Channel
    source: str | None
    source_url: str | None
    dated: str | None

    @property
    def text(self) -> str:
        """The lines with source and date; a text message drops its last lines rather than run past two segments."""
        ground = self._ground()
        lines = list(self.lines)
        while self.channel is Channel.SMS and len(lines) > 1 and len("".join(lines) + ground) > SMS_LONGEST:
            lines.pop()
        return "".join(lines) + ground

    def _ground(self) -> str:
        said = "，".join(part for part in (self.source, self.dated) if part)
        if not said:
            return ""
        return f"这是按{said}的规定说的。" if self.channel is Channel.VOICE else f"（{said}）"


_SPOKEN_PERIODS = {Period.MONTH: "每月", Period.TERM: "每学期", Period.YEAR: "每年", Period.ONCE: "一次性"}
_CLOSED = {
    PolicyStatus.CLOSED_TO_NEW: "这一项已经不收新的申请了，下面说的是原来的规定。",
    PolicyStatus.HISTORICAL: "这一项已经结束了，下面说的是当时的规定。",
}
_NO_SCAM = "您小心是对的。我们不收钱，也绝不会问您身份证号、银行卡号、密码和验证码。"


def answer(
    card: PolicyCard,
    topic: Topic,
    *,
    age_years: int | None,
    today: date,
    channel: Channel,
    facts: Mapping[str, object] | None = None,
) -> Answer | Abstain:
    """Answer one topic from the card.

    `age_years` and `facts` (rule field → value) pick this resident's own amount. What the card does not know (`null`),
    and everything on a card that is neither trusted nor verified, is abstained from: never guessed, never taken from a
    rejected value. Where no source on the topic may be shown, the deciding department is named instead.
    """
    if topic is Topic.SCAM:
        return _speak(card, topic, (_NO_SCAM, *_ask_in_person(card)), channel)
    if not card.is_trusted():
        return Abstain(topic, NoAnswer.NOT_VERIFIED)
    if card.effective_from is not None and today < card.effective_from:
        return Abstain(topic, NoAnswer.NOT_IN_FORCE)
    known = dict(facts or {})
    if age_years is not None:
        known["age_years"] = age_years
    lines = tuple(_LINES[topic](card, known))
    if not lines:
        return Abstain(topic, NoAnswer.NOT_KNOWN if topic in _ON_A_CARD else NoAnswer.NOT_ON_A_CARD)
    return _speak(card, topic, (*_closed(card, today), *lines), channel)


def answer_by_faq(card: PolicyCard, faq: Faq, *, channel: Channel) -> Answer:
    """A reviewed answer to a question asked before, with the ground that its topic has on the card."""
    return _speak(card, faq.topic, (faq.answer,), channel)


def _speak(card: PolicyCard, topic: Topic, lines: tuple[str, ...], channel: Channel) -> Answer:
    if topic is Topic.SCAM:
        return Answer(topic, lines, card.id, card.version, channel, source=None, source_url=None, dated=None)
    source = card.source_for(topic)
    return Answer(
        topic=topic,
        lines=lines,
        policy_id=card.id,
        policy_version=card.version,
        channel=channel,
        source=source.shown_as if source else card.department.zh,
        source_url=source.url if source else None,
        dated=_dated(card, source),
    )


def _dated(card: PolicyCard, source: Source | None) -> str | None:
    """Since when the source has been in force; where that is not known, when it was checked or how old it is."""
    since = source.effective_from if source else None
    if since is not None:
        return f"{since.year}年{since.month}月起"
    if card.verified is not None:
        return f"{card.verified.at.year}年{card.verified.at.month}月核实"
    if card.as_of is None:
        return None
    year, *rest = card.as_of.split("-")
    return f"资料到{year}年{int(rest[0])}月" if rest else f"资料到{year}年"


def _closed(card: PolicyCard, today: date) -> Iterator[str]:
    if card.status in _CLOSED:
        yield _CLOSED[card.status]
    elif card.effective_to is not None and card.effective_to < today:
        yield _CLOSED[PolicyStatus.HISTORICAL]


def _eligibility(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    yield f"要符合：{_in_words(card.rule)}。"


def _in_words(rule: Rule) -> str:
    match rule:
        case Clause():
            return rule.label.zh if rule.exempt is None else f"{rule.label.zh}（{_in_words(rule.exempt)}的除外）"
        case NotOf():
            return rule.label.zh if rule.label else f"不是{_in_words(rule.part)}"
        case AnyOf():
            return rule.label.zh if rule.label else "或者".join(_in_words(part) for part in rule.parts)
        case AllOf():
            return rule.label.zh if rule.label else "，".join(_in_words(part) for part in rule.parts)


def _amount(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    amount = card.amount
    if amount is None:
        return
    own = _own_band(amount, known)
    if own is not None:
        yield f"{_who(card, amount, known)}{_yuan(amount, own)}。"
    elif amount.bands and (amount.by in (None, "age_years") or not amount.say):
        yield "，".join(f"{_band_in_words(amount, band)}{_yuan(amount, band)}" for band in amount.bands) + "。"
    if amount.say and not (own is not None and amount.by not in (None, "age_years")):
        yield amount.say
    elif amount.covers and not amount.say:
        yield f"包括{'、'.join(amount.covers)}。"


def _own_band(amount: Amount, known: Mapping[str, object]) -> Band | None:
    if not amount.bands or (amount.by is not None and amount.by not in known):
        return None
    return next((band for band in amount.bands if band.holds(known.get(amount.by or ""))), None)


def _who(card: PolicyCard, amount: Amount, known: Mapping[str, object]) -> str:
    if amount.by == "age_years":
        return f"您今年{known['age_years']}岁，"
    whose = "贵单位" if card.audience is Audience.ENTERPRISE else "您家"
    return f"按{whose}的情况，" if amount.by else ""


def _band_in_words(amount: Amount, band: Band) -> str:
    if band.values:
        codes = FIELDS[amount.by].codes if amount.by else {}
        return "、".join(codes.get(value, value) for value in band.values)
    unit = FIELDS[amount.by].unit_zh if amount.by else ""
    if band.from_ is None:
        return "" if band.to is None else f"{band.to}{unit}以下"
    return f"满{band.from_}{unit}" if band.to is None else f"{band.from_}到{band.to}{unit}"


def _yuan(amount: Amount, band: Band) -> str:
    period = _SPOKEN_PERIODS[amount.per] if amount.per else ""
    return f"{period}{'最多' if amount.at_most else ''}{band.yuan:g}元"


def _documents(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    if card.documents is None:
        return
    if card.documents.say:
        yield card.documents.say
    elif card.documents.needed is not None:
        yield f"要带{'、'.join(card.documents.needed)}。" if card.documents.needed else "不用带材料。"


def _how_to_apply(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    ways = card.how_to_apply
    if ways is None:
        return
    if ways.say:
        yield ways.say
        return
    if ways.online:
        yield f"手机上可以用{'、'.join(ways.online)}办。"
    if ways.offline:
        yield f"也可以到{'、'.join(ways.offline)}办。" if ways.online else f"到{'、'.join(ways.offline)}办。"


def _where(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    if card.where is None:
        return
    if card.where.say:
        yield card.where.say
    elif card.where.places:
        yield f"到{'、'.join(card.where.places)}。"


def _deadline(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    if card.deadlines is None:
        return
    if card.deadlines.say:
        yield card.deadlines.say
    elif card.deadlines.all_year:
        yield "全年都能办，不限时间。"


def _payment_date(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    if card.kind is PolicyKind.SERVICE and not (card.payment and card.payment.say):
        yield "这一项是服务，不是发钱的。"
    if card.payment is None:
        return
    if card.payment.say:
        yield card.payment.say
    elif card.payment.day is not None:
        yield f"每月{card.payment.day}号以前到账。"


def _processing_time(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    if card.processing_time is None:
        return
    if card.processing_time.say:
        yield card.processing_time.say
    elif card.processing_time.working_days is not None:
        yield f"交齐材料后，一般{card.processing_time.working_days}个工作日办好。"


def _proxy(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    if card.proxy is None:
        return
    if card.proxy.say:
        yield card.proxy.say
    elif card.proxy.allowed is not None:
        yield "家里人可以帮您办。" if card.proxy.allowed else "这个要您本人来办。"


def _ask_in_person(card: PolicyCard) -> Iterator[str]:
    places = card.how_to_apply.offline if card.how_to_apply else None
    if places:
        yield f"不放心的话，可以到{places[0]}当面问清楚。"


def _not_on_a_card(card: PolicyCard, known: Mapping[str, object]) -> Iterator[str]:
    return iter(())


# Every topic has its line; a resident's own case (status) and other items are not a card's to answer.
_LINES: Mapping[Topic, Callable[[PolicyCard, Mapping[str, object]], Iterator[str]]] = {
    Topic.ELIGIBILITY: _eligibility,
    Topic.AMOUNT: _amount,
    Topic.DOCUMENTS: _documents,
    Topic.HOW_TO_APPLY: _how_to_apply,
    Topic.WHERE: _where,
    Topic.DEADLINE: _deadline,
    Topic.PAYMENT_DATE: _payment_date,
    Topic.PROCESSING_TIME: _processing_time,
    Topic.PROXY: _proxy,
    Topic.STATUS: _not_on_a_card,
    Topic.OTHER_BENEFITS: _not_on_a_card,
}
_ON_A_CARD = frozenset(topic for topic, lines in _LINES.items() if lines is not _not_on_a_card)
