"""What each stored column is: how close it comes to a person, what it is kept for, on what ground, and for how long.

One table. A column that is missing here fails the tests; `./outreach privacy table` prints it for docs/privacy.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Grade(StrEnum):
    GENERAL = "general"
    """About the work, not about a person."""
    PERSONAL = "personal"
    """About a person, or leads to one."""
    SENSITIVE = "sensitive"
    """Could harm a person where it gets out: ID number, address, health, disability, income, what they said."""


class Ground(StrEnum):
    DUTY = "duty"
    """Needed for the district's own task by law: finding and serving who is eligible."""
    CONSENT = "consent"
    """The resident asked for it or agreed, and may take that back."""
    PROOF = "proof"
    """Needed to show afterwards that the duty was kept, or to keep a promise to somebody who wants no contact."""
    OPERATION = "operation"
    """Needed to run the house; about staff and machines."""


@dataclass(frozen=True)
class Kept:
    """For how long, from what moment on; `lasts` None: as long as what it belongs to."""

    zh: str
    en: str
    lasts: timedelta | None = None


# Six months is the least for records of messages; the rest are the district's to change, here, on the record of code.
WITH_PERSON = Kept("随居民记录", "as long as the resident's record")
WITH_MATCH = Kept("随匹配记录", "as long as the match")
WITH_CASE = Kept("随工单", "as long as the case")
RENEWED = Kept("到期更换", "until it is renewed")
WITH_STAFF = Kept("随账号", "as long as the account")
ALWAYS = Kept("长期", "for good")
STOPS = Kept("长期（退订、去世后不再联系）", "for good: who opted out or died is not contacted again")
MESSAGES = Kept("三年，至少六个月", "three years, at least six months", timedelta(days=3 * 365))
CALL_WORDS = Kept("六个月后删除", "six months", timedelta(days=183))
WIRE = Kept("一年", "a year", timedelta(days=365))
LIVE = Kept("九十天", "ninety days", timedelta(days=90))
CODES = Kept("失效后九十天", "ninety days after it expired", timedelta(days=90))
TOLD = Kept("三十天", "thirty days", timedelta(days=30))
ANSWERED_ONCE = Kept("七天", "seven days", timedelta(days=7))
SESSIONS = Kept("六个月", "six months", timedelta(days=183))


@dataclass(frozen=True)
class TableGrades:
    zh: str
    en: str
    """What it is kept for."""
    ground: Ground
    kept: Kept
    general: str = ""
    personal: str = ""
    sensitive: str = ""

    def columns(self) -> Iterator[tuple[str, Grade]]:
        for grade, names in zip(Grade, (self.general, self.personal, self.sensitive), strict=True):
            for name in names.split():
                yield name, grade


_D, _C, _P, _O = Ground.DUTY, Ground.CONSENT, Ground.PROOF, Ground.OPERATION
_T = TableGrades

