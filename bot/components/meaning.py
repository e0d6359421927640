"""The Rasa component that reads an intent from a message and the stage of the dialogue."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY, METADATA, METADATA_INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.features import views
from bot.components.hearing import misheard
from bot.components.linear import LinearModel, fit
from bot.components.phrases import rules_out_death

FALLBACK = "out_of_scope"
DEATH = "resident_deceased"
STOP = "opt_out"
# A stop that is missed costs more than one too many, which a person can release.
WEIGHT_OF_A_STOP = 1.5
SURE_OF_A_DEATH = 0.9
RANKED = 10


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class StageAwareClassifier(GraphComponent, IntentClassifier):
    """Reads 一般 in a survey as a rating and 好 after an offer as a yes.

    The stage travels as message metadata: `metadata: {stage: survey}` beside an intent's examples in training, the
    turn's state when serving.
    """

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: LinearModel | None):
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"penalty": 2.0, "threshold": 0.25}

    @staticmethod
    def required_packages() -> list[str]:
        return ["sklearn", "jieba", "pypinyin"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> StageAwareClassifier:
        return cls(config, model_storage, resource, None)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> StageAwareClassifier:
        # The dictionaries load at their first use: better here than in the first resident's turn.
        views("您好，請問", "open")
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, LinearModel.load(folder))

    def train(self, training_data: TrainingData) -> Resource:
        examples = training_data.intent_examples
        documents = [views(example.get(TEXT), stage_of(example)) for example in examples]
        intents = [example.get(INTENT) for example in examples]
        noisy = misheard([(example.get(TEXT), stage_of(example)) for example in examples])
        heard = [(views(copy.text, copy.stage), intents[copy.original]) for copy in noisy]
        self._model = fit(documents, intents, heard, penalty=self._config["penalty"])
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            self._read(message)
        return messages

    def _read(self, message: Message) -> None:
        text = message.get(TEXT) or ""
        ranking = self._ranking(text, stage_of(message))
        if ranking[0]["name"] == DEATH and rules_out_death(text):
            ranking = [reading for reading in ranking if reading["name"] != DEATH]
        settled = settled_intent(message)
        if settled == STOP and ranking[0]["name"] == DEATH and ranking[0]["confidence"] >= SURE_OF_A_DEATH:
            # 老爷子走了，不用再发了: the death is why.
            settled = None
        best = {"name": settled, "confidence": 1.0} if settled else ranking[0]
        if settled:
            ranking = [best, *(reading for reading in ranking if reading["name"] != settled)]
        elif best["confidence"] < self._config["threshold"]:
            best = {"name": FALLBACK, "confidence": best["confidence"]}
        message.set(INTENT, best, add_to_output=True)
        message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)

    def _ranking(self, text: str, stage: str) -> list[dict[str, Any]]:
        if self._model is None:
            raise RuntimeError("The classifier was asked before it was trained or loaded.")
        chances = self._model.probabilities(views(text, stage))
        chances[self._model.labels.index(STOP)] *= WEIGHT_OF_A_STOP
        chances /= chances.sum()
        order = chances.argsort()[::-1][:RANKED]
        return [{"name": self._model.labels[index], "confidence": float(chances[index])} for index in order]


def settled_intent(message: Message) -> str | None:
    """What the words alone settled, read by `ExactWords` before the model."""
    return (message.get(INTENT) or {}).get("name")


def stage_of(message: Message) -> str:
    """The stage beside the message; `open` where none is given."""
    metadata = message.get(METADATA) or {}
    return str(metadata.get("stage") or metadata.get(METADATA_INTENT, {}).get("stage") or "open")
