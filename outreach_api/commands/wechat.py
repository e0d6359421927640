"""Codes that bind a WeChat account to a resident."""

from __future__ import annotations

from typing import Annotated

import typer

from models.resident import Resident
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.privacy.masking import mask_name
from outreach_api.records import open_records
from outreach_api.wechat.followers import NoCode, give_code

wechat = typer.Typer(help=say("微信公众号", "The WeChat Official Account"), no_args_is_help=True)


@wechat.callback()
def group() -> None:
    """More than one command may come."""


@wechat.command(help=say("给一位居民一个绑定码（只显示这一次）", "Give one resident a code; shown this once"))
@tells_faults
def code(resident: Annotated[int, typer.Argument(help=say("居民编号", "number of the resident"))]) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        found = session.get(Resident, resident)
        if found is None:
            fail(say(f"没有编号为 {resident} 的居民", f"there is no resident {resident}"))
        try:
            given = give_code(session, found, now=records.clock.now())
        except NoCode as refused:
            fail(say("没有能用的电话，不能绑定", f"no code for this resident: {refused}"))
        zh = f"请 {mask_name(found.name)} 在公众号里发送：绑定{given}"
        OUT.print(say(zh, f"{mask_name(found.name)} sends this to the account: 绑定{given}"), markup=False)
