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
        ("你打错了", WRONG),
        ("没有这个人", WRONG),
        ("我不是你要找的人", WRONG),
        ("打錯咗", WRONG),
        ("人工客服", PERSON),
        ("我要跟真人说", PERSON),
        ("帮我转一下工作人员", PERSON),
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
        ("你没打错，是我", WRONG),
        ("刚才我打错字了", WRONG),
        ("我是他儿子", WRONG),
        ("不用转人工", PERSON),
        ("你是人工还是机器", PERSON),
    ],
)
def test_what_only_sounds_like_one_is_not_taken_for_it(ask: Ask, text: str, outcome: str) -> None:
    assert {"do": "outcome", "outcome": outcome} not in ask(text)["directives"]
