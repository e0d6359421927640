"""What every figure of a report means: its name, its formula and where it comes from, once, in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"
    """0 to 1, shown in percent."""
    NUMBER = "number"
    DAYS = "days"
    MINUTES = "minutes"
    POINTS = "points"
    """Percentage points, from -1 to 1."""


@dataclass(frozen=True)
class Definition:
    zh: str
    en: str
    formula_zh: str
    formula_en: str
    source: str
    """Views and tables it is counted from."""
    unit: Unit = Unit.COUNT


def _d(zh: str, en: str, formula: tuple[str, str], source: str, unit: Unit = Unit.COUNT) -> Definition:
    return Definition(zh, en, *formula, source, unit)


C, S, D, N, MIN = Unit.COUNT, Unit.SHARE, Unit.DAYS, Unit.NUMBER, Unit.MINUTES
RM = "report_match"

FIGURES: dict[str, Definition] = {
    "newly_matched": _d("应享未享（人次）", "Newly matched", ("比对发现应享未享的人次", "matches opened"), RM),
    "persons": _d("涉及人数", "Persons", ("去重后的居民人数", "distinct residents among them"), RM),
    "eligible": _d(
        "应享人数（固定分母）",
        "Eligible (frozen)",
        (
            "首次比对当天符合条件的全部人数，此后不变",
            "everybody eligible on the day of the first matching, never changed",
        ),
        "snapshot.counts",
    ),
    "uptake_before": _d(
        "触达前享受率",
        "Uptake before",
        (
            "（应享 − 应享未享）÷ 应享，按首次比对当天",
            "(eligible − newly matched) ÷ eligible, on the first matching's day",
        ),
        "snapshot.counts",
        S,
    ),
    "uptake_now": _d(
        "现在享受率",
        "Uptake now",
        (
            "（应享 − 应享未享 + 已办成 + 早已在领）÷ 应享，分母固定",
            "(eligible − newly matched + done + already enrolled) ÷ eligible, same denominator",
        ),
        f"snapshot.counts, {RM}",
        S,
    ),
    "told": _d(
        "已触达", "Told", ("至少有一条介绍或提醒被运营商收下", "at least one offer or reminder the carrier took"), RM
    ),
    "told_rate": _d("触达率", "Told rate", ("已触达 ÷ 应享未享", "told ÷ newly matched"), RM, S),
    "arrived": _d("已送达", "Reached", ("至少一条确认送达或接听", "at least one delivered or answered"), RM),
    "arrived_rate": _d("送达率", "Reach rate", ("已送达 ÷ 已触达", "reached ÷ told"), RM, S),
    "answered": _d("有回应", "Answered", ("触达之后本人号码来过信", "wrote or spoke after being told"), RM),
    "answer_rate": _d("回应率", "Answer rate", ("有回应 ÷ 已送达", "answered ÷ reached"), RM, S),
    "interested": _d(
        "有意愿", "Interested", ("表示过愿意，或已经办成", "said yes at some time, or done"), f"{RM}, match_change"
    ),
    "interest_rate": _d("意愿率", "Interest rate", ("有意愿 ÷ 已触达", "interested ÷ told"), RM, S),
    "done": _d("已办成", "Done", ("已申请，或服务类已到检", "applied; for a service: attended"), RM),
    "done_rate": _d("办成率", "Done rate", ("已办成 ÷ 应享未享", "done ÷ newly matched"), RM, S),
    "attended": _d("到检", "Attended", ("服务类按到检计，不按预约计", "services are counted by attendance"), RM),
    "open": _d("还在跟进", "Still open", ("没有了结的人次", "matches not closed"), RM),
    "not_told": _d("还没触达", "Not told", ("应享未享 − 已触达", "newly matched − told"), RM),
    "person_times": _d(
        "触达人次",
        "Contacts made",
        ("发出的介绍和提醒，按每人每事项计", "offers and reminders that went out, by match"),
        "report_told",
    ),
    "persons_told": _d("触达人数", "Persons told", ("触达过的居民，去重", "distinct residents told"), RM),
    "contacts_per_done": _d(
        "每办成一件的触达", "Contacts per done", ("触达人次 ÷ 已办成", "contacts made ÷ done"), f"report_told, {RM}", N
    ),
    "days_to_application": _d(
        "首次触达到申请（中位天数）",
        "Days to application (median)",
        ("申请日 − 首次触达日，取中位数", "application date − date first told, median"),
        f"{RM}, application",
        D,
    ),
    "minutes_per_done": _d(
        "每办成一件的人工（分钟）",
        "Staff minutes per done",
        ("工单和上门按每步分钟数相加 ÷ 已办成", "cases and visits times minutes per step ÷ done"),
        "report_case, visit",
        MIN,
    ),
    "manual_minutes_per_done": _d(
        "人工方式每件（分钟）",
        "Manual way, per done",
        ("每人查名册、打两次电话、上门一次所需 ÷ 已办成", "look-up, two calls and a visit for everybody ÷ done"),
        "setting labour_minutes",
        MIN,
    ),
    "labour_ratio": _d(
        "省人工倍数",
        "Times less labour",
        ("人工方式 ÷ 现在的人工", "manual way ÷ our minutes"),
        "setting labour_minutes",
        N,
    ),
    "inbound": _d("来信条数", "Messages received", ("居民发来的消息", "messages from residents"), "message"),
    "fallback_rate": _d(
        "没听懂率",
        "Fallback rate",
        (
            "读不懂、请居民重选或转人工的消息 ÷ 机器人读过的消息",
            "messages answered by a choice of readings ÷ messages read",
        ),
        "message.reading",
        S,
    ),
    "handover_rate": _d(
        "转人工率",
        "Handover rate",
        ("转人工的会话 ÷ 有来信的会话", "escalated conversations ÷ conversations heard"),
        "conversation",
        S,
    ),
    "unanswered_questions": _d(
        "没答上的政策问题", "Policy questions unanswered", ("政策疑问工单", "policy_question cases"), "report_case"
    ),
    "cases_opened": _d("新工单", "Cases opened", ("提出的工单", "cases opened"), "report_case"),
    "cases_settled": _d("办结工单", "Cases settled", ("已办结或已确认", "resolved or confirmed"), "report_case"),
    "cases_on_time": _d(
        "按时办结率", "On-time rate", ("时限内兑现承诺的 ÷ 办结", "promise kept in time ÷ settled"), "report_case", S
    ),
    "opt_outs": _d("退订", "Opt-outs", ("退订的停止联系记录", "stops placed for opt-out"), "contact_stop"),
    "surveyed": _d("回访打分", "Ratings given", ("回访里的满意度打分", "ratings given in surveys"), "survey_answer"),
    "satisfied_rate": _d(
        "满意率", "Satisfied", ("打 4、5 分的 ÷ 打分的", "ratings of 4 and 5 ÷ ratings given"), "survey_answer", S
    ),
    "sent": _d(
        "发出触达", "Contacts sent", ("运营商收下的主动触达", "unasked contacts the carrier took"), "report_contact"
    ),
    "delivered": _d("送达", "Delivered", ("其中确认送达或接听", "of these delivered or answered"), "report_contact"),
}

# What a forecast says and a report holds it against: name → (中文, English). Of the span since it was made.
FORECAST_MEASURES: dict[str, tuple[str, str]] = {
    "contacts": ("触达人次", "Contacts made"),
    "texts": ("短信条数", "Texts sent"),
    "text_cost": ("短信费用（元）", "Cost of texts, yuan"),
    "calls": ("电话个数", "Calls made"),
    "call_cost": ("电话费用（元）", "Cost of calls, yuan"),
    "surveys": ("回访人次", "Surveys asked"),
    "cost": ("通信费用合计（元）", "Cost of texts, calls and surveys, yuan"),
    "answered": ("有回应", "Answered"),
    "done": ("已办成", "Done"),
    "home_visits": ("上门工单", "Home visit cases"),
    "home_visits_a_day": ("平均每天上门工单", "Home visit cases a day"),
    "busiest_day": ("最忙一天的上门工单", "Home visit cases, busiest day"),
    "late_percent": ("上门超时占到期（%）", "Home visits late, % of those due"),
    "desk_cases": ("坐席工单", "Cases for the desk"),
    "complaints": ("投诉工单", "Complaints"),
}

# Columns of tables: name → (中文, English, unit); a column without a unit names the row.
COLUMNS: dict[str, tuple[str, str, Unit | None]] = {
    "policy": ("事项", "Policy", None),
    "street": ("街道", "Street", None),
    "community": ("社区", "Community", None),
    "age_band": ("年龄段", "Age band", None),
    "sex": ("性别", "Sex", None),
    "dialect": ("语言", "Dialect", None),
    "channel": ("渠道", "Channel", None),
    "state": ("结果", "Outcome", None),
    "reason": ("原因", "Reason", None),
    "kind": ("类型", "Kind", None),
    "day": ("日期", "Day", None),
    "figure": ("指标", "Figure", None),
    "carrier": ("运营商", "Carrier", None),
    "cause": ("失败原因", "Cause", None),
    "intent": ("先读作", "First reading", None),
    "rival": ("差点读作", "Close second", None),
    "group": ("分组", "Group", None),
    "step": ("环节", "Step", None),
    "question": ("问题", "Question", None),
    "answer": ("回答", "Answer", None),
    "stratum": ("街道和事项", "Stratum", None),
    "phase": ("批次", "Phase", None),
    "newly_matched": ("应享未享", "Newly matched", C),
    "waiting": ("待触达", "Waiting", C),
    "reaching": ("触达中", "Reaching out", C),
    "willing": ("有意愿", "Willing", C),
    "queued": ("排队上门", "In the queue", C),
    "done": ("已办成", "Done", C),
    "closed": ("其他了结", "Closed otherwise", C),
    "count": ("人次", "Count", C),
    "share": ("占比", "Share", S),
    "rate": ("办成率", "Done rate", S),
    "missing": ("还缺", "Still missing", C),
    "missing_rate": ("还缺占比", "Missing share", S),
    "told": ("新触达", "Told", C),
    "answered": ("来信", "Answered", C),
    "cumulative": ("累计办成", "Done in all", C),
    "opened": ("提出", "Opened", C),
    "taken": ("已接单", "Taken", C),
    "settled": ("办结", "Settled", C),
    "settled_rate": ("办结率", "Settled rate", S),
    "on_time": ("按时", "On time", C),
    "on_time_rate": ("按时率", "On-time rate", S),
    "reopened": ("重开", "Reopened", C),
    "now": ("本期", "Now", N),
    "year_before": ("去年同期", "A year before", N),
    "change": ("同比", "Change", S),
    "units": ("次数", "Times", C),
    "minutes_each": ("每次分钟", "Minutes each", MIN),
    "minutes": ("合计分钟", "Minutes", MIN),
    "manual_minutes": ("人工方式分钟", "Manual way", MIN),
    "people": ("人数", "People", C),
    "low": ("下限", "Low", N),
    "estimate": ("估计", "Estimate", N),
    "high": ("上限", "High", N),
    "fact": ("实际", "Fact", N),
    "within": ("在区间内", "Within", None),
    "measure": ("指标", "Measure", None),
    "weighted": ("加权比例", "Weighted share", S),
    "share_low": ("95% 下限", "95 % low", S),
    "share_high": ("95% 上限", "95 % high", S),
    "drawn": ("抽中", "Drawn", C),
    "invited": ("发出", "Invited", C),
    "responded": ("作答", "Responded", C),
    "response_rate": ("作答率", "Response rate", S),
    "before": ("触达前", "Before", S),
    "after": ("现在", "Now", S),
    "treated": ("已触达组", "Contacted", C),
    "treated_rate": ("已触达组办成率", "Contacted, done", S),
    "waiting_group": ("未触达组", "Not yet contacted", C),
    "waiting_rate": ("未触达组办成率", "Not yet, done", S),
    "uplift": ("提升", "Uplift", Unit.POINTS),
    "uplift_low": ("95% 下限", "95 % low", Unit.POINTS),
    "uplift_high": ("95% 上限", "95 % high", Unit.POINTS),
}

# Tables: name → (中文, English, note 中文, note English).
TABLES: dict[str, tuple[str, str, str, str]] = {
    "outcomes": (
        "每人次的结果",
        "What came of each match",
        "每人次恰好一种结果，合计等于应享未享",
        "each match has exactly one; they sum to newly matched",
    ),
    "by_policy": (
        "按事项",
        "By policy",
        "六个阶段互斥，合计等于应享未享",
        "six exclusive phases that sum to newly matched",
    ),
    "by_street": (
        "按街道",
        "By street",
        "六个阶段互斥，合计等于应享未享",
        "six exclusive phases that sum to newly matched",
    ),
    "by_community": (
        "按社区",
        "By community",
        "六个阶段互斥，合计等于应享未享",
        "six exclusive phases that sum to newly matched",
    ),
    "by_age_band": ("按年龄段", "By age band", "比对时的年龄", "age when matched"),
    "by_channel": (
        "按最近触达渠道",
        "By channel last used",
        "最后一次触达之后打开过聊天页的算聊天；没触达过的单列",
        "chat if the page was opened after the last contact; those never told have a row of their own",
    ),
    "attribution": (
        "办成渠道",
        "How they applied",
        "只按申请数据里的渠道，没写的归“未注明”，不猜",
        "only what the application feed says; else unattributed, never guessed",
    ),
    "not_told": (
        "没有触达的原因",
        "Why not told",
        "每人次取最近一次的原因，合计等于还没触达",
        "the newest reason of each match; they sum to not told",
    ),
    "deliverability": ("送达情况", "Deliverability", "按渠道、运营商和结果", "by channel, carrier and outcome"),
    "queue": ("工单", "Cases", "按时：在承诺时限内办结", "on time: settled by the promise"),
    "equity": (
        "谁还没有享受到",
        "Who is still missing",
        "还缺：没办成，也没有查明不该享受",
        "missing: neither done nor found to have no claim",
    ),
    "confused": (
        "容易混的意图",
        "Intents confused",
        "前两名相差不到 0.2 的消息",
        "messages whose two first readings were within 0.2",
    ),
    "curve": ("每日进展", "Day by day", "", ""),
    "labour": (
        "人工",
        "Labour",
        "每步分钟数是假定，在“每步分钟数”页或用 report --minutes visit=30 改",
        "minutes per step are assumptions; the page of minutes per step or report --minutes visit=30 changes them",
    ),
    "year_on_year": (
        "同比",
        "Year on year",
        "与一年前同一时段相比；去年没有数据的不比",
        "against the same span a year before; nothing is compared with nothing",
    ),
    "uptake": (
        "享受率",
        "Uptake",
        "分母固定为首次比对当天的应享人数",
        "denominator frozen on the day of the first matching",
    ),
    "forecast": (
        "预测与实际",
        "Forecast and fact",
        "事前同一规则演练多遍；区间含其中 95%；同一批人、同一天数的实际",
        "the same rules lived through beforehand, 95 % of the courses; facts of the same people and days",
    ),
    "forecast_days": (
        "办成的预测与实际",
        "Done, forecast and fact",
        "每周末的累计",
        "in all, at the end of each week",
    ),
    "uplift": (
        "分批比较的提升",
        "Uplift by random phases",
        "同一时段内，已触达批次与尚未触达批次的办成率之差",
        "contacted phases against those not yet contacted, over the same days",
    ),
    "survey_response": (
        "回访作答",
        "Survey response",
        "各层：框内、抽中、发出、作答",
        "each stratum: frame, drawn, invited, responded",
    ),
    "survey_results": (
        "回访结果（加权）",
        "Survey results (weighted)",
        "按层加权，附 95% 置信区间",
        "weighted by stratum, with 95 % intervals",
    ),
}
