"""First contacts and reminders as long-term subscription notices, to who is bound to the resident and took them.

A notice is a text in the plan: the same budget, hours, stops and contact. What the platform does not take goes as a
text at once; what it may have taken stays unknown, as with any carrier.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from models.contact import Contact
from models.session import Sessions
from models.wechat import WechatFollower
from outreach_api.channels.carrier import Hearing, Listing, OutgoingText, Rejected, SendResult
from outreach_api.conversations.copy_deck import say
from outreach_api.wechat.account import UNREACHED_RETRY_SECONDS, Account
from outreach_api.wechat.errors import refused
from outreach_api.wechat.settings import Field, NoticeTemplate

SEND = "/cgi-bin/message/subscribe/bizsend"
LONGEST_VALUE = 20
"""Characters of a keyword that takes any words."""
NOT_TAKEN = "43101"


class NoticeCarrier:
    """A `TextCarrier` for those texts that can be a notice; `RoutedTexts` gives it them, and the others to another."""

    name = "wechat_notice"

    def __init__(self, account: Account, sessions: Sessions, now: Callable[[], datetime], zone: ZoneInfo) -> None:
        self.sender = account.settings.app_id
        self._account, self._sessions, self._now, self._zone = account, sessions, now, zone

    def carries(self, message: OutgoingText) -> bool:
        template = self._template(message)
        return template is not None and self._follower(message.contact_id, template) is not None

    def send(self, message: OutgoingText) -> SendResult:
        template = self._template(message)
        follower = self._follower(message.contact_id, template) if template else None
        if template is None or follower is None:
            return replace(refused(int(NOT_TAKEN)), retry_after_seconds=UNREACHED_RETRY_SECONDS)
        follower_id, openid = follower
        said = {
            "touser": openid,
            "template_id": template.id,
            "data": {name: {"value": self._value(field, message)} for name, field in template.fields.items()},
        }
        link = message.variables.get("chat_link")
        if link:
            said["page"] = str(link)
        result = self._account.hand_over(SEND, said, reference=f"notice:{message.contact_id}")
        if not isinstance(result, Rejected):
            return result
        if result.vendor_code == NOT_TAKEN:
            self._forget(follower_id, template)
        # A refusal says that it was not sent: whatever the reason, it may go as a text.
        return replace(result, retry_after_seconds=result.retry_after_seconds or UNREACHED_RETRY_SECONDS)

    def _template(self, message: OutgoingText) -> NoticeTemplate | None:
        moment = message.template_key.removeprefix("firm.").partition(".")[0]
        return self._account.settings.notices.get(moment)

    def _follower(self, contact_id: int, template: NoticeTemplate) -> tuple[int, str] | None:
        """Who is bound to this contact's resident, follows, and took this template's notices."""
        query = (
            select(WechatFollower)
            .join(Contact, Contact.resident_id == WechatFollower.resident_id)
            .where(Contact.id == contact_id, WechatFollower.follows.is_(True))
            .order_by(WechatFollower.bound_at.desc(), WechatFollower.id.desc())
        )
        with self._sessions.read() as session:
            found = [each for each in session.scalars(query) if template.id in each.notices]
            return (found[0].id, found[0].openid) if found else None

    def _forget(self, follower_id: int, template: NoticeTemplate) -> None:
        with self._sessions.write() as session:
            follower = session.get_one(WechatFollower, follower_id)
            follower.notices = [each for each in follower.notices if each != template.id]

    def _value(self, field: Field, message: OutgoingText) -> str:
        match field:
            case Field.POLICY:
                value = str(message.variables.get("policy") or say("wechat_notice_something").text)
            case Field.ADVICE:
                value = say("wechat_notice_advice").text
            case Field.DAY:
                here = self._now().astimezone(self._zone)
                return f"{here.year}年{here.month}月{here.day}日"
        return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        return Listing([], complete=False)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        return Hearing([], complete=False)
