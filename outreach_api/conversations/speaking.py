"""Who is speaking: nothing personal before the speaker is known (rule 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from models.resident import Resident
from models.vocabulary import CaseKind, CaseReason, ConversationOutcome, Question, Topic
from outreach_api.conversations.decision import Identify, OpenCase, Person, Standing
from outreach_api.conversations.draft import Draft
from outreach_api.conversations.firms import firms_named, sounds_like_a_firm

IDENTITY_TRIES = 3
_MONTHS = {name: month for month, name in enumerate("一二三四五六七八九十", start=1)}
_MONTHS |= {"十一": 11, "十二": 12, "正": 1, "腊": 12}
_BIRTH_MONTH = re.compile(r"(?<!\d)(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九正腊])\s*月")
_SURNAMES = (
    re.compile(r"姓\s*(?P<said>[\u4e00-\u9fff]{1,2})"),
    re.compile(r"^\s*(?P<said>[\u4e00-\u9fff]{1,4})[\s,，.。、]*(?=\d|十|[一二三四五六七八九正腊]\s*月)"),
)
_SURNAME_LENGTHS = (2, 1)
_WORDS_OF_RELATION: Mapping[str, str] = MappingProxyType(
    {
        "女儿": "女儿 闺女",
        "女婿": "女婿",
        "儿媳": "儿媳 媳妇",
        "孙辈": "孙女 孙子 外孙",
        "儿子": "儿子",
        "老伴": "老伴 老公 老婆 先生 太太",
        "照护人": "护工 保姆 监护",
        "兄弟姐妹": "妹 弟 姐 哥",
        "侄辈": "侄",
        "子女": "我妈 我爸 我母亲 我父亲 阿妈 老豆",
        "家属": "家属",
    }
)
_OWN_NAME = re.compile(r"(我|本人|免贵)\s*(是)?\s*姓")
_KIN = "妈妈?|母亲|爸爸?|父亲|奶奶|爷爷|外婆|外公|婆婆|公公|岳母|岳父|老伴|老公|老婆|先生|太太|老豆|老妈|阿[妈婆公]"
_ANOTHERS_NAME = re.compile(rf"(我家?(里)?({_KIN})|老人家?|老太太|老爷子|她|他|佢)\s*(是|叫)?\s*姓")
_RELATIONS = {word: relation for relation, words in _WORDS_OF_RELATION.items() for word in words.split()}
_IS_KIN = re.compile(rf"我(就)?[是系係][^，,。]{{0,8}}?({'|'.join(_RELATIONS)})")


def may_not_speak(draft: Draft, pending: Topic | str) -> bool:
    """Whether the speaker has to be known first. Then that is asked, or given to a person."""
    if draft.context.standing is Standing.KNOWN:
        return False
    if draft.context.standing is Standing.STRANGER or draft.state.identity_tries >= IDENTITY_TRIES:
        draft.say("stranger")
        draft.do(OpenCase(CaseKind.HUMAN, CaseReason.UNKNOWN_CALLER, summary=draft.heard.text[:300]))
        draft.conclude(ConversationOutcome.ESCALATED)
    else:
        draft.say("ask_identity")
        draft.set(asked=Question.IDENTITY, pending=pending)
    return True


def names_somebody(text: str) -> bool:
    """Whether the text tries to answer 姓什么、几月生的."""
    return bool(_BIRTH_MONTH.search(text))


def says_who_speaks(draft: Draft) -> bool:
    """Whether the text tries to say who speaks, for themselves or for a firm."""
    text = draft.heard.text
    return names_somebody(text) or bool(_fitting(draft)) or (draft.is_with_firm and sounds_like_a_firm(text))


def whom_they_name(draft: Draft) -> Person | None:
    """The one of the household whom the text fits."""
    fitting = _fitting(draft)
    return fitting[0] if len(fitting) == 1 else None


def speaks_as(draft: Draft) -> str | None:
    """What somebody who names a person is to that person; None: they name themselves.

    我姓王 is always one's own name. 我妈姓王 is not, nor is 姓王 from who has said 我是她女儿.
    """
    text = draft.heard.text
    if _OWN_NAME.search(text):
        return None
    of_another = _ANOTHERS_NAME.search(text) or _IS_KIN.search(text)
    return draft.state.relation or (relation_in(text) or "家人" if of_another else None)


def identify(draft: Draft) -> Person | None:
    """Take surname and birth month for an answer; exactly one of the household must fit, in three tries."""
    fitting = _fitting(draft)
    if len(fitting) == 1:
        draft.do(Identify(fitting[0].resident_id))
        draft.know(fitting[0])
        draft.say("identified")
        draft.set(asked=Question.INTEREST, identity_tries=0)
        return fitting[0]
    tries = draft.state.identity_tries + 1
    draft.set(identity_tries=tries)
    if tries < IDENTITY_TRIES:
        draft.say("ask_identity_again")
    else:
        give_up_on_identity(draft, CaseReason.UNKNOWN_CALLER)
    return None


def give_up_on_identity(draft: Draft, reason: CaseReason) -> None:
    """A person finds out who it is."""
    draft.say("identity_failed")
    draft.do(OpenCase(CaseKind.HUMAN, reason))
    draft.set(asked=None)
    draft.conclude(ConversationOutcome.ESCALATED)


def another_speaks(draft: Draft) -> bool:
    """On a shared phone somebody else of the household now says who they are; nobody is taken for them by mistake."""
    fitting = _fitting(draft)
    return (
        draft.is_known and len(draft.context.household) > 1 and len(fitting) == 1 and fitting[0] != draft.context.person
    )


def turn_to_another(draft: Draft) -> None:
    """What was open for the one who spoke before is not open for the next."""
    draft.set(asked=None, focus=None, pending=None, agreed=None, relation=None, menu=())
    draft.set(confirmations=0, which_tries=0, misses=0)
    draft.outcome = ConversationOutcome.NO_DECISION


def _fitting(draft: Draft) -> list[Person]:
    """Whom the text names: firms by their name and their clerk's, people by surname and birth month."""
    household, text = draft.context.household, draft.heard.text
    named = firms_named([person for person in household if person.is_firm], text)
    return named or [person for person in household if not person.is_firm and _fits(person, text)]


def _fits(person: Person, text: str) -> bool:
    month = _BIRTH_MONTH.search(text)
    surname = next((found for pattern in _SURNAMES if (found := pattern.search(text))), None)
    if not month or not surname or person.birth_month is None:
        return False
    said_month = int(month["month"]) if month["month"].isdigit() else _MONTHS[month["month"]]
    return said_month == person.birth_month and _is_surname(surname["said"], person.name)


def fits_resident(resident: Resident, *, surname: str, month: int) -> bool:
    """Whether surname and birth month, given apart, are this resident's."""
    born = resident.birth_date
    return born is not None and born.month == month and _is_surname(surname.strip(), resident.name)


def _is_surname(said: str, name: str) -> bool:
    return any(name[:length] == said[:length] and len(said) >= length for length in _SURNAME_LENGTHS)


def relation_in(text: str) -> str | None:
    """What the speaker is to the resident."""
    return next((relation for word, relation in _RELATIONS.items() if word in text), None)


def take_family_member(draft: Draft) -> None:
    """Welcome them, once; from here on nothing personal until the resident nods."""
    relation = relation_in(draft.heard.text) or draft.state.relation or "家人"
    draft.set(relation=relation)
