"""Calling somebody by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.records import open_records
from outreach_api.voice.by_hand import CannotCall, owner_of, plan_call


@tells_faults
def call(
    who: Annotated[
        str, typer.Argument(help=say("居民编号，或电话号码（+86…）", "a resident's number, or a phone (+86…)"))
    ],
) -> None:
    """Plan the call; the running service places it, if stops, hours and budget allow."""
    with open_records(settings_at_hand()) as records:
        if not records.settings.voice.enabled:
            fail(
                say("语音没有开通：OUTREACH_VOICE_ENABLED=true", "calls are off: OUTREACH_VOICE_ENABLED=true"), status=2
            )
        with records.sessions.write() as session:
            try:
                if who.startswith("+"):
                    resident_id, phone_id = owner_of(session, records.ring.blind_index(who, kind="phone"))
                else:
                    resident_id, phone_id = int(who), None
                contact = plan_call(session, resident_id, now=records.clock.now(), phone_id=phone_id)
            except CannotCall as fault:
                fail(str(fault))
            except ValueError:
                fail(say("请写居民编号或 +86 开头的号码", "give a resident's number or a +86 phone"), status=2)
        OUT.print(say(f"已计划，触达编号 {contact.id}", f"planned, contact {contact.id}"))
