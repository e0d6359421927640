"""Links to the chat page: given out, listed, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import select

from models.chat import ChatLink
from models.resident import Resident
from outreach_api.channels.chat_links import chat_address
from outreach_api.chat.links import LinkRefused, leads_somewhere, make_link, revoke_link
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.privacy.masking import mask_name
from outreach_api.records import open_records

chat = typer.Typer(help=say("网页聊天", "The chat page"), no_args_is_help=True)
Person = Annotated[int, typer.Argument(help=say("居民编号", "number of the resident"))]


@chat.command(help=say("给一位居民一个链接（只显示这一次）", "Give one resident a link; it is shown this once"))
@tells_faults
def link(
    resident: Person,
    days: Annotated[int, typer.Option(min=1, max=60, help=say("几天有效", "days it holds"))] = 14,
) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        found = session.get(Resident, resident)
        if found is None:
            fail(say(f"没有编号为 {resident} 的居民", f"there is no resident {resident}"))
        try:
            made, token = make_link(session, found, by="terminal", now=records.clock.now(), lasts=timedelta(days=days))
        except LinkRefused as refused:
            zh = "没有登记生日，或者没有能用的电话，不能发链接"
            fail(say(zh, f"no link for this resident: {refused}"))
        OUT.print(say(f"链接 {made.id}，给 {mask_name(found.name)}", f"link {made.id}, for {mask_name(found.name)}"))
        OUT.print(chat_address(records.settings.public_url, token), markup=False, soft_wrap=True)


@chat.command(help=say("列出一位居民的链接", "List a resident's links"))
@tells_faults
def links(resident: Person) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        now, zone = records.clock.now(), records.settings.zone
        for each in session.scalars(select(ChatLink).where(ChatLink.resident_id == resident).order_by(ChatLink.id)):
            until = f"{each.expires_at.astimezone(zone):%Y-%m-%d %H:%M}"
            if each.locked_at is not None:
                state = say("已锁", "locked")
            else:
                state = say("有效", "holds") if leads_somewhere(each, now=now) else say("已失效", "no longer holds")
            OUT.print(f"{each.id}  {until}  {state}  {each.created_by}", markup=False)


@chat.command(help=say("停用一个链接，打开的网页也随之关闭", "Revoke a link; pages opened with it close too"))
@tells_faults
def revoke(number: Annotated[int, typer.Argument(help=say("链接编号", "number of the link"))]) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        found = session.get(ChatLink, number)
        if found is None:
            fail(say(f"没有编号为 {number} 的链接", f"there is no link {number}"))
        revoke_link(found, now=records.clock.now())
    OUT.print(say(f"链接 {number} 已停用", f"link {number} is revoked"))