GRADES: dict[str, TableGrades] = {
    # People
    "resident": _T(
        "找到并联系应享未享的人",
        "finding and reaching who is eligible",
        _D,
        WITH_PERSON,
        general="id audience created_at",
        personal="person_key name name_index birth_date sex street community status profiling_refused_at erased_at "
        "merged_into_id",
        sensitive="id_number id_number_index address life_stage focus_groups",
    ),
    "phone": _T(
        "联系",
        "reaching them",
        _D,
        WITH_PERSON,
        general="id state carrier_failures",
        personal="number number_index",
    ),
    "resident_phone": _T(
        "谁的电话", "whose phone it is", _D, WITH_PERSON, general="source", personal="id resident_id phone_id rank"
    ),
    "preference": _T(
        "按本人意愿联系",
        "keeping to their wishes",
        _C,
        WITH_PERSON,
        general="id since",
        personal="resident_id name value",
    ),
    "enterprise": _T(
        "惠企联系人",
        "whom to ask for at a firm",
        _D,
        WITH_PERSON,
        general="credit_code size industry",
        personal="resident_id clerk",
    ),
    "mandate": _T(
        "家人代办",
        "a family member may speak for them",
        _C,
        WITH_PERSON,
        general="id policy_id proof granted_at expires_at revoked_at revoked_because",
        personal="resident_id holder phone_id relation",
    ),
    "consent": _T(
        "本人同意的证据",
        "proof that they agreed",
        _P,
        MESSAGES,
        general="id policy_id policy_version given_at withdrawn_at",
        personal="resident_id match_id message_id mandate_id",
        sensitive="text",
    ),
    "contact_stop": _T(
        "不再联系",
        "not contacting them again",
        _P,
        STOPS,
        general="id placed_at placed_by released_at released_by release_reason",
        personal="reason resident_id phone_id message_id",
    ),
    # Matching
    "match": _T(
        "应享未享",
        "who should receive and does not",
        _D,
        WITH_PERSON,
        general="id episode policy_version needs_asking opened_at closed_at state_changed_at callback_at "
        "eligible_from version",
        sensitive="resident_id policy_id state",
    ),
    "match_change": _T(
        "匹配的经过", "how a match went on", _P, WITH_MATCH, general="id at because", sensitive="match_id old new"
    ),
    "match_ledger": _T(
        "匹配的依据",
        "what a match rests on",
        _P,
        WITH_MATCH,
        general="id at delta opened snapshot_id rule_version",
        sensitive="match_id row trace",
    ),
    "refused_contact": _T(
        "没有联系的原因",
        "why somebody was not contacted",
        _P,
        WITH_MATCH,
        general="id on at",
        personal="match_id resident_id reason",
    ),
    "notice_given": _T(
        "告知记录",
        "who was told of the use of their data",
        _P,
        WITH_PERSON,
        general="id channel at contact_id",
        personal="resident_id",
    ),
    "reminder": _T(
        "提醒复核和期限",
        "reminding of reviews and deadlines",
        _D,
        WITH_PERSON,
        general="id occasion on tell_from until created_at contact_id refusal refused_at",
        sensitive="resident_id policy_id",
    ),
    "application": _T(
        "办成没有",
        "whether it was applied for",
        _D,
        WITH_PERSON,
        general="id external_ref channel occurred_on received_at",
        sensitive="status resident_id policy_id",
    ),
    "snapshot": _T("比对的口径", "what a matching counted", _P, ALWAYS, general="id digest as_of counts created_at"),
    # Reaching
    "campaign": _T(
        "触达活动",
        "campaigns",
        _O,
        ALWAYS,
        general="id kind policy_id name state priority daily_cap starts_on ends_on paused_because created_by "
        "approved_by approved_at notice audience waives chat_link cadence",
    ),
    "campaign_phase": _T("分批", "random phases", _O, ALWAYS, general="campaign_id number starts_on"),
    "campaign_forecast": _T(
        "预测",
        "forecasts",
        _O,
        ALWAYS,
        general="id policy_id made_at made_by starts_on days seeds matches assumptions expected",
    ),
    "contact": _T(
        "发了什么、到没到",
        "what was sent and whether it arrived",
        _P,
        MESSAGES,
        general="id campaign_id channel purpose ladder_step state template_key created_at due_at expires_at "
        "attempts fence claimed_at sent_at settled_at provider provider_ref receipt_rank cause vendor_code "
        "refusal missed_listings last_listed_at conversation_id inbound_id",
        personal="resident_id phone_id",
        sensitive="variables text",
    ),
    "contact_match": _T(
        "一条触达说到哪几项",
        "which matches a contact spoke of",
        _P,
        WITH_MATCH,
        general="number",
        personal="contact_id match_id",
    ),
    "receipt": _T(
        "运营商回执",
        "the carrier's receipts",
        _P,
        WIRE,
        general="id contact_id provider provider_ref status vendor_code received_at applied_at",
        personal="to_index",
    ),
    "conversation": _T(
        "会话",
        "talks",
        _D,
        MESSAGES,
        general="id stage taken_over_by started_at last_at version",
        personal="resident_id phone_id",
        sensitive="state outcome",
    ),
    "message": _T(
        "原话",
        "their exact words",
        _P,
        MESSAGES,
        general="id conversation_id at direction author channel inbound_id contact_id",
        sensitive="text reading shown",
    ),
    "inbound": _T(
        "来信先落盘",
        "what came in, before it is answered",
        _P,
        WIRE,
        general="id provider provider_ref channel recipient received_at state due_at attempts fence claimed_at "
        "settled_at call_id chat_visit_id button",
        personal="sender sender_index",
        sensitive="text",
    ),
    "call": _T(
        "电话",
        "calls",
        _P,
        MESSAGES,
        general="id provider provider_ref direction contact_id answered_by started_at ended_at "
        "ended_because seconds version",
        personal="number number_index resident_id",
        sensitive="state",
    ),
    "call_word": _T(
        "坐席在电话里要说的话",
        "what a supervisor has a call say",
        _O,
        CALL_WORDS,
        general="id call_id by at said_at",
        sensitive="text",
    ),
    "talk_mark": _T(
        "质检标记",
        "marks of quality",
        _O,
        MESSAGES,
        general="id conversation_id at by flag score settled_at",
        sensitive="note",
    ),
    "word_index": _T("检索会话", "finding talks by their words", _D, MESSAGES, sensitive="pair conversation_id"),
    "chat_link": _T(
        "网页聊天",
        "links to the chat page",
        _D,
        WITH_PERSON,
        general="id token_hash contact_id created_at created_by expires_at revoked_at tries locked_at",
        personal="resident_id phone_id",
    ),
    "chat_visit": _T(
        "网页聊天",
        "visits of the chat page",
        _D,
        WITH_PERSON,
        general="id link_id secret_hash opened_at expires_at seen_at real_name",
        personal="relation",
    ),
    "wechat_follower": _T(
        "公众号",
        "WeChat followers",
        _C,
        WITH_PERSON,
        general="id follows last_heard_at failed_codes bound_at notices",
        personal="openid openid_index resident_id phone_id",
    ),
    "wechat_code": _T(
        "绑定公众号",
        "binding a WeChat account",
        _C,
        CODES,
        general="id code_hash created_at expires_at used_by",
        personal="resident_id phone_id",
    ),
    "wechat_seen": _T("重复消息", "messages seen already", _O, LIVE, general="signature at"),
    "wechat_token": _T("公众号接口", "the WeChat API", _O, RENEWED, general="app_id token expires_at"),
    "carrier_breaker": _T(
        "通道健康",
        "carriers' health",
        _O,
        ALWAYS,
        general="carrier state good bad since retry_at trips left_at returned_at",
    ),
    "sender_pace": _T("发送节奏", "pace of sending", _O, ALWAYS, general="sender free_at"),
    # The queue
    "case": _T(
        "工单",
        "work for a person",
        _D,
        WITH_PERSON,
        general="id kind reason state urgency policy_id conversation_id message_id marks station_id team_id "
        "staff_id opened_at due_at accepted_at first_feedback_at resolved_at confirmed_at kept_at escalation "
        "merged_into_id wanted_from wanted_to asked_by version",
        personal="resident_id match_id",
        sensitive="summary",
    ),
    "care_entry": _T(
        "需要关心的人",
        "who needs looking after",
        _D,
        WITH_PERSON,
        general="id street community message_id opened_at handed_at handed_by found_at found_by",
        personal="resident_id",
        sensitive="reason words found note",
    ),
    "case_change": _T(
        "工单经过", "how a case went on", _P, WITH_CASE, general="id case_id at by change detail", sensitive="note"
    ),
    "appeal": _T("诉求", "appeals", _D, WITH_CASE, general="case_id category department street", personal="location"),
    "appointment": _T(
        "上门预约", "appointments", _D, WITH_CASE, general="id case_id team_id on part state turn made_at told_by"
    ),
    "visit": _T(
        "上门结果",
        "what came of a visit",
        _D,
        WITH_CASE,
        general="id client_id case_id team_id visit_on policy_id outcome consented_at recorded_at",
        sensitive="note",
    ),
    "proof_code": _T(
        "核验身份",
        "proving who comes",
        _D,
        CODES,
        general="id conversation_id appointment_id issued_at expires_at",
        personal="code",
    ),
    "stall_day": _T(
        "摆摊日",
        "stall days",
        _O,
        ALWAYS,
        general="id on hours place street community estates created_by created_at cancelled_at",
    ),
    "stall_invitation": _T(
        "告诉谁有摆摊日",
        "whom to tell of a stall day",
        _D,
        WITH_PERSON,
        general="id stall_id contact_id refusal",
        personal="resident_id",
    ),
    "stall_result": _T(
        "摆摊日办了什么",
        "what came of a match at a stall",
        _D,
        WITH_MATCH,
        general="id stall_id at by",
        sensitive="match_id outcome",
    ),
    "building": _T("派单", "routing by place", _O, ALWAYS, general="id address street community lat lon"),
    "station": _T("站点", "stations", _O, ALWAYS, general="id name street community lat lon"),
    "team": _T(
        "小分队",
        "visiting teams",
        _O,
        ALWAYS,
        general="id code name station_id skills dialects visits_per_day withdrawn_at",
    ),
    "kept_faq": _T(
        "常见问题",
        "kept answers",
        _O,
        ALWAYS,
        general="id policy_id topic question answer case_id proposed_by proposed_at reviewed_by reviewed_at in_use",
    ),
    # Surveys
    "survey": _T("回访", "surveys", _O, ALWAYS, general="id name questionnaire version sample state starts_on ends_on"),
    "survey_invitation": _T(
        "回访",
        "whom a survey takes",
        _D,
        WITH_MATCH,
        general="id survey_id policy_id stratum channel state contact_id case_id asks question framed_at "
        "invited_at finished_at",
        personal="resident_id match_id",
    ),
    "survey_answer": _T(
        "回访",
        "what they answered",
        _C,
        MESSAGES,
        general="id invitation_id question at message_id superseded_at",
        personal="value themes",
        sensitive="text",
    ),
    # Policies
    "policy_version": _T(
        "政策依据", "policies", _O, ALWAYS, general="id policy_id version rule_digest card first_used_at"
    ),
    "policy_confirmation": _T(
        "政策复核", "policies", _O, ALWAYS, general="id policy_id quarter version confirmed_by confirmed_at remark"
    ),
    "policy_submission": _T(
        "政策修改",
        "policies",
        _O,
        ALWAYS,
        general="id policy_id version effective_from text state submitted_by submitted_at decided_by "
        "decided_at because",
    ),
    # The house
    "staff": _T(
        "账号",
        "accounts",
        _O,
        WITH_STAFF,
        general="id role locale password_until team_id reach streets department most_cases away_since failed_sign_ins "
        "locked_until disabled_at",
        personal="username display_name password_hash totp_secret totp_step recovery_codes",
    ),
    "staff_session": _T(
        "登录",
        "sign-ins",
        _O,
        SESSIONS,
        general="id token_hash created_at last_seen_at ended_at two_factors",
        personal="staff_id",
    ),
    "shift": _T("班次", "shifts", _O, WITH_STAFF, general="id weekday begins ends", personal="staff_id"),
    "hook_target": _T(
        "对接系统的通知地址",
        "where other systems are told",
        _O,
        ALWAYS,
        general="id name url secret topics created_at created_by ended_at ended_because undertaking_id",
    ),
    "hook_delivery": _T(
        "通知对接系统",
        "telling other systems",
        _O,
        TOLD,
        general="id target_id topic message_id state status fault attempts created_at due_at claimed_at settled_at",
        personal="body",
    ),
    "api_token": _T(
        "对接系统",
        "other systems",
        _O,
        ALWAYS,
        general="id name token_hash prefix scopes staff_id calls_a_minute undertaking_id created_at expires_at "
        "revoked_at",
    ),
    "toll_day": _T("当日短信费用", "what texts come to", _O, ALWAYS, general="on purse parts"),
    "api_pace": _T("对接系统的调用节奏", "pace of other systems", _O, ALWAYS, general="token_id left seen_at"),
    "caller_pace": _T(
        "公开页面与登录的节奏",
        "pace of public pages and sign-ins",
        _O,
        ANSWERED_ONCE,
        general="left seen_at",
        personal="who",
    ),
    "api_request": _T(
        "同一请求只做一次",
        "doing a request once",
        _O,
        ANSWERED_ONCE,
        general="id token_id key digest received_at status",
        sensitive="answer",
    ),
    "undertaking": _T(
        "承诺申请",
        "applications with a promise",
        _P,
        ALWAYS,
        general="id kind subject purpose fields rows promise asked_by asked_at expires_at state decided_by decided_at "
        "used_on used_rows",
    ),
    "export_request": _T(
        "导出",
        "exports",
        _P,
        ALWAYS,
        general="id requested_at requested_by purpose filters fields form rows "
        "approved_at approved_by promise expires_at taken_at",
    ),
    "audit_entry": _T(
        "谁做了什么、看了什么",
        "who did or saw what",
        _P,
        ALWAYS,
        general="id at actor action purpose facts",
        personal="subject",
    ),
    "audit_seal": _T("记录不可改", "that the record is whole", _P, ALWAYS, general="number entry_id digest"),
    "audit_head": _T("记录不可改", "that the record is whole", _P, ALWAYS, general="id number digest mark"),
    "audit_alert": _T("异常查阅", "odd use", _P, ALWAYS, general="id rule on at count facts", personal="actor"),
    "event": _T("实时看板", "live pages", _O, LIVE, general="id at kind facts"),
    "job_slot": _T("定时任务", "jobs", _O, LIVE, general="id job slot started_at finished_at result"),
    "setting": _T("设置", "settings", _O, ALWAYS, general="name value changed_at changed_by"),
}
