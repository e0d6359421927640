"""Answers through the customer-service interface, for 48 hours after a follower last wrote; afterwards as texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from models.column_types import key_ring
from models.contact import Contact
from models.conversation import Inbound
from models.session import Sessions
from models.wechat import WechatFollower
from outreach_api.channels.carrier import Hearing, Listing, OutgoingText, Rejected, SendResult, TextCarrier
from outreach_api.clock import Clock
from outreach_api.wechat.account import Account
from outreach_api.wechat.errors import NOT_IN_THE_ACCOUNT, refused
from outreach_api.wechat.followers import ADDRESS

SEND = "/cgi-bin/message/custom/send"
MAY_BE_WRITTEN_TO_FOR = timedelta(hours=48)
log = structlog.get_logger(__name__)


class WechatCarrier:
    """A `TextCarrier` of answers to followers. What it sent cannot be listed: unknown stays unknown.

    What the account takes no more (the 48 hours are over, too many answers, nobody follows) goes to the phone that the
    follower is bound to. Only what was certainly not sent does.
    """

    name = "wechat"
    minds_its_own_health = True

    def __init__(self, account: Account, texts: TextCarrier, sessions: Sessions, clock: Clock) -> None:
        self.sender = account.settings.app_id
        self._account, self._texts, self._sessions, self._clock = account, texts, sessions, clock

    def close(self) -> None:
        self._account.close()

    def send(self, message: OutgoingText) -> SendResult:
        openid = self._openid(message.contact_id)
        said = {"touser": openid, "msgtype": "text", "text": {"content": message.text}}
        # The interface gives a message no number of its own.
        reference = f"custom:{message.contact_id}"
        result = self._account.hand_over(SEND, said, reference=reference) if openid else refused(45015)
        taken = not (isinstance(result, Rejected) and result.vendor_code in NOT_IN_THE_ACCOUNT)
        if taken or message.to.startswith(ADDRESS):
            return replace(result, provider=self.name)
        log.info("wechat_answer_by_text", contact=message.contact_id)
        by_text = self._texts.send(message)
        return replace(by_text, provider=by_text.provider or self._texts.name)

    def _openid(self, contact_id: int) -> str | None:
        """Who wrote what this answers, if they still follow and wrote within 48 hours."""
        with self._sessions.read() as session:
            address = session.scalar(
                select(Inbound.sender).join(Contact, Contact.inbound_id == Inbound.id).where(Contact.id == contact_id)
            )
            if address is None or not address.startswith(ADDRESS):
                return None
            openid = address.removeprefix(ADDRESS)
            index = key_ring().blind_index(openid, kind="openid")
            follower = session.scalar(select(WechatFollower).where(WechatFollower.openid_index == index))
            if follower is None or not follower.follows or follower.last_heard_at is None:
                return None
            recent = self._clock.now() - follower.last_heard_at < MAY_BE_WRITTEN_TO_FOR
            return openid if recent else None

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        return Listing([], complete=False)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        return Hearing([], complete=False)
