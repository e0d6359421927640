"""What a conversation remembers between messages. Stored with the conversation, never in the bot."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from models.vocabulary import Channel, Question, Stage, Topic
from outreach_api.conversations.bot import TurnState


class DialogueState(BaseModel):
    """`pending` is what waits for the resident to say which offer is meant; `agreed` the words that then count."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: Stage = Stage.OPEN
    asked: Question | None = None
    menu: tuple[str, ...] = ()
    before: Question | None = None
    """What was open before a choice of readings was put: it is open again afterwards."""
    misses: int = 0
    offer_contact_id: int | None = None
    focus: int | None = None
    """The match that is spoken of."""
    pending: Topic | str | None = None
    agreed: str | None = None
    confirmations: int = 0
    """How often a confirming question was put about this offer: it is put once."""
    identity_tries: int = 0
    time_tries: int = 0
    which_tries: int = 0
    relation: str | None = None
    """What the speaker is to the resident, once they have said that they are somebody else."""
    beside: str | None = None
    """Who of the family spoke in this call before the resident came to the phone."""
    aside: Literal["answered", "noted"] | None = None
    """The last reply put no question: it answered something, or noted something down. What was asked is older."""
    held: bool = False
    """The holding line was said and the bot has not come back since."""
    last_reply: str = ""
    replied_at: datetime | None = None
    answered: tuple[Topic, ...] = ()

    def stored(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_defaults=True)

    def with_(self, **changes: Any) -> DialogueState:
        return self.model_copy(update=changes)

    def for_bot(self, channel: Channel) -> TurnState:
        stage = Stage.OFFER if self.stage is not Stage.SURVEY and self.asked else self.stage
        return TurnState(stage, self.asked, channel, self.misses, self.menu)
