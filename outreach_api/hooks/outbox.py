"""What is told is written down in the transaction in which it happens: neither is ever there without the other."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.asking import AnyColumns, ask
from models.hook import HookDelivery, HookTarget
from models.undertaking import Undertaking
from models.vocabulary import HookTopic, UndertakingState


def tell(session: Session, topic: HookTopic, facts: Mapping[str, Any], *, now: datetime) -> None:
    """Queue a telling to every target that wants this topic, while the application stands that it rests on.

    `facts` are ids and enums; never personal data.
    """
    for target_id, topics in ask(session, _targets(), now=now).all():
        if topic in topics:
            session.add(telling(target_id, topic, facts, now=now))


@cache
def _targets() -> AnyColumns:
    return (
        select(HookTarget.id, HookTarget.topics)
        .join(Undertaking, Undertaking.id == HookTarget.undertaking_id)
        .where(
            HookTarget.ended_at.is_(None),
            Undertaking.state == UndertakingState.APPROVED,
            Undertaking.expires_at > bindparam("now", type_=Undertaking.expires_at.type),
        )
    )


def telling(target_id: int, topic: HookTopic, facts: Mapping[str, Any], *, now: datetime) -> HookDelivery:
    body = {"type": topic.value, "timestamp": now.isoformat(), "data": dict(facts)}
    return HookDelivery(
        target_id=target_id,
        message_id=f"msg_{uuid.uuid4().hex}",
        topic=topic.value,
        body=body,
        created_at=now,
        due_at=now,
    )
