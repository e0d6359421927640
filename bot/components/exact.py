"""The Rasa component before the model: meanings that the words alone settle."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.phrases import urgent_intent
from bot.components.spelling import plain

# In a survey a bare number or nod answers "how satisfied are you", where 1, 2, 3 are the choices offered.
_RATINGS = {
    "rate_satisfied": "1 一 好 好的 行 可以 ok 得 赞 1满意",
    "rate_neutral": "2 二 2一般",
    "rate_dissatisfied": "3 三 不行 不好 3不满意",
}
_RATING_OF = {word: intent for intent, words in _RATINGS.items() for word in words.split()}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ExactWords(GraphComponent, IntentClassifier):
    """Sets the intent where exact words leave no doubt; the classifier after it keeps what is set."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ExactWords:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            intent = exact_intent(message.get(TEXT) or "", message.get(METADATA) or {})
            if intent:
                message.set(INTENT, {"name": intent, "confidence": 1.0}, add_to_output=True)
        return messages


def exact_intent(text: str, state: dict[str, Any]) -> str | None:
    """What the words settle, at this stage and after this question.

    A yes/no question inside a survey (was it solved?) is no rating: there 好 stays a yes.
    """
    if state.get("stage") == "survey" and state.get("asked") in (None, "rating"):
        rating = _RATING_OF.get(plain(text).strip(" .。!！,"))
        if rating:
            return rating
    return urgent_intent(text)
