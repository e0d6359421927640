"""A stop, a death, a wrong number and a wish for a person are heard; what only sounds like one is not."""

from __future__ import annotations

import pytest

from tests.bot.conftest import Ask

pytestmark = pytest.mark.rasa

STOP, DEATH, WRONG, PERSON = "opted_out", "deceased", "wrong_person", "escalated"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("TD", STOP),
        ("td。", STOP),
        ("退訂", STOP),
        ("不要再打電話嚟喇", STOP),
        ("以后别给我发短信了", STOP),
        ("把我的号码从名单里删掉", STOP),
        ("老人家已经过世了", DEATH),
        ("我爸走了两年了", DEATH),
        ("人都不在了还打什么", DEATH),
        ("佢過咗身喇", DEATH),
        ("我爸上个月走的，没抢救过来", DEATH),
        ("老爷子已经过逝了", DEATH),
        ("求求你们别再打了", STOP),
        ("再打我就报警", STOP),
        ("不许打电话了", STOP),
        ("你打错了", WRONG),
        ("没有这个人", WRONG),
        ("我不是你要找的人", WRONG),
        ("打錯咗", WRONG),
        ("这个号已经换人了", WRONG),
        ("我不姓陈", WRONG),
        ("人工客服", PERSON),
        ("我要跟真人说", PERSON),
        ("帮我转一下工作人员", PERSON),
        ("让你们主任跟我说", PERSON),
        ("我不想跟机器说话", PERSON),
    ],
)
def test_safety_words_are_heard(ask: Ask, text: str, outcome: str) -> None:
    assert {"do": "outcome", "outcome": outcome} in ask(text)["directives"]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("我不要退订", STOP),
        ("别给我退订啊", STOP),
        ("刚才误点了退订", STOP),
        ("我退休金在哪里领", STOP),
        ("中午别打，下午再打", STOP),
        ("手续都走完了在等审核", DEATH),
        ("他没去世，住院呢", DEATH),
        ("我妈走不动了", DEATH),
        ("我爸不在家，出去散步了", DEATH),
        ("我的补贴怎么没了", DEATH),
        ("老头子走亲戚去了", DEATH),
        ("隔壁办丧事吵得睡不着", DEATH),
        ("老伴走了，我自己还能申请吗", DEATH),
        ("怎么退订牛奶", STOP),
        ("你没打错，是我", WRONG),
        ("刚才我打错字了", WRONG),
        ("我是他儿子", WRONG),
        ("不用转人工", PERSON),
        ("叫个人来我家看看", PERSON),
        ("你是人工还是机器", PERSON),
    ],
)
def test_what_only_sounds_like_one_is_not_taken_for_it(ask: Ask, text: str, outcome: str) -> None:
    assert {"do": "outcome", "outcome": outcome} not in ask(text)["directives"]
