"""What each scope of a token opens, in the console's two languages."""

from __future__ import annotations

from outreach_api.web.tokens import Scope
from outreach_api.web.vocabulary_words import Pair

S = Scope

SCOPES: dict[Scope, Pair] = {
    S.FEEDS: ("送部门数据", "Send files of departments"),
    S.CASES: ("上门小分队的系统（居民信息不遮盖）", "A visiting team's system (residents in full)"),
    S.QUEUE_READ: ("看工单和诉求", "Read cases and appeals"),
    S.QUEUE_WRITE: ("办工单和诉求", "Work cases and appeals"),
    S.CONVERSATIONS_READ: ("看会话", "Read conversations"),
    S.CONVERSATIONS_WRITE: ("接手和回复会话", "Take over and answer conversations"),
    S.CAMPAIGNS_READ: ("看活动和预测", "Read campaigns and forecasts"),
    S.CAMPAIGNS_WRITE: ("起草、批准、开停活动", "Draw up, approve, start and stop campaigns"),
    S.POLICIES_READ: ("看事项", "Read items"),
    S.POLICIES_WRITE: ("报送和审核事项", "Submit and approve items"),
    S.RESIDENTS_READ: ("查居民（遮盖）", "Find residents, masked"),
    S.RESIDENTS_REVEAL: ("看居民一项全文（记录用途）", "See a resident's detail in full, on the record"),
    S.RESIDENTS_WRITE: ("改居民的授权、停发和同意", "Keep mandates, stops and consents"),
    S.DESK_READ: ("大厅查人、看摆摊日", "Find people at the counter, read stall days"),
    S.DESK_WRITE: ("大厅办结、安排摆摊日", "Close at the counter, plan stall days"),
    S.CARE_READ: ("看关爱名单（遮盖）", "Read the care list, masked"),
    S.CARE_WRITE: ("移交关爱名单、记回访", "Hand the care list over, follow up"),
    S.PLACES_READ: ("看站点和小分队", "Read stations and teams"),
    S.PLACES_WRITE: ("改站点和小分队", "Keep stations and teams"),
    S.SURVEYS_READ: ("看回访", "Read surveys"),
    S.SURVEYS_WRITE: ("开始和结束回访", "Begin and end surveys"),
    S.REPORTS_READ: ("看总览、报告和名单", "Read the overview, reports and lists"),
    S.REPORTS_EXPORT: ("导出名单", "Export lists"),
    S.STAFF_READ: ("看人员和令牌", "Read staff and tokens"),
    S.STAFF_WRITE: ("改人员、吊销令牌", "Keep staff, revoke tokens"),
    S.SETTINGS_READ: ("看设置", "Read settings"),
    S.SETTINGS_WRITE: ("改设置", "Change settings"),
    S.AUDIT_READ: ("看审计记录", "Read the record"),
    S.WEBHOOKS_READ: ("看推送", "Read webhooks"),
    S.WEBHOOKS_WRITE: ("改推送", "Keep webhooks"),
}
