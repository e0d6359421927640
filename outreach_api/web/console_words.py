"""The words of the conversations, campaigns, items, residents and settings pages in the console's two languages."""

from __future__ import annotations

from outreach_api.web.vocabulary_words import Pair

CONSOLE_WORDS: dict[str, Pair] = {
    "menu_work": ("工作", "Work"),
    "menu_know": ("知情", "Insight"),
    "conversations": ("会话", "Conversations"),
    "conversations_lead": (
        "最近说话的在最上面，有新话自动更新。",
        "The last spoken in first; the list moves by itself.",
    ),
    "talk_search": ("找居民和同事说过的话（至少两个字）", "Find what residents and colleagues said (2 signs or more)"),
    "talk_search_button": ("找", "Find"),
    "talk_found": ("说过的会话：", "Conversations with the words:"),
    "talk_none": ("没有这样的会话。", "No such conversation."),
    "talk_look_on": ("再往前找", "Look further back"),
    "among_all": ("全部", "All"),
    "among_in_hands": ("人工接手中", "In a person's hands"),
    "among_mine": ("我接手的", "Mine"),
    "among_on_the_phone": ("正在通话", "On the phone"),
    "among_flagged": ("有标记", "Flagged"),
    "on_the_phone": ("通话中", "On the phone"),
    "hands_call": (
        "电话还在线上。您写的话会马上念给对方听。",
        "The call goes on. What you write is said in it at once.",
    ),
    "whisper": ("写给对方听的话", "Words to be said"),
    "judge": ("评价这段会话", "Judge this conversation"),
    "judge_flag": ("标记", "Flag"),
    "judge_no_flag": ("不标记", "None"),
    "judge_score": ("打分（5 最好）", "Score (5 is best)"),
    "judge_keep": ("保存评价", "Keep"),
    "judge_settle": ("已处理", "Seen to"),
    "judge_standing": ("待处理", "Stands"),
    "said_mark_empty": ("请选标记、打分或写说明。", "Give a flag, a score or a note."),
    "all_conversations": ("回到会话列表", "Back to the conversations"),
}
