"""好几天没见他出门: hearing, in what somebody reports, that a person has not been seen."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from models.care import CareEntry
from models.resident import Resident
from models.vocabulary import CareReason

_DAYS = r"(好几|好多|几|两|三|四|五|六|七|一个?星期|一周|半个月|几个?晚上|\d)[天日]?(多|了|都)*"
_SEEN = r"(见|见到|见过|看见|看到|看见过|听见|露面|出门|出来|出声|下楼|开门|动静|见人)"
_UNSEEN = rf"(没|没有|未|冇|都没|不)[^，。！？,.!?]{{0,6}}{_SEEN}"
_ABOUT = re.compile(rf"{_DAYS}[^，。！？,.!?]{{0,4}}{_UNSEEN}|{_UNSEEN}[^，。！？,.!?]{{0,8}}{_DAYS}")
_PERSON = re.compile(
    r"(他|她|佢|人|老太|老头|老伯|老人|爷爷|奶奶|阿婆|阿公|阿姨|大爷|大妈|大叔|伯伯|婆婆|邻居|隔壁|楼上|楼下|对门|独居|一个人住)"
)
# 好几天没人来收垃圾, 几天没见人来修: what is missed is a service, not a person.
_SERVICE = re.compile(r"(人来|来人|来(收|修|扫|拉|处理|管)|师傅|环卫|物业|垃圾|路灯|水电|快递)")


def is_worry(text: str) -> bool:
    """Whether the words say that somebody has not been seen for days."""
    words = re.sub(r"[\s“”\"]", "", text)
    found = _ABOUT.search(words)
    return found is not None and _PERSON.search(words) is not None and _SERVICE.search(words) is None


def note_worry(
    session: Session, text: str, *, reported_by: int | None, message_id: int | None, now: datetime
) -> CareEntry:
    """Put a report on the list of the street that whoever reported it lives in; whom it is about is found there."""
    reporter = session.get(Resident, reported_by) if reported_by is not None else None
    entry = CareEntry(
        reason=CareReason.REPORTED,
        street=reporter.street if reporter else None,
        community=reporter.community if reporter else None,
        message_id=message_id,
        words=text,
        opened_at=now,
    )
    session.add(entry)
    session.flush()
    return entry
