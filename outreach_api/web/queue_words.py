"""The words of the queue, visits and appeals in the console's two languages."""

from __future__ import annotations

from outreach_api.web.vocabulary_words import Pair

QUEUE_WORDS: dict[str, Pair] = {
    "only_escalated": ("只看提级", "Escalated only"),
    "keys_list": (
        "键盘：j、k 上下移动，回车打开，n 接下一件，/ 到筛选",
        "Keys: j and k move, Enter opens, n takes the next case, / goes to the filters",
    ),
    "keys_case": (
        "键盘：数字键选办理步骤，w 写说明，Esc 离开输入框，n 接下一件，l 回列表",
        "Keys: digits take a step, w goes to the note, Esc leaves it, n takes the next case, l goes to the list",
    ),
    "appointment": ("约好上门", "Appointment"),
    "routing": ("分派", "Routing"),
    "send_team": ("改派小分队", "Send a team"),
    "visit_day": ("哪天", "Day"),
    "visit_part": ("上午还是下午", "Part of the day"),
    "first_free": ("最早有空的半天", "First free half day"),
    "override_why": ("改派原因", "Reason"),
    "give_case": ("转给同事", "Give to a colleague"),
    "merge": ("并单", "Merge"),
    "merge_into": ("是重复的，并入", "A duplicate: merge into"),
    "said_none_waits": ("没有等着的工单了。", "Nothing waits."),
    "said_no_room": ("那时候这个小分队没有空了。", "The team has no room then."),
    "said_why_missing": ("改派请写原因。", "Say why."),
    "said_hands_full": ("手上的工单已到上限，先办结几件。", "Enough cases are in hand; finish some first."),
    "said_not_alike": (
        "这两件不能并：类型或当事人不同，或者已经办结。",
        "These two stay apart: another kind or person, or one is finished.",
    ),
}
