"""What texts may come to: held against before each claim, with the day's sums under a lock, and added to them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.carrier import TollDay
from models.contact import Contact
from models.vocabulary import Channel, ContactPurpose
from outreach_api.delivery.lanes import ANSWERS
from outreach_api.delivery.toll_limits import TollLimits
from scheduler.planning.budget import UNSPENT

SIGNS_OF_ONE, SIGNS_OF_EACH = 70, 67
ANSWERED_OVER = timedelta(days=1)
ALL, ANSWERS_OF_ALL = "texts", "answers"
_BEGIN = {
    "postgresql": postgresql.insert(TollDay).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(TollDay).on_conflict_do_nothing(),
}
log = structlog.get_logger(__name__)


def parts_of(text: str) -> int:
    """How many texts a carrier makes of this one, and charges for; a sign outside the usual plane counts twice."""
    signs = len(text.encode("utf-16-le")) // 2
    return 1 if signs <= SIGNS_OF_ONE else math.ceil(signs / SIGNS_OF_EACH)


class Purse:
    """The day's sums that this batch of contacts is held against; locked until the transaction ends."""

    def __init__(self, session: Session, limits: TollLimits, contacts: Sequence[Contact], *, now: datetime) -> None:
        self._limits = limits
        texts = [contact for contact in contacts if contact.channel is Channel.SMS]
        answers = [contact for contact in texts if contact.purpose in ANSWERS]
        self._answered = _answered(session, {one.phone_id for one in answers}, now=now) if answers else Counter()
        bounds = {
            ALL: _least(limits.texts_a_day, _parts_for(limits.yuan_a_day, limits)) if texts else 0,
            ANSWERS_OF_ALL: limits.answers_a_day if answers else 0,
        }
        of_a_campaign = _parts_for(limits.yuan_a_campaign, limits)
        bounds |= {_of_campaign(one): of_a_campaign for one in texts if one.campaign_id is not None}
        self._bounds = {purse: bound for purse, bound in bounds.items() if bound}
        self._rows = _locked(session, sorted(self._bounds), now)

    def is_empty_for(self, contact: Contact) -> bool:
        """Whether this text would be one too many."""
        if contact.channel is not Channel.SMS:
            return False
        most = self._limits.answers_a_number
        if most and contact.purpose in ANSWERS and self._answered[contact.phone_id] >= most:
            return True
        # That a stop was heard is always said: it is one text, and silence after it.
        if contact.purpose is ContactPurpose.ACKNOWLEDGEMENT:
            return False
        parts = parts_of(contact.text)
        return any(self._rows[purse].parts + parts > self._bounds[purse] for purse in self._purses(contact))

    def charge(self, contact: Contact) -> None:
        """It goes out: what it costs is spent, whatever the carrier makes of it."""
        if contact.channel is not Channel.SMS:
            return
        if contact.purpose in ANSWERS:
            self._answered[contact.phone_id] += 1
        for purse in self._purses(contact):
            self._rows[purse].parts += parts_of(contact.text)

    def _purses(self, contact: Contact) -> list[str]:
        wanted = [ALL, ANSWERS_OF_ALL if contact.purpose in ANSWERS else "", _of_campaign(contact)]
        return [purse for purse in wanted if purse in self._rows]


def _of_campaign(contact: Contact) -> str:
    return f"campaign:{contact.campaign_id}"


def _parts_for(yuan: float, limits: TollLimits) -> int:
    """How many parts so much money buys; 0 where there is no limit."""
    return max(1, int(yuan / limits.yuan_a_text)) if yuan and limits.yuan_a_text else 0


def _least(*bounds: int) -> int:
    return min((bound for bound in bounds if bound), default=0)


def _answered(session: Session, phone_ids: set[int], *, now: datetime) -> Counter[int]:
    query = (
        select(Contact.phone_id, func.count())
        .where(Contact.phone_id.in_(phone_ids), Contact.channel == Channel.SMS, Contact.purpose.in_(ANSWERS))
        .where(Contact.claimed_at > now - ANSWERED_OVER, Contact.state.not_in(UNSPENT))
        .group_by(Contact.phone_id)
    )
    return Counter(dict(session.execute(query).all()))


def _locked(session: Session, purses: Sequence[str], now: datetime) -> dict[str, TollDay]:
    """The sums, in the order of their names: two workers never wait for each other crosswise."""
    if not purses:
        return {}
    # On the district's own clock, which is what `now` is on.
    on = now.date()
    session.execute(_BEGIN[session.get_bind().dialect.name], [{"on": on, "purse": one, "parts": 0} for one in purses])
    query = select(TollDay).where(TollDay.on == on, TollDay.purse.in_(purses)).order_by(TollDay.purse)
    return {row.purse: row for row in session.scalars(query.with_for_update())}
