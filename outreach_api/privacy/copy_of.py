"""A resident's copy of what is stored of them, to read: what, from whom, for what, and who looked at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.contact import Contact
from models.conversation import Consent, ContactStop, Conversation, Message
from models.event import AuditEntry
from models.match import Application, Match
from models.resident import Preference, Resident
from models.survey import SurveyAnswer, SurveyInvitation
from models.vocabulary import Direction
from outreach_api.privacy.grades import GRADES
from outreach_api.reports.names import policy_names
from outreach_api.web.vocabulary_words import VOCABULARY

ZONE = ZoneInfo("Asia/Shanghai")
KEPT_HERE = ("resident", "match", "contact", "message", "case", "consent", "contact_stop", "survey_answer")


def copy_of(session: Session, resident: Resident, *, now: datetime) -> str:
    """Markdown in Chinese, as the resident is handed it. Nothing is masked: it is theirs."""
    return "\n".join(_Copy(session, resident, now).lines()) + "\n"


class _Copy:
    def __init__(self, session: Session, resident: Resident, now: datetime) -> None:
        self.session, self.resident, self.now = session, resident, now
        self.policies = policy_names(session)

    def lines(self) -> Iterator[str]:
        yield "# 我们存了您的哪些信息"
        yield f"\n截至 {_when(self.now)}。有不对的可以要求更正，也可以要求删除、不再比对，或者找人工解释任何一项决定。"
        yield from _section("基本信息", self._record())
        yield from _section("应享未享的比对结果和依据", self._matches())
        yield from _section("申请和办理", self._applications())
        yield from _section("我们发过的消息、打过的电话", self._contacts())
        yield from _section("您说过的话和我们的回答", self._messages())
        yield from _section("您的同意", self._consents())
        yield from _section("停止联系和您的偏好", self._wishes())
        yield from _section("工单", self._cases())
        yield from _section("回访答案", self._answers())
        yield from _section("谁看过您的全文信息", self._looks())
        yield from _section("存多久、凭什么", self._terms())

    def _record(self) -> Iterator[str]:
        one = self.resident
        said = {"姓名": one.name, "身份证号": one.id_number, "出生日期": one.birth_date, "性别": _sex(one.sex)}
        said |= {
            "街道": one.street,
            "社区": one.community,
            "地址": one.address,
            "重点人群": "、".join(one.focus_groups),
        }
        yield from (f"{name}：{value}" for name, value in said.items() if value)
        yield from (f"电话：{link.phone.number}（来自 {link.source}）" for link in one.phones)

    def _matches(self) -> Iterator[str]:
        for match in self.session.scalars(
            select(Match).where(Match.resident_id == self.resident.id).order_by(Match.id)
        ):
            yield f"{_when(match.opened_at)} {self._policy(match.policy_id)}：{_word(match.state)}"
            for entry in match.ledger:
                yield f"  依据（规则 {entry.rule_version}）：{entry.trace}"

    def _applications(self) -> Iterator[str]:
        mine = select(Application).where(Application.resident_id == self.resident.id).order_by(Application.id)
        for one in self.session.scalars(mine):
            yield f"{one.occurred_on} {self._policy(one.policy_id)}：{_word(one.status)}"

    def _contacts(self) -> Iterator[str]:
        mine = select(Contact).where(Contact.resident_id == self.resident.id, Contact.sent_at.is_not(None))
        for one in self.session.scalars(mine.order_by(Contact.id)):
            yield f"{_when(one.sent_at)} {_word(one.channel)}：{one.text}"

    def _messages(self) -> Iterator[str]:
        mine = select(Message).join(Conversation, Conversation.id == Message.conversation_id)
        for one in self.session.scalars(mine.where(Conversation.resident_id == self.resident.id).order_by(Message.id)):
            yield f"{_when(one.at)} {'您' if one.direction is Direction.IN else '我们'}：{one.text}"

    def _consents(self) -> Iterator[str]:
        for one in self.session.scalars(select(Consent).where(Consent.resident_id == self.resident.id)):
            taken_back = f"，{_when(one.withdrawn_at)} 撤回" if one.withdrawn_at else ""
            yield f"{_when(one.given_at)} {self._policy(one.policy_id)}：{one.text}{taken_back}"

    def _wishes(self) -> Iterator[str]:
        for stop in self.session.scalars(select(ContactStop).where(ContactStop.resident_id == self.resident.id)):
            released = f"，{_when(stop.released_at)} 解除" if stop.released_at else ""
            yield f"{_when(stop.placed_at)} {_word(stop.reason)}{released}"
        for one in self.session.scalars(select(Preference).where(Preference.resident_id == self.resident.id)):
            yield f"{_when(one.since)} {one.name}"
        if self.resident.profiling_refused_at:
            yield f"{_when(self.resident.profiling_refused_at)} 不同意比对"

    def _cases(self) -> Iterator[str]:
        for one in self.session.scalars(select(Case).where(Case.resident_id == self.resident.id).order_by(Case.id)):
            yield f"{_when(one.opened_at)} {_word(one.kind)}（{_word(one.state)}）：{one.summary or ''}"

    def _answers(self) -> Iterator[str]:
        mine = select(SurveyAnswer).join(SurveyInvitation, SurveyInvitation.id == SurveyAnswer.invitation_id)
        for one in self.session.scalars(mine.where(SurveyInvitation.resident_id == self.resident.id)):
            yield f"{_when(one.at)} {one.question}：{one.text or one.value}"

    def _looks(self) -> Iterator[str]:
        subject = f"resident:{self.resident.id}"
        looks = (AuditEntry.subject == subject, AuditEntry.action.startswith("reveal."))
        for one in self.session.scalars(select(AuditEntry).where(*looks).order_by(AuditEntry.id)):
            yield f"{_when(one.at)} {one.actor} 看了{one.action.removeprefix('reveal.')}，目的：{one.purpose or ''}"

    def _terms(self) -> Iterator[str]:
        for table in KEPT_HERE:
            graded = GRADES[table]
            yield f"{graded.zh}：{graded.kept.zh}"

    def _policy(self, policy_id: str) -> str:
        return self.policies.get(policy_id, policy_id)


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield f"\n## {title}\n"
    said = [f"- {line}" for line in lines]
    yield from said or ["- 没有"]


def _when(at: datetime | None) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" if at else ""


def _sex(sex: str | None) -> str | None:
    return {"female": "女", "male": "男"}.get(sex or "")


def _word(value: object) -> str:
    words = next((words for kind, words in VOCABULARY.items() if type(value) is kind), {})
    return words[str(value)][0] if str(value) in words else str(value)
