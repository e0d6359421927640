from tests.conversations.conftest import cards, rasa, street

__all__ = ["cards", "rasa", "street"]
