"""A resident's copy of what is stored of them, to read: what, from whom, for what, and who looked at it.

One content, in three forms: a page for a browser or a printer, Markdown, and JSON for another system.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from html import escape
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
from outreach_api.cases.why_eligible import why_eligible
from outreach_api.privacy.grades import GRADES
from outreach_api.privacy.notice import ASK_A_PERSON, GUARDIANS
from outreach_api.reports.names import policy_names
from outreach_api.web.vocabulary_words import VOCABULARY
from scheduler.rules.evaluate import Verdict
from scheduler.rules.fields import in_words
from scheduler.rules.guardians import has_guardian

ZONE = ZoneInfo("Asia/Shanghai")
KEPT_HERE = ("resident", "match", "contact", "message", "case", "consent", "contact_stop", "survey_answer")


class CopyForm(StrEnum):
    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ResidentCopy:
    title: str
    lead: str
    sections: tuple[Section, ...]

    def written(self, form: CopyForm) -> str:
        match form:
            case CopyForm.JSON:
                return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"
            case CopyForm.MARKDOWN:
                parts = [f"# {self.title}", self.lead]
                parts += [f"## {one.title}\n\n" + "\n".join(f"- {line}" for line in one.lines) for one in self.sections]
                return "\n\n".join(parts) + "\n"
            case CopyForm.HTML:
                return self._html()

    def _html(self) -> str:
        """A file of its own: it needs no network and no program but a browser."""
        parts = [f"<h1>{escape(self.title)}</h1>", f"<p>{escape(self.lead)}</p>"]
        for one in self.sections:
            items = "".join(f"<li>{escape(line)}</li>" for line in one.lines)
            parts.append(f"<h2>{escape(one.title)}</h2><ul>{items}</ul>")
        body = "\n".join(parts)
        return _PAGE.format(title=escape(self.title), body=body)


_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:18px/1.7 sans-serif;max-width:42em;margin:2em auto;padding:0 1em;overflow-wrap:anywhere}}</style>
</head><body>
{body}
</body></html>
"""


def copy_of(session: Session, resident: Resident, *, now: datetime) -> ResidentCopy:
    """In plain Chinese, as the resident, or the guardian of a child under fourteen, is handed it.

    Nothing is masked: it is theirs.
    """
    return _Copy(session, resident, now).made()


class _Copy:
    def __init__(self, session: Session, resident: Resident, now: datetime) -> None:
        self.session, self.resident, self.now = session, resident, now
        self.policies = policy_names(session)

    def made(self) -> ResidentCopy:
        to_guardian = has_guardian(self.resident.birth_date, on=self.now.astimezone(ZONE).date())
        lead = f"截至 {_when(self.now)}。有不对的可以要求更正，也可以要求删除、不再比对，或者找人工解释任何一项决定。"
        sections = (
            ("基本信息", self._record()),
            ("应享未享的比对结果和依据", self._matches()),
            ("申请和办理", self._applications()),
            ("我们发过的消息、打过的电话", self._contacts()),
            ("您说过的话和我们的回答", self._messages()),
            ("您的同意", self._consents()),
            ("停止联系和您的偏好", self._wishes()),
            ("工单", self._cases()),
            ("回访答案", self._answers()),
            ("谁看过您的全文信息", self._looks()),
            ("存多久、凭什么", self._terms()),
        )
        return ResidentCopy(
            title="我们存了孩子的哪些信息（交监护人）" if to_guardian else "我们存了您的哪些信息",
            lead=f"{lead}{GUARDIANS}" if to_guardian else lead,
            sections=tuple(Section(title, tuple(lines) or ("没有",)) for title, lines in sections),
        )

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
            yield from decided(match)
            yield ASK_A_PERSON

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


_VERDICTS = {Verdict.TRUE: "符合", Verdict.FALSE: "不符合", Verdict.UNKNOWN: "登记里看不出来"}


def decided(match: Match) -> Iterator[str]:
    """What a match rests on, in plain Chinese, part by part."""
    for line in why_eligible(match, shows_sensitive=True):
        seen = f"（{line.field.zh}：登记的是{in_words(line.field, line.seen)}）" if line.field else ""
        yield f"{'　' * line.depth}{line.label.zh}{seen}：{_VERDICTS[line.verdict]}"
    for entry in match.ledger:
        yield f"用的规则是第 {entry.rule_version} 版，{_when(entry.at)} 比对"


def _when(at: datetime | None) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}" if at else ""


def _sex(sex: str | None) -> str | None:
    return {"female": "女", "male": "男"}.get(sex or "")


def _word(value: object) -> str:
    words = next((words for kind, words in VOCABULARY.items() if type(value) is kind), {})
    return words[str(value)][0] if str(value) in words else str(value)
