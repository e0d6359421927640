"""The same dialogues with the trained bot: what residents really write, in their words."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from models.column_types import use_key_ring
from models.crypto import new_key_ring
from outreach_api.conversations.converse import converse
from outreach_api.conversations.rasa_bot import RasaBot
from scheduler.policies.card import PolicyCard
from tests.conversations.street import ALLOWANCE, CHECK_UP

pytestmark = pytest.mark.rasa

TRANSCRIPTS = [
    (ALLOWANCE, ["同意"], "applied_by_reply", None, True),
    (ALLOWANCE, ["一个月有多少", "要带什么材料", "去哪里办", "同意"], "applied_by_reply", None, True),
    (ALLOWANCE, ["好", "好的"], "applied_by_reply", None, True),
    (ALLOWANCE, ["好", "嗯"], "interested", None, False),
    (ALLOWANCE, ["收到", "👌"], "no_decision", None, False),
    (ALLOWANCE, ["你们不会是骗子吧", "好的谢谢"], "no_decision", None, False),
    (ALLOWANCE, ["不用了，我不缺这个钱"], "declined", None, False),
    (ALLOWANCE, ["好的不需要"], "declined", None, False),
    (ALLOWANCE, ["我早就领了呀"], "already_enrolled", "human", False),
    (ALLOWANCE, ["走不动路，能来家里吗"], "escalated", "home_visit", False),
    (ALLOWANCE, ["我不会弄手机", "好"], "escalated", "home_visit", False),
    (ALLOWANCE, ["别再给我发短信了，烦死了", "一个月有多少"], "opted_out", "human", False),
    (ALLOWANCE, ["老人上个月过世了"], "deceased", "identity", False),
    (ALLOWANCE, ["你打错了，我不姓陈"], "wrong_person", None, False),
    (ALLOWANCE, ["现在没空", "礼拜六早上吧"], "callback", None, False),
    (ALLOWANCE, ["你们办事也太慢了，我要投诉"], "no_decision", "complaint", False),
    (ALLOWANCE, ["楼下路灯坏了好几天没人管"], "no_decision", "appeal", False),
    (ALLOWANCE, ["我搬到龙岗去了"], "moved", "identity", False),
    (ALLOWANCE, ["找个真人跟我说"], "escalated", "human", False),
    (CHECK_UP, ["好", "要"], "interested", "home_visit", False),
]


@pytest.mark.parametrize(("policy", "turns", "outcome", "case", "consent"), TRANSCRIPTS)
def test_a_dialogue_comes_to_the_right_end(
    rasa: RasaBot,
    cards: Mapping[str, PolicyCard],
    policy: str,
    turns: list[str],
    outcome: str,
    case: str | None,
    consent: bool,
) -> None:
    use_key_ring(new_key_ring())
    line = json.dumps({"id": 1, "policy": policy, "stage": "offer", "turns": turns}, ensure_ascii=False)
    answer = json.loads(next(converse([line], rasa, cards)))
    assert (answer["outcome"], answer["case"], answer["consent"]) == (outcome, case, consent), answer["replies"]
