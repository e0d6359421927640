"""Who is told of what: adding a target, ending it, and what came of each telling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.event import AuditEntry
from models.hook import HookDelivery, HookTarget
from models.undertaking import Undertaking
from models.vocabulary import HookState, HookTopic, UndertakingKind
from outreach_api.hooks.addresses import check_form
from outreach_api.hooks.outbox import telling
from outreach_api.hooks.signing import new_secret
from outreach_api.privacy.undertakings import stands


class TargetRefused(ValueError):  # noqa: N818
    """The target cannot be had so; says why."""


class NoSuchTarget(LookupError):  # noqa: N818
    """Nobody of that number or name is told of anything."""


SCOPE_OF: Mapping[HookTopic, str] = {
    HookTopic.CASE_OPENED: "queue.read",
    HookTopic.CASE_CHANGED: "queue.read",
    HookTopic.CONVERSATION_OUTCOME: "conversations.read",
}
"""Who is told of something may read it: which scope of a department's application opens what a topic tells of."""


def add_target(
    session: Session, name: str, url: str, topics: Sequence[HookTopic], *, under: int, by: str, now: datetime
) -> HookTarget:
    """Tell somebody from now on, under a department's approved application. The secret is theirs to check
    signatures with.

    Raises:
        AddressRefused: the address is none.
        TargetRefused: the name is taken, there is nothing to tell, or the application does not stand or is for less.
    """
    check_form(url)
    if not topics:
        raise TargetRefused(f"say of what: {', '.join(HookTopic)}")
    if session.scalar(select(HookTarget.id).where(HookTarget.name == name)) is not None:
        raise TargetRefused(f"the name {name} is taken")
    _hold_to_undertaking(session, topics, under, now)
    row = HookTarget(
        name=name,
        url=url,
        secret=new_secret(),
        topics=sorted({topic.value for topic in topics}),
        created_at=now,
        created_by=by,
        undertaking_id=under,
    )
    session.add(row)
    session.flush()
    facts = {"topics": row.topics, "undertaking": under}
    session.add(AuditEntry(at=now, actor=by, action="hook.add", subject=f"hook:{row.id}", facts=facts))
    return row


def _hold_to_undertaking(session: Session, topics: Sequence[HookTopic], under: int, now: datetime) -> None:
    row = session.get(Undertaking, under)
    if row is None or not stands(row, now) or row.kind is not UndertakingKind.DEPARTMENT_USE:
        raise TargetRefused(f"no application {under} of a department stands")
    beyond = sorted({SCOPE_OF[topic] for topic in topics if topic in SCOPE_OF} - set(row.fields))
    if beyond:
        raise TargetRefused(f"application {under} is not for {', '.join(beyond)}")


def end_target(session: Session, target_id: int, *, by: str, now: datetime) -> HookTarget:
    """Tell them nothing more; what waits is given up.

    Raises:
        NoSuchTarget: there is none.
    """
    row = find_target(session, target_id)
    if row.ended_at is None:
        row.ended_at, row.ended_because = now, by
        session.add(AuditEntry(at=now, actor=by, action="hook.end", subject=f"hook:{row.id}"))
    return row


def find_target(session: Session, target_id: int) -> HookTarget:
    row = session.get(HookTarget, target_id)
    if row is None:
        raise NoSuchTarget(f"there is no webhook {target_id}")
    return row


def targets(session: Session) -> Sequence[HookTarget]:
    return session.scalars(select(HookTarget).order_by(HookTarget.id)).all()


def ping(session: Session, target_id: int, *, now: datetime) -> HookDelivery:
    """Queue a telling of nothing, to see whether it arrives.

    Raises:
        NoSuchTarget: there is none.
        TargetRefused: it has ended.
    """
    row = find_target(session, target_id)
    if row.ended_at is not None:
        raise TargetRefused(f"webhook {target_id} has ended")
    sent = telling(row.id, HookTopic.PING, {}, now=now)
    session.add(sent)
    session.flush()
    return sent


def send_again(session: Session, delivery_id: int, *, now: datetime) -> HookDelivery:
    """Try a telling again from the beginning, with the id it had.

    Raises:
        NoSuchTarget: there is no such telling.
        TargetRefused: it has not been given up.
    """
    row = session.get(HookDelivery, delivery_id, with_for_update=True)
    if row is None:
        raise NoSuchTarget(f"there is no delivery {delivery_id}")
    if row.state is not HookState.GIVEN_UP:
        raise TargetRefused(f"delivery {delivery_id} is {row.state.value}")
    row.state, row.due_at, row.attempts, row.settled_at = HookState.WAITING, now, 0, None
    return row
