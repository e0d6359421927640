"""A day in the office: enough of everything that the pages look as they do in use."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import cycle, islice
from typing import Any

from sqlalchemy.orm import Session

from models.contact import RefusedContact
from models.conversation import Message
from models.match import Match
from models.vocabulary import (
    Author,
    CaseKind,
    CaseReason,
    Channel,
    ContactState,
    MatchState,
    Refusal,
    StopReason,
)
from outreach_api.cases.work_case import Assignee, accept, give_feedback
from scheduler.matching.moves import move_match
from scheduler.planning.stops import StopScope, place_stop
from scheduler.policies.card import PolicyCard
from scheduler.rules.evaluate import evaluate
from tests.builders import (
    NOON,
    a_case,
    a_contact,
    a_conversation,
    a_ledger_entry,
    a_match,
    a_resident,
    a_staff_member,
    a_team,
)

M = MatchState
POLICIES = {
    "elderly-allowance": {
        M.NEW: 12, M.IN_OUTREACH: 24, M.INTERESTED: 9, M.IN_QUEUE: 31, M.APPLIED_AT_HALL: 17, M.APPLIED_ONLINE: 8,
        M.APPLIED_BY_VISIT: 6, M.APPLIED_BY_REPLY: 21, M.DECLINED: 3, M.OPTED_OUT: 2,
    },
    "elderly-health-check": {M.NEW: 40, M.IN_OUTREACH: 33, M.CALLBACK: 2, M.ATTENDED: 19, M.DECLINED: 4},
    "disabled-living-subsidy": {M.IN_OUTREACH: 5, M.IN_QUEUE: 4, M.APPLIED_ONLINE: 2, M.ALREADY_ENROLLED: 1},
}  # fmt: skip
NAMES = ("陈秀兰", "黄志强", "李桂英", "林国栋", "欧阳慧", "王阿婆", "<b>张</b>", "=1+1", '周\'; DROP TABLE "case";--')
TALK = (
    (
        Author.ASSISTANT,
        "陈秀兰您好，这里是东门街道。您满70岁了，每月可以领200元高龄津贴。想领请回“同意”，想问什么直接回。退订回T。",
    ),
    (Author.RESIDENT, "真的假的，要不要钱"),
    (Author.ASSISTANT, "不要钱，也不会问您银行卡号和验证码。您也可以打12345核实。"),
    (Author.RESIDENT, "我不会弄手机，我电话13800001234，能不能来个人，我叫陈秀兰"),
    (Author.ASSISTANT, "好的，我们安排工作人员上门帮您办，三个工作日内和您约时间。"),
)


def a_busy_day(session: Session, cards: dict[str, PolicyCard]) -> int:
    """Fill the database; the id of a case worth looking at."""
    matches = _matches(session)
    _contacts(session, matches)
    _cases(session, matches)
    return _the_case(session, cards)


def _matches(session: Session) -> list[Match]:
    names = cycle(NAMES)
    return [
        a_match(session, a_resident(session, name=next(names)), policy_id=policy, state=state)
        for policy, states in POLICIES.items()
        for state, number in states.items()
        for _ in range(number)
    ]


def _contacts(session: Session, matches: list[Match]) -> None:
    states = cycle((ContactState.DELIVERED, ContactState.DELIVERED, ContactState.PLANNED, ContactState.UNDELIVERED))
    for match in matches[::2]:
        a_contact(session, match, state=next(states))
    a_contact(session, matches[1], state=ContactState.UNKNOWN)
    a_contact(session, matches[2], state=ContactState.ANSWERED, channel=Channel.VOICE)
    held_back = cycle((Refusal.DAILY_CAP, Refusal.QUIET_HOURS, Refusal.NO_PHONE))
    for match, reason in zip(matches[:40], islice(held_back, 40), strict=True):
        row: dict[str, Any] = {"match_id": match.id, "resident_id": match.resident_id, "reason": reason}
        session.add(RefusedContact(on=NOON.date(), at=NOON, **row))
    for match, stop in zip(matches[40:43], (StopReason.OPT_OUT, StopReason.OPT_OUT, StopReason.DECEASED), strict=True):
        scope = StopScope(match.resident_id, None)
        place_stop(session, stop, scope, placed_by="exact_word", message_id=None, now=NOON)


def _cases(session: Session, matches: list[Match]) -> None:
    team, staff = a_team(session), a_staff_member(session, display_name="何晓敏")
    kinds = cycle(
        (
            (CaseKind.HOME_VISIT, CaseReason.LADDER_EXHAUSTED),
            (CaseKind.HOME_VISIT, CaseReason.CANNOT_USE_PHONE),
            (CaseKind.HUMAN, CaseReason.NOT_UNDERSTOOD),
            (CaseKind.POLICY_QUESTION, CaseReason.NO_ANSWER_ON_CARD),
            (CaseKind.COMPLAINT, CaseReason.COMPLAINT),
            (CaseKind.HOME_VISIT, CaseReason.REQUESTED),
        )
    )
    for place, match in enumerate(matches[::4]):
        kind, reason = next(kinds)
        opened = NOON - timedelta(hours=place * 2 % 90)
        case = a_case(session, match, kind=kind, reason=reason, now=opened)
        if place % 5 == 1:
            accept(session, case.id, Assignee(team_id=team.id), by=f"team:{team.code}", now=NOON)
        elif place % 7 == 2:
            accept(session, case.id, Assignee(staff_id=staff.id), by=f"staff:{staff.id}", now=NOON)


def _the_case(session: Session, cards: dict[str, PolicyCard]) -> int:
    resident = a_resident(session, birth_date=date(1935, 2, 4), focus_groups=["高龄", "独居"], phone="+8613800001234")
    match = a_match(session, resident, state=M.IN_OUTREACH)
    facts = {"age_years": 91, "hukou": "shenzhen", "living_alone": True}
    a_ledger_entry(session, match, evaluate(cards["elderly-allowance"].rule, facts).model_dump(mode="json"))
    talk = a_conversation(session, resident, *TALK)
    asked: Message = talk.messages[3]
    asked.reading = {"ranking": [{"intent": "cannot_use_smartphone", "confidence": 0.94}], "exact": None}
    case = a_case(
        session,
        match,
        reason=CaseReason.CANNOT_USE_PHONE,
        conversation_id=talk.id,
        message_id=asked.id,
        summary="陈秀兰不会用手机，想请人上门，电话13800001234",
        now=NOON - timedelta(hours=3),
    )
    staff = a_staff_member(session, display_name="何晓敏")
    move_match(session, match, M.IN_QUEUE, because="inbound:4", now=NOON - timedelta(hours=3))
    accept(session, case.id, Assignee(staff_id=staff.id), by=f"staff:{staff.id}", now=NOON - timedelta(hours=2))
    give_feedback(
        session, case, by=f"staff:{staff.id}", now=NOON - timedelta(hours=1), note="已电话约好周四上午九点上门"
    )
    session.flush()
    return case.id
