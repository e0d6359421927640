"""A carrier whose texts may carry a link to the chat page: the address goes in as the text is handed over."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from outreach_api.channels.carrier import Hearing, Listing, OutgoingText, SendResult, TextCarrier
from scheduler.planning.chat_links import LINK_MARK, TOKEN_LENGTH, token_of_contact

CHAT_PATH = "/c/"


def chat_address(public_url: str, token: str) -> str:
    return f"{public_url.rstrip('/')}{CHAT_PATH}{token}"


class WithChatLinks:
    """Our tables never hold an address: what the carrier lists is read back with the mark in its place."""

    def __init__(self, carrier: TextCarrier, *, public_url: str) -> None:
        self._carrier = carrier
        self._public_url = public_url
        self._address = re.compile(re.escape(chat_address(public_url, "")) + rf"[\w-]{{{TOKEN_LENGTH}}}")
        self.name = carrier.name
        self.sender = carrier.sender
        self.minds_its_own_health = getattr(carrier, "minds_its_own_health", False)

    def send(self, message: OutgoingText) -> SendResult:
        if LINK_MARK not in message.text:
            return self._carrier.send(message)
        address = chat_address(self._public_url, token_of_contact(message.contact_id))
        linked = replace(
            message,
            text=message.text.replace(LINK_MARK, address),
            variables={**message.variables, "chat_link": address},
        )
        return self._carrier.send(linked)

    def close(self) -> None:
        """Close the connections that the carrier keeps open, where it keeps any."""
        close = getattr(self._carrier, "close", None)
        if close is not None:
            close()

    def sent_between(self, since: datetime, until: datetime) -> Listing:
        found = self._carrier.sent_between(since, until)
        marked = [
            replace(listed, text=self._address.sub(LINK_MARK, listed.text)) if listed.text else listed
            for listed in found.messages
        ]
        return Listing(marked, found.complete)

    def heard_between(self, since: datetime, until: datetime) -> Hearing:
        return self._carrier.heard_between(since, until)
