"""Two meanings in one message are both served, most urgent first; a stop and a death stand alone."""

from __future__ import annotations

import pytest

from tests.bot.conftest import Ask

pytestmark = pytest.mark.rasa


def _short(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [
        ":".join(str(value) for key, value in directive.items() if key not in {"reason", "readings"})
        for directive in answer["directives"]
    ]


@pytest.mark.parametrize(
    ("text", "served"),
    [
        ("可以，要带什么证件", ["answer:documents", "reply:yes"]),
        ("你好，请问在哪里办", ["answer:where", "say:greeting"]),
        ("多少钱？去哪里办？", ["answer:amount", "answer:where"]),
        ("我在开会，明天上午再打", ["outcome:callback"]),
        ("好的不需要", ["outcome:declined"]),
        ("打错了，别再打来了", ["outcome:opted_out"]),
        ("可以啊，不过以后别再给我打电话了", ["outcome:opted_out"]),
        ("我爸去世了，以后别再打了", ["outcome:deceased"]),
        ("谢谢你，我奶奶上个月过世了", ["outcome:deceased"]),
    ],
)
def test_every_meaning_is_served_in_order(ask: Ask, text: str, served: list[str]) -> None:
    assert _short(ask(text)) == served


@pytest.mark.parametrize("text", ["好，算了不要了", "可以吧，还是不用了", "行，不，我不办"])
def test_a_yes_taken_back_is_no_yes(ask: Ask, text: str) -> None:
    assert "reply:yes" not in _short(ask(text))


def test_thanks_with_nothing_asked_are_no_yes(ask: Ask) -> None:
    assert _short(ask("好的谢谢", asked=None)) == ["say:thanks"]
    assert _short(ask("好的谢谢", asked="interest")) == ["reply:yes"]
