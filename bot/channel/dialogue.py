"""One turn through Rasa: parse, predict, collect; nothing is read from or written to a tracker store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.processor import MessageProcessor
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.channel.reading import Reading, intents
from bot.channel.state import Turn
from bot.components.clauses import clauses
from bot.components.spelling import plain

SENDER = "turn"
RANKED = 5
CHOICES = 3
_ruled: dict[tuple[str, ...], list[dict[str, Any]]] = {}
_NUMERALS = {"1": 0, "一": 0, "2": 1, "二": 1, "两": 1, "3": 2, "三": 2}


async def answer(agent: Agent, turn: Turn) -> dict[str, Any]:
    """The directives for a turn, with the readings they rest on."""
    processor = agent.processor
    if processor is None:
        raise RuntimeError("Rasa has no model loaded.")
    parses = _parse(processor, turn)
    whole, *pieces = [Reading.of(parse) for parse in parses]
    directives: list[dict[str, Any]] = []
    for intent in intents(whole, pieces, asked=turn.asked):
        directives += await _directives(processor, turn, _as_parse(turn.text, intent, whole.confidence))
    return {
        "directives": [_with_readings(directive, parses[0]) for directive in directives],
        "ranking": _ranking(parses[0])[:RANKED],
        "clauses": [piece.as_json() for piece in pieces or [whole]],
        "model": agent.model_id and processor.model_filename.removesuffix(".tar.gz"),
    }


def _parse(processor: MessageProcessor, turn: Turn) -> list[dict[str, Any]]:
    """Parse the whole message and its clauses in one run of Rasa's graph; the whole comes first."""
    chosen = _chosen(turn)
    if chosen:
        return [_as_parse(turn.text, chosen, 1.0)]
    pieces = clauses(plain(turn.text))
    texts = [turn.text, *(pieces if len(pieces) > 1 else [])]
    return parse(processor, texts, turn.stage, turn.asked)


def parse(
    processor: MessageProcessor, texts: Sequence[str], stage: str, asked: str | None = None
) -> list[dict[str, Any]]:
    messages = [UserMessage(text, sender_id=SENDER, metadata={"stage": stage, "asked": asked}) for text in texts]
    target = processor.model_metadata.nlu_target
    inputs = {PLACEHOLDER_MESSAGE: messages, PLACEHOLDER_TRACKER: DialogueStateTracker.from_events(SENDER, [])}
    read = processor.graph_runner.run(inputs=inputs, targets=[target])[target]
    return [message.as_dict(only_output_properties=True) for message in read]


def _chosen(turn: Turn) -> str | None:
    """The intent whose number the resident gave, where a numbered choice of readings is open."""
    if turn.asked != "which_reading":
        return None
    said = plain(turn.text).strip(" .。、号个第选项#()")
    place = _NUMERALS.get(said)
    return turn.menu[place] if place is not None and place < len(turn.menu) else None


async def _directives(processor: MessageProcessor, turn: Turn, parse: dict[str, Any]) -> list[dict[str, Any]]:
    """What the rules make of an intent, asked of Rasa once for each state: they see nothing else of a turn."""
    slots = _slots(turn)
    key = (processor.model_filename, parse["intent"]["name"], *slots.values())
    if key not in _ruled:
        _ruled[key] = await _predict(processor, turn.text, parse, slots)
    return _ruled[key]


async def _predict(
    processor: MessageProcessor, text: str, parse: dict[str, Any], slots: dict[str, str]
) -> list[dict[str, Any]]:
    output = CollectingOutputChannel()
    tracker = _seeded(processor, slots)
    tracker.update(UserUttered(text, parse["intent"], [], parse), processor.domain)
    await processor._run_prediction_loop(output, tracker)
    return [directive for message in output.messages for directive in message["custom"]["directives"]]


def _slots(turn: Turn) -> dict[str, str]:
    return {"stage": turn.stage, "asked": turn.asked or "nothing", "misses": "some" if turn.misses else "none"}


def _seeded(processor: MessageProcessor, slots: dict[str, str]) -> DialogueStateTracker:
    events = [SlotSet(name, value) for name, value in slots.items()]
    return DialogueStateTracker.from_events(
        SENDER, [*events, ActionExecuted(ACTION_LISTEN_NAME)], slots=processor.domain.slots, domain=processor.domain
    )


def _as_parse(text: str, intent: str, confidence: float) -> dict[str, Any]:
    reading = {"name": intent, "confidence": confidence}
    return {"text": text, "intent": reading, "entities": [], "intent_ranking": [reading]}


def _ranking(parse: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"intent": reading["name"], "confidence": round(reading["confidence"], 4)}
        for reading in parse["intent_ranking"]
    ]


def _with_readings(directive: dict[str, Any], parse: dict[str, Any]) -> dict[str, Any]:
    if directive["do"] != "clarify":
        return directive
    likely = [reading["intent"] for reading in _ranking(parse) if reading["intent"] != "out_of_scope"]
    return {**directive, "readings": likely[:CHOICES]}
