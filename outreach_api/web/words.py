"""The console's words in Chinese and English, side by side so that neither is forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from outreach_api.web.console_words import CONSOLE_WORDS
from outreach_api.web.queue_words import QUEUE_WORDS
from outreach_api.web.rights_words import RIGHTS_WORDS
from outreach_api.web.vocabulary_words import INTENTS, VOCABULARY, Pair
from scheduler.rules.rule import Label


class Locale(StrEnum):
    ZH = "zh"
    EN = "en"

    @property
    def tag(self) -> str:
        return "zh-CN" if self is Locale.ZH else "en"


WORDS: dict[str, Pair] = {
    "verify": ("核对消息真假", "Check a message"),
    "verify_lead": (
        "收到“服务找人”的消息不放心，可以在这里核对。这个页面不显示任何人的信息。",
        "Not sure about a message from us? Check its code here. This page shows nothing about anybody.",
    ),
    "proof_code": ("核对号（8位数字）", "Code (8 digits)"),
    "verify_button": ("核对", "Check"),
    "proof_ours": ("是我们发出的。发出时间：", "It is ours. Sent:"),
    "proof_until": ("有效到", "valid until"),
    "proof_expired": ("这个核对号是我们的，但已经过期，请重新问一次。发出时间：", "It was ours but has expired. Sent:"),
    "proof_unknown": (
        "查不到这个核对号。请看看数字对不对；要是没写错，就不是我们发的，请打12345。",
        "We do not know this code. Check the digits; if they are right, it is not from us: call 12345.",
    ),
    "never_asked_for": (
        "我们不收钱，绝不问银行卡号、密码、验证码和身份证号。",
        "We charge nothing and never ask for card numbers, passwords, codes or ID numbers.",
    ),
    "today_page": ("今天在通知哪些事", "What we tell people today"),
    "today_lead": (
        "这些天我们正在短信、电话通知符合条件的居民办下面的事项。",
        "These days we write to and call residents who are entitled to the following.",
    ),
    "today_nothing": ("今天没有在通知的事项。", "Nothing is being told today."),
    "faqs": ("问答复核", "Answers to review"),
    "faqs_lead": (
        "同事答过的问题，要另一个人看过，助手才会用。",
        "What a colleague answered is used by the assistant only after a second person has read it.",
    ),
    "faqs_none": ("没有等着复核的问答。", "Nothing waits for review."),
    "faq_use": ("采用", "Use"),
    "faq_refuse": ("不采用", "Refuse"),
    "said_same_person": ("自己提的问答要由别人复核。", "Somebody else has to review what you proposed."),
    "answer_question": ("回答居民", "Answer the resident"),
    "answer_words": ("回答（直接发给居民，口语、简短）", "Answer (sent to the resident as it stands)"),
    "answer_keep": ("留作问答，复核后给助手用", "Keep for the assistant, after review"),
    "answer_question_general": ("问题（不要写个人情况）", "Question (nothing personal)"),
    "answer_send": ("发送", "Send"),
    "topic": ("主题", "Topic"),
    "said_question_missing": ("要留作问答，请写上问题。", "To keep the answer, write down the question."),
    "said_not_sent": ("没有发出：这位居民不愿再收到消息。", "Not sent: this resident wants no messages."),
    "hands": ("由谁来答", "Who answers"),
    "hands_bot": ("现在由助手回答。", "The assistant answers now."),
    "hands_mine": ("您接手了，助手不再说话。", "You have taken over; the assistant keeps quiet."),
    "hands_other": ("同事接手了。", "A colleague has taken over."),
    "hands_words": ("您要说的话", "Your words"),
    "hands_take": ("接手", "Take over"),
    "hands_back": ("交还给助手", "Hand back to the assistant"),
    "mandates": ("代办委托", "Mandates"),
    "mandates_lead": (
        "家里人凭委托替老人问、替老人办，一项一委托，半年有效。",
        "Who may speak for the resident: for one item each, for half a year.",
    ),
    "mandates_none": ("没有委托。", "None."),
    "mandate_in_force": ("有效", "In force"),
    "mandate_expired": ("到期", "Expired"),
    "mandate_revoked": ("已取消", "Revoked"),
    "mandate_proof_own_word": ("老人自己说的", "The resident's own word"),
    "mandate_proof_checked": ("人工核实", "Checked by a person"),
    "mandate_until": ("有效到", "Until"),
    "mandate_revoke": ("取消委托", "Revoke"),
    "mandate_relation": ("是老人的", "Relation"),
    "mandate_name": ("姓名", "Name"),
    "mandate_phone": ("电话", "Phone"),
    "mandate_grant": ("已跟老人核实，登记委托", "Checked with the resident: give the mandate"),
    "said_phone_wrong": ("电话号码不对。", "That is no phone number."),
    "said_other_hands": ("同事接手了这段会话。", "A colleague has this conversation."),
    "house": ("服务找人", "Benefit Outreach"),
    "house_long": ("服务找人 · 主动触达台", "Benefit Outreach console"),
    "skip": ("跳到正文", "Skip to content"),
    "menu": ("菜单", "Menu"),
    "main_nav": ("主导航", "Main"),
    "overview": ("总览", "Overview"),
    "cases": ("工单", "Cases"),
    "reports": ("报告", "Reports"),
    "report_kind": ("报告", "Report"),
    "report_campaign": ("活动报告", "Campaign"),
    "report_daily": ("日报", "Daily"),
    "report_weekly": ("周报", "Weekly"),
    "as_of": ("截至", "as of"),
    "small_withheld": ("小于 10 的数不显示", "counts below 10 are withheld"),
    "chart_has_table": ("数字见下表", "the table below has the numbers"),
    "surveys": ("回访", "Surveys"),
    "surveys_lead": (
        "每次回访问了谁、谁答了；回答的内容在报告里",
        "Who was asked and who answered; the answers are in the reports",
    ),
    "survey_name": ("回访", "Survey"),
    "questionnaire": ("问卷", "Questionnaire"),
    "survey_framed": ("框内", "Frame"),
    "survey_drawn": ("抽中", "Drawn"),
    "survey_invited": ("发出", "Asked"),
    "survey_answered": ("作答", "Answered"),
    "survey_finished": ("答完", "Finished"),
    "survey_refused": ("不愿", "Refused"),
    "survey_dissatisfied": ("不满意", "Dissatisfied"),
    "survey_results_in_reports": ("回答和满意度见报告", "Answers and satisfaction: reports"),
    "no_surveys_yet": ("还没有回访。用 ./outreach survey start 开始", "No surveys yet: ./outreach survey start"),
    "survey_at_home": ("上门回访", "Survey at home"),
    "survey_at_home_lead": (
        "照着问，答了什么记什么；没答的留空，可以下次再记",
        "Ask as it says, write what is answered; leave the rest empty, more may follow",
    ),
    "survey_keep": ("记下", "Keep"),
    "survey_refuse": ("对方不愿再回访", "They want no surveys"),
    "said_answer_wrong": ("有的回答和问题对不上，没有记下", "An answer does not fit its question: nothing was kept"),
    "report_list": ("数字背后的名单", "The list behind the figure"),
    "rows_found": ("行", "rows"),
    "previous_page": ("上一页", "Previous page"),
    "audit": ("审计记录", "Audit"),
    "audit_note": (
        "谁做了什么、看了什么、为什么；只能看，不能改",
        "who did or saw what, and why; to be read, not to be changed",
    ),
    "audit_alerts": ("异常查阅", "Odd use"),
    "audit_at": ("时间", "When"),
    "audit_actor": ("谁", "Who"),
    "audit_action": ("做了什么", "What"),
    "audit_subject": ("对谁、对什么", "To whom or what"),
    "audit_rule": ("哪里异常", "What is odd"),
    "audit_at_night": ("夜里多次查看全文", "many looks at night"),
    "audit_in_anothers_name": ("发了代表同事的令牌", "a token that acts for a colleague"),
    "audit_many_people": ("一天查看很多人", "many people in a day"),
    "audit_a_street": ("集中查看一个街道", "reading one street"),
    "labour_minutes": ("每步分钟数", "Minutes per step"),
    "labour_minutes_note": (
        "报告按这些分钟数折算人工，改动会记录",
        "reports reckon with these minutes of labour; a change is recorded",
    ),
    "labour_step": ("环节", "Step"),
    "minutes_each": ("每次分钟", "Minutes each"),
    "minutes_assumed": ("原来的假定", "Assumed at first"),
    "keep_minutes": ("保存", "Save"),
    "minutes_kept": ("已保存", "Saved"),
    "minutes_wrong": ("要写 0 到 600 的分钟数", "write a number of minutes, 0 to 600"),
    "export": ("导出", "Export"),
    "exports": ("导出记录", "Exports"),
    "export_by": ("申请人", "Asked by"),
    "export_purpose": ("用途", "Purpose"),
    "export_fields": ("字段", "Columns"),
    "export_term": ("期限", "Term"),
    "export_promise": ("我承诺：", "I promise: "),
    "export_over": ("已过期", "Expired"),
    "said_application_incomplete": (
        "请写明用途（4 到 200 字），至少选一个字段，并作出承诺。",
        "State the purpose in 4 to 200 characters, choose a column, and promise.",
    ),
    "export_form": ("格式", "Form"),
    "export_take": ("下载", "Download"),
    "export_approved": ("已同意", "Approved"),
    "export_waits": ("等另一位同意", "Waits for a second person"),
    "export_approve": ("同意", "Approve"),
    "export_second": (
        "超过 200 行，要另一位主管同意；导出都有记录",
        "above 200 rows a second person approves; all is recorded",
    ),
    "export_note": ("会记录是谁、什么时候、为什么导出", "who exported what, when and why is recorded"),
    "case": ("工单", "Case"),
    "conversation": ("会话", "Conversation"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出登录", "Sign out"),
    "username": ("用户名", "User name"),
    "sign_in_code": ("动态验证码或备用码（还没有则不填）", "One-time or recovery code, if you have one"),
    "second_factor": ("第二步验证", "Second step"),
    "second_factor_refused": (
        "验证码不对，或者账号暂时锁定了。请用验证器上最新的六位数再试。",
        "The code is wrong, or the account is locked for a while. Try the newest six digits of your authenticator.",
    ),
    "second_factor_ask": (
        "这个账号能看到个人信息，登录要两步：请输入验证器上的六位数，手机丢了可用备用码。",
        "Signing in takes two steps: give the six digits of your authenticator, or a recovery code.",
    ),
    "second_factor_code": ("验证码", "Code"),
    "second_factor_go": ("继续", "Go on"),
    "second_factor_set_up": ("首次登录：设置第二步验证", "First sign-in: set up the second step"),
    "second_factor_scan": (
        "一、在手机上打开任意一款验证器，扫这个二维码；扫不了就手工输入下面的密钥。",
        "1. Open any authenticator on your phone and scan this picture, or type the key below it.",
    ),
    "second_factor_picture": ("验证器的二维码", "QR code for the authenticator"),
    "second_factor_key": ("密钥", "Key"),
    "second_factor_type": ("二、输入验证器显示的六位数。", "2. Give the six digits it shows."),
    "second_factor_help": (
        "没有智能手机：请单位配一个硬件或电脑版验证器；手机和备用码都丢了：找管理员重置。",
        "No smartphone: a hardware or desktop authenticator serves. All lost: an administrator resets it.",
    ),
    "recovery_codes": ("备用码", "Recovery codes"),
    "recovery_codes_lead": (
        "手机丢了时，每个备用码可以代替验证码登录一次。请打印或抄下来放好，只显示这一次。",
        "Each signs you in once, should your phone be lost. Write them down: they are shown this once.",
    ),
    "recovery_codes_kept": ("已经收好，进入系统", "I have them; go on"),
    "password": ("密码", "Password"),
    "sign_in_refused": (
        "用户名或密码不对，或者账号暂时锁定了。请核对后再试，多次不成功请稍等几分钟。",
        "The name or password is wrong, or the account is locked for a while. Check both, or wait a few minutes.",
    ),
    "oidc": ("用统一身份登录", "Sign in with your organisation"),
    "oidc_cancelled": (
        "没有登录。可以再试，或者用用户名和密码。",
        "You are not signed in. Try again, or use name and password.",
    ),
    "oidc_unreached": (
        "统一身份系统暂时连不上，请用用户名和密码登录。",
        "Your organisation's sign-in cannot be reached. Use name and password.",
    ),
    "oidc_not_genuine": ("统一身份登录没有成功，请再试一次。", "The sign-in did not succeed. Please try again."),
    "oidc_nobody": (
        "您的身份没有对应的账号，或者账号已停用。请找管理员开通。",
        "There is no open account for you here. Ask an administrator.",
    ),
    "sign_in_lead": ("请用单位账号登录。", "Sign in with your staff account."),
    "sign_in_note": (
        "这里能看到居民的个人信息。看过什么都有记录，离开座位请退出登录。",
        "This console shows personal data. What you look at is recorded; sign out when you leave your desk.",
    ),
    "signed_out": ("已退出登录。", "You are signed out."),
    "motto": ("让该享受的人，都享受到。", "What people are due should reach them."),
    "language_other": ("English", "中文"),
    "language_switch": ("切换到英文", "Switch to Chinese"),
    "theme": ("主题", "Theme"),
    "theme_auto": ("随系统", "System"),
    "theme_light": ("浅色", "Light"),
    "theme_dark": ("深色", "Dark"),
    "live": ("实时更新", "Live"),
    "live_lost": ("连接中断，正在重连", "Connection lost, reconnecting"),
    "house_time": ("系统时间", "System time"),
    "figures": ("关键数字", "Key figures"),
    "definitions": ("口径", "Definitions"),
    "figure": ("指标", "Figure"),
    "formula": ("怎么算", "Formula"),
    "source": ("来源", "Source"),
    "newly_matched": ("应享未享", "Found eligible"),
    "newly_matched_note": ("比对发现，还没享受的人次", "matches of people not yet enrolled"),
    "phase_done_note": ("已经办成或到检", "applied or attended"),
    "queued_note": ("等小分队上门", "waiting for a visit"),
    "overdue": ("逾期工单", "Overdue cases"),
    "overdue_note": ("超过承诺时限", "past their promise"),
    "unknown_sends": ("状态不明的发送", "Unknown sends"),
    "carrier_held": ("运营商连续出错，短信暂缓发送：", "The carrier keeps failing, texts are held back:"),
    "switches": ("运营商切换", "Carriers switched"),
    "spooled": ("数据库曾中断，还在本机磁盘上等着入库：", "the database was away; still waiting on disk:"),
    "spool_refused": ("入不了库、要人看的来信或回执：", "arrivals no database takes, to be looked at:"),
    "carrier_left": ("接连出错，停用", "kept failing, was left"),
    "carrier_returned": ("恢复", "taken up again"),
    "carrier_away_still": ("还没恢复", "still away"),
    "carrier_retry_at": ("再试", "tried again"),
    "unknown_sends_note": ("等运营商回执核对，不会重发", "being settled with the carrier, never resent"),
    "funnel": ("各事项进度", "Progress by policy"),
    "funnel_table": ("各事项进度表", "Progress by policy, in numbers"),
    "funnel_chart": ("各事项进度图，数字见下表", "Progress by policy as a chart; the table below has the numbers"),
    "policy": ("事项", "Policy"),
    "total": ("合计", "Total"),
    "all_states": ("全部状态", "All states"),
    "phase_waiting": ("待触达", "Waiting"),
    "phase_reaching": ("触达中", "Reaching out"),
    "phase_willing": ("有意愿", "Willing"),
    "phase_queued": ("排队上门", "In the queue"),
    "phase_done": ("已办成", "Done"),
    "phase_closed": ("其他了结", "Closed otherwise"),
    "contacts": ("触达", "Contacts"),
    "contacts_lead": ("各渠道各状态", "by channel and state"),
    "channel": ("渠道", "Channel"),
    "state": ("状态", "State"),
    "number": ("数量", "Number"),
    "open_cases": ("在办工单", "Open cases"),
    "waiting": ("待接单", "Waiting"),
    "in_hand": ("办理中", "In hand"),
    "late": ("逾期", "Overdue"),
    "next_due": ("最近到期", "Next due"),
    "stops": ("停止联系", "Stops in force"),
    "refused": ("没有联系的原因", "Why not contacted"),
    "refused_lead": ("累计，每人每天每种原因记一次", "in all; one a match, reason and day"),
    "nothing_yet": ("还没有数据。", "Nothing yet."),
    "no_matches": (
        "还没有比对结果。导入名册并运行比对后，这里会出现各事项的进度。",
        "No matches yet. Import the rosters and run the matching; progress then appears here.",
    ),
    "pause_all": ("暂停全部触达", "Pause all outreach"),
    "resume_all": ("恢复触达", "Resume outreach"),
    "pause_lead": (
        "暂停后不再主动发短信、打电话；居民来信仍会答复。",
        "Nothing is sent unasked while paused; residents who write still get an answer.",
    ),
    "pause_reason": ("暂停原因", "Reason"),
    "paused": ("全部触达已暂停", "All outreach is paused"),
    "cancel": ("取消", "Cancel"),
    "filter": ("筛选", "Filter"),
    "kind": ("类型", "Kind"),
    "urgency": ("优先级", "Urgency"),
    "any": ("全部", "Any"),
    "unfinished": ("未办结", "Unfinished"),
    "only_overdue": ("只看逾期", "Overdue only"),
    "only_mine": ("只看我的", "Mine only"),
    "apply_filter": ("筛选", "Apply"),
    "clear_filter": ("清除筛选", "Clear"),
    "cases_found": ("件", "found"),
    "no_cases": ("没有符合条件的工单。", "No case fits these filters."),
    "reason": ("事由", "Reason"),
    "resident": ("居民", "Resident"),
    "nobody_known": ("身份未知", "Not identified"),
    "community": ("社区", "Community"),
    "due": ("时限", "Due"),
    "opened": ("提出", "Opened"),
    "holder": ("经办", "Holder"),
    "nobody": ("还没有人接", "nobody yet"),
    "next_page": ("下一页", "Next page"),
    "first_page": ("回到第一页", "First page"),
    "next_case": ("接下一件", "Next case"),
    "phone_label": ("电话", "Phone"),
    "id_label": ("身份证号", "ID number"),
    "credit_code_label": ("统一社会信用代码", "Credit code"),
    "clerk_label": ("联系人", "Clerk"),
    "address_label": ("住址", "Address"),
    "years": ("岁", "years"),
    "focus_groups": ("重点人群", "Focus groups"),
    "summary": ("情况", "Summary"),
    "person": ("当事人", "Person"),
    "why_eligible": ("为什么符合", "Why eligible"),
    "why_lead": ("比对时的依据", "as the matching saw it"),
    "no_trace": ("没有比对记录。", "No ledger entry."),
    "seen": ("当时记录", "Seen"),
    "withheld": ("不显示", "withheld"),
    "basis": ("依据", "Basis"),
    "match_state": ("目前进展", "Stands at"),
    "timeline": ("经过", "Timeline"),
    "transcript": ("对话", "Transcript"),
    "no_transcript": ("没有相关对话。", "No conversation."),
    "transcript_withheld": ("您的角色不能看对话原文。", "Your role does not include transcripts."),
    "open_transcript": ("单独打开对话", "Open the transcript alone"),
    "understood_as": ("理解为", "read as"),
    "exact_word": ("确切字词", "exact word"),
    "started": ("开始", "Started"),
    "outcome": ("结果", "Outcome"),
    "show_full": ("查看完整", "Show in full"),
    "purpose": ("查看目的", "Purpose"),
    "purpose_hint": ("例如：电话核对上门时间", "e.g. call to agree on a time"),
    "purpose_note": ("会记录是谁、什么时候、为什么看的。", "Who looked, when and why is recorded."),
    "revealed": ("完整内容", "In full"),
    "no_value": ("没有记录", "not on record"),
    "note": ("说明", "Note"),
    "work": ("办理", "Work on it"),
    "step_accept": ("接单", "Take it"),
    "step_hand_back": ("退回待接单", "Hand back"),
    "step_feedback": ("记录反馈", "Record feedback"),
    "step_resolve": ("办结", "Resolve"),
    "step_confirm": ("居民已确认", "Confirmed by resident"),
    "step_reopen": ("重新打开", "Reopen"),
    "step_cancel": ("取消工单", "Cancel the case"),
    "clocks": ("时限记录", "Clocks"),
    "accepted_at": ("接单", "Accepted"),
    "first_feedback_at": ("首次反馈", "First feedback"),
    "resolved_at": ("办结", "Resolved"),
    "confirmed_at": ("居民确认", "Confirmed"),
    "change_opened": ("提出工单", "Opened"),
    "change_added_to": ("再次提出，并入本单", "Asked again, added to this case"),
    "change_accepted": ("接单", "Accepted"),
    "change_assigned": ("指派", "Assigned"),
    "change_handed_back": ("退回待接单", "Handed back"),
    "change_feedback": ("反馈", "Feedback"),
    "change_resolved": ("办结", "Resolved"),
    "change_confirmed": ("居民确认", "Confirmed"),
    "change_reopened": ("重新打开", "Reopened"),
    "change_cancelled": ("取消", "Cancelled"),
    "change_visited": ("上门", "Visited"),
    "change_merged": ("并入另一件", "Merged into another case"),
    "change_took_in": ("并入了一件重复的", "Took in a duplicate"),
    "change_marked": ("列为优先", "Marked for priority"),
    "change_routed": ("分到站点", "Routed to a station"),
    "change_routed_by_hand": ("改派", "Routed by hand"),
    "change_appointed": ("约好上门", "Appointed"),
    "change_missed": ("约好的日子没有去成", "The appointment was missed"),
    "change_escalated": ("提级", "Escalated"),
    "system": ("系统", "System"),
    "said_case_taken": (
        "这件工单刚刚被别人接走或改动了，请看最新状态。",
        "Somebody else has just taken or changed this case; what you see now is current.",
    ),
    "said_not_possible": ("以现在的状态不能这样操作。", "That is not possible in its present state."),
    "said_note_missing": ("请写一句说明。", "Please write a note."),
    "reveal_for": ("两分钟后自动遮盖。", "Masked again after two minutes."),
    "reveal_over": ("已重新遮盖；还需要请再次查看。", "Masked again; ask again if you still need it."),
    "said_nothing_open": (
        "这位居民没有未了结的工单，也不在今天的上门名单里，不能查看完整信息；确有需要请找主管。",
        "Nothing of this resident is open for you now, so nothing is shown in full; a supervisor can.",
    ),
    "said_too_many_looks": (
        "一小时内查看得太多了；确有需要请找主管。",
        "You have looked at many in the last hour; ask a supervisor.",
    ),
    "said_purpose_missing": ("请写明查看目的，4 到 200 字。", "State the purpose in 4 to 200 characters."),
    "said_reason_missing": ("请写明暂停原因。", "Please state a reason."),
    "back_to_cases": ("回到工单列表", "Back to the cases"),
    "error_403": ("您的账号不能打开这一页。", "Your account may not open this page."),
    "error_404": ("没有找到这一页。", "This page does not exist."),
    "error_409": (
        "刚刚有别人改动了，请回到上一页看最新情况。",
        "Somebody else changed this just now; go back.",
    ),
    "error_413": ("内容太大，没有接收。", "That is too large and was not taken."),
    "error_422": ("填写的内容不完整或不对，请回到上一页核对。", "Something was left out or wrong; go back and check."),
    "error_500": (
        "系统出错了，已经记录。请稍后再试。",
        "Something failed on our side and was logged. Please try again.",
    ),
    "error_other": ("这个请求没有办成。", "This request could not be done."),
    "error_lead": ("出了点问题", "Something is not right"),
    "to_start": ("回到总览", "Back to the overview"),
    "left": ("剩", "left"),
    "late_by": ("逾期", "late"),
    "days": ("天", "d"),
    "hours": ("小时", "h"),
    "minutes": ("分", "min"),
    **QUEUE_WORDS,
    **CONSOLE_WORDS,
    **RIGHTS_WORDS,
}


class Speaker:
    """Says words, enum values, moments and spans of time in one language."""

    def __init__(self, locale: Locale, zone: ZoneInfo) -> None:
        self.locale = locale
        self.zone = zone
        self._column = 0 if locale is Locale.ZH else 1

    def t(self, key: str) -> str:
        return WORDS[key][self._column]

    def say(self, zh: str, en: str) -> str:
        """One of two texts that stand side by side in the code."""
        return (zh, en)[self._column]

    def word(self, value: StrEnum) -> str:
        return VOCABULARY[type(value)][value.value][self._column]

    def intent(self, name: str) -> str:
        """What a line was read as; an intent newer than the catalogue says its own name."""
        return INTENTS[name][self._column] if name in INTENTS else name

    def label(self, label: Label) -> str:
        """A text that a policy card gives in both languages."""
        return label.zh if self.locale is Locale.ZH else label.en

    def options(self, values: Iterable[StrEnum]) -> list[tuple[str, str]]:
        return [(value.value, self.word(value)) for value in values]

    def labels(self, labels: Mapping[str, Label]) -> list[tuple[str, str]]:
        return [(key, self.label(label)) for key, label in labels.items()]

    def moment(self, at: datetime) -> str:
        here = at.astimezone(self.zone)
        if self.locale is Locale.ZH:
            return f"{here.month}月{here.day}日 {here:%H:%M}"
        return f"{here.day} {here:%b %H:%M}"

    def day(self, at: datetime) -> str:
        here = at.astimezone(self.zone)
        if self.locale is Locale.ZH:
            return f"{here.year}年{here.month}月{here.day}日 星期{'一二三四五六日'[here.weekday()]}"
        return f"{here:%a} {here.day} {here:%B %Y}"

    def date(self, on: date) -> str:
        if self.locale is Locale.ZH:
            return f"{on.month}月{on.day}日 周{'一二三四五六日'[on.weekday()]}"
        return f"{on:%a} {on.day} {on:%b}"

    def span(self, seconds: float) -> str:
        """The two greatest units: 2天3小时, 1小时20分; at least one minute."""
        minutes = max(1, int(abs(seconds)) // 60)
        parts = (
            (minutes // 1440, self.t("days")),
            (minutes // 60 % 24, self.t("hours")),
            (minutes % 60, self.t("minutes")),
        )
        first = next(place for place, (amount, _) in enumerate(parts) if amount)
        said = [f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount]
        return " ".join(said)
