"""The inbox: what residents wrote is committed before it is answered, and each message has its effects exactly once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.exc import StaleDataError

from models.conversation import Inbound
from models.session import Sessions
from models.vocabulary import Channel, InboundState
from outreach_api.clock import Clock
from outreach_api.conversations.bot import Bot, BotUnavailable, Turn
from outreach_api.conversations.context import Sender, find_sender, load_context
from outreach_api.conversations.decision import Context, Heard
from outreach_api.conversations.dialogue import decide
from outreach_api.conversations.directives import check_turn
from outreach_api.conversations.exact_words import (
    CUT_OFF,
    KEY_MARK,
    SAFETY,
    ExactWord,
    heard_exactly,
    read_exact_word,
)
from outreach_api.conversations.on_the_page import shown_with
from outreach_api.conversations.transcript import Answering, give_up, hold, keep_turn
from outreach_api.traces import span
from scheduler.policies.card import PolicyCard

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
RETRY_AFTER = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
LONGEST_TEXT_FOR_BOT = 1000
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class InboxReport:
    answered: int = 0
    held: int = 0
    """Waiting for a bot that did not answer."""
    given_up: int = 0
    """Given to a person instead."""
    conflicts: int = 0
    """Somebody else changed the conversation meanwhile; they are read again."""
    inbound_ids: list[int] = field(default_factory=list)
    more_may_wait: bool = False
    """As many were due as were looked at: a stop may be behind them."""


@dataclass(frozen=True)
class Claim:
    """The right to settle one message; a worker whose fence is old may not."""

    inbound_id: int
    fence: int
    at_once: bool = False
    """Understood by its exact words: the bot is not asked."""


@dataclass(frozen=True)
class _Read:
    """What was known when the bot was asked."""

    text: str
    exact: ExactWord | None
    context: Context
    version: int


class _Conflict(Exception):  # noqa: N818
    """The message or the conversation changed hands between reading and writing."""


@dataclass(frozen=True)
class Inbox:
    sessions: Sessions
    bot: Bot
    cards: Mapping[str, PolicyCard]
    clock: Clock
    zone: ZoneInfo = ZONE

    def answer_one(self, claim: Claim, report: InboxReport) -> None:
        """Read, ask the bot outside any transaction, then settle everything in one."""
        with span("inbound.turn", inbound=claim.inbound_id) as noted:
            answered = report.answered
            self._answer(claim, report)
            noted.note(answered=report.answered - answered)

    def _answer(self, claim: Claim, report: InboxReport) -> None:
        if claim.at_once and self._is_settled(claim, report, self._settle_at_once):
            return
        read = self._read(claim)
        if read is None:
            report.conflicts += 1
            return
        try:
            turn = self._ask_bot(read)
        except BotUnavailable as unavailable:
            self._settle_unanswered(claim, report, str(unavailable))
            return
        self._is_settled(claim, report, partial(self._settle, read=read, turn=turn))

    def _is_settled(self, claim: Claim, report: InboxReport, settle: Callable[[Claim], bool]) -> bool:
        """Whether no more is to be done about the message here: it was settled, or somebody else has it."""
        try:
            settled = settle(claim)
        except (_Conflict, StaleDataError):
            report.conflicts += 1
            self.put_back(claim)
            return True
        if settled:
            report.answered += 1
            report.inbound_ids.append(claim.inbound_id)
        return settled

    def _read(self, claim: Claim) -> _Read | None:
        with self.sessions.read() as session:
            inbound = _claimed(session, claim)
            if inbound is None:
                return None
            sender = find_sender(session, inbound, now=self.clock.now())
            exact = heard_exactly(inbound.text, inbound.button)
            return _Read(inbound.text, exact, self._context(session, inbound, sender), sender.version)

    def _context(self, session: Session, inbound: Inbound, sender: Sender) -> Context:
        return load_context(session, inbound, sender, cards=self.cards, zone=self.zone, now=self.clock.now())

    def _ask_bot(self, read: _Read) -> Turn | None:
        heard = Heard(read.text, read.exact)
        if decide(heard, read.context) is not None:
            return None
        state = read.context.state.for_bot(read.context.channel)
        return check_turn(self.bot.turn(_for_bot(read.text), state))

    def _settle_at_once(self, claim: Claim) -> bool:
        """Read and settle in one transaction what its exact words decide; False where they do not."""
        with self.sessions.write() as session:
            inbound, sender = self._held(session, claim)
            heard = Heard(inbound.text, heard_exactly(inbound.text, inbound.button))
            return self._keep(session, inbound, sender, heard)

    def _settle(self, claim: Claim, read: _Read, turn: Turn | None) -> bool:
        with self.sessions.write() as session:
            inbound, sender = self._held(session, claim)
            if sender.version != read.version or not self._keep(
                session, inbound, sender, Heard(read.text, read.exact, turn)
            ):
                raise _Conflict
            return True

    def _held(self, session: Session, claim: Claim) -> tuple[Inbound, Sender]:
        inbound = _claimed(session, claim)
        if inbound is None:
            raise _Conflict
        return inbound, find_sender(session, inbound, now=self.clock.now())

    def _keep(self, session: Session, inbound: Inbound, sender: Sender, heard: Heard) -> bool:
        """Write what follows; False, and nothing written, where only the bot can tell."""
        now = self.clock.now()
        context = self._context(session, inbound, sender)
        decision = decide(heard, context)
        if decision is None:
            return False
        shown = shown_with(decision, context) if inbound.channel is Channel.CHAT else None
        keep_turn(session, Answering(inbound, sender, now), heard, decision, shown=shown)
        _finish(inbound, InboundState.DONE, now)
        return True

    def _settle_unanswered(self, claim: Claim, report: InboxReport, why: str) -> None:
        """Hold and try again later; after the last try, or when a stop waits behind it, give it to a person."""
        now = self.clock.now()
        with self.sessions.write() as session:
            inbound = _claimed(session, claim)
            if inbound is None:
                report.conflicts += 1
                return
            sender = find_sender(session, inbound, now=self.clock.now())
            context = self._context(session, inbound, sender)
            answering = Answering(inbound, sender, now)
            if inbound.attempts < len(RETRY_AFTER) and not _safety_word_waits(session, inbound):
                hold(session, answering, context)
                inbound.due_at = now + RETRY_AFTER[inbound.attempts]
                inbound.attempts += 1
                inbound.state = InboundState.PENDING
                report.held += 1
            else:
                give_up(session, answering, context)
                _finish(inbound, InboundState.PARKED, now)
                report.given_up += 1
        log.warning("bot_unavailable", inbound=claim.inbound_id, why=why)

    def put_back(self, *claims: Claim) -> None:
        """Let them be claimed again."""
        with self.sessions.write() as session:
            for claim in claims:
                session.execute(
                    update(Inbound)
                    .where(Inbound.id == claim.inbound_id, Inbound.fence == claim.fence)
                    .where(Inbound.state == InboundState.PROCESSING)
                    .values(state=InboundState.PENDING)
                )


def answer_due(
    sessions: Sessions,
    bot: Bot,
    cards: Mapping[str, PolicyCard],
    clock: Clock,
    limit: int = 200,
    *,
    zone: ZoneInfo = ZONE,
    seconds: float = math.inf,
) -> InboxReport:
    """Answer what is due, at most `limit` messages; what one sender wrote, in the order it came.

    Exact words first, a stop among them: it must not wait until a slow bot has read what others wrote. For the same
    reason nothing new is begun with the bot after so many seconds on the wall; what is left waits for the next time.
    """
    inbox, report = Inbox(sessions, bot, cards, clock, zone), InboxReport()
    until = time.monotonic() + seconds
    tries = 0
    while tries < limit:
        claims = sorted(claim_due(sessions, now=clock.now(), limit=limit - tries), key=lambda claim: not claim.at_once)
        if not claims:
            break
        report.more_may_wait = len(claims) >= limit - tries
        for place, claim in enumerate(claims):
            if not claim.at_once and time.monotonic() >= until:
                inbox.put_back(*claims[place:])
                return report
            inbox.answer_one(claim, report)
        tries += len(claims)
    return report


def claim_due(sessions: Sessions, *, now: datetime, limit: int) -> list[Claim]:
    """Claim the first unanswered message of each sender, if it is due.

    One whose worker died is due again when its lease is over. One that waits for the bot is due at once when a stop
    word came in behind it: the stop must not wait, and must not overtake either.
    """
    with sessions.write() as session:
        given = {"now": now, "abandoned": now - LEASE, "most": limit}
        heads = session.scalars(_heads(), given).all()
        waiting = [inbound for inbound in _waiting(session, now) if _safety_word_waits(session, inbound)]
        claimed = [*heads, *waiting][:limit]
        for inbound in claimed:
            inbound.state = InboundState.PROCESSING
            inbound.fence += 1
            inbound.claimed_at = now
        return [Claim(one.id, one.fence, heard_exactly(one.text, one.button) is not None) for one in claimed]


_UNSETTLED = (InboundState.PENDING, InboundState.PROCESSING)


def _is_head() -> ColumnElement[bool]:
    earlier = aliased(Inbound)
    return ~exists().where(
        earlier.sender_index == Inbound.sender_index, earlier.id < Inbound.id, earlier.state.in_(_UNSETTLED)
    )


# The two queries are kept: they are asked at every instant, and to put one together takes longer than to answer it.
@cache
def _heads() -> Select[Inbound]:
    due = and_(Inbound.state == InboundState.PENDING, Inbound.due_at <= _instant("now"))
    abandoned = and_(Inbound.state == InboundState.PROCESSING, Inbound.claimed_at <= _instant("abandoned"))
    heads = select(Inbound).where(or_(due, abandoned), _is_head()).order_by(Inbound.id)
    return heads.limit(bindparam("most", type_=Integer)).with_for_update(skip_locked=True)


def _waiting(session: Session, now: datetime) -> list[Inbound]:
    """Heads put off until later, behind which something else came in."""
    return list(session.scalars(_put_off(), {"now": now}))


@cache
def _put_off() -> Select[Inbound]:
    later = aliased(Inbound)
    followed = exists().where(
        later.sender_index == Inbound.sender_index, later.id > Inbound.id, later.state == InboundState.PENDING
    )
    put_off = (Inbound.state == InboundState.PENDING, Inbound.due_at > _instant("now"), Inbound.attempts > 0)
    heads = select(Inbound).where(*put_off, followed, _is_head()).order_by(Inbound.id)
    return heads.with_for_update(skip_locked=True)


def _instant(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=Inbound.due_at.type)


def _safety_word_waits(session: Session, inbound: Inbound) -> bool:
    """Whether the same sender has since written a word that binds at once."""
    behind = session.scalars(
        select(Inbound).where(
            Inbound.sender_index == inbound.sender_index,
            Inbound.id > inbound.id,
            Inbound.state == InboundState.PENDING,
        )
    )
    words = (read_exact_word(each.text) for each in behind)
    return any(word is not None and word.kind in SAFETY for word in words)


def _claimed(session: Session, claim: Claim) -> Inbound | None:
    """The message, as long as it is this worker's; it is held until the transaction ends."""
    return session.scalar(_CLAIMED, {"id": claim.inbound_id, "fence": claim.fence})


_CLAIMED = (
    select(Inbound)
    .where(
        Inbound.id == bindparam("id"),
        Inbound.fence == bindparam("fence"),
        Inbound.state == InboundState.PROCESSING,
    )
    .with_for_update()
)


def _finish(inbound: Inbound, state: InboundState, now: datetime) -> None:
    inbound.state = state
    inbound.settled_at = now


def _for_bot(text: str) -> str:
    """Long texts are cut for the bot only; a leading slash would be read as a command there."""
    return text.removeprefix(KEY_MARK).removesuffix(CUT_OFF).strip().lstrip("/")[:LONGEST_TEXT_FOR_BOT] or "…"
