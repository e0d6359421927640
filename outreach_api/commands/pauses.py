"""Holding contacts back from the terminal, and letting them go on."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say
from outreach_api.records import Records, open_records
from scheduler.planning.pauses import pause_everything, pause_policy, resume_everything, resume_policy

EVERYTHING = say("事项编号；不写就是全部", "id of the policy; without it, everything")
Policy = Annotated[str | None, typer.Argument(help=EVERYTHING)]


@tells_faults
def pause(
    policy: Policy = None,
    because: Annotated[str, typer.Option("--because", help=say("原因", "the reason"))] = "",
) -> None:
    if not because.strip():
        fail(say("请用 --because 写明原因", "say why with --because"), status=2)
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        _known(records, policy)
        by, now = _who(), records.clock.now()
        if policy is None:
            pause_everything(session, because=because.strip(), by=by, now=now)
        else:
            pause_policy(session, policy, because=because.strip(), by=by, now=now)
    OUT.print(say(f"已暂停：{policy or '全部'}", f"paused: {policy or 'everything'}"))


@tells_faults
def resume(policy: Policy = None) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        _known(records, policy)
        by, now = _who(), records.clock.now()
        if policy is None:
            resume_everything(session, by=by, now=now)
        else:
            resume_policy(session, policy, by=by, now=now)
    OUT.print(say(f"已恢复：{policy or '全部'}", f"resumed: {policy or 'everything'}"))


def _known(records: Records, policy: str | None) -> None:
    if policy is not None and policy not in records.cards:
        known = ", ".join(sorted(records.cards))
        fail(say(f"没有事项 {policy}；有 {known}", f"there is no policy {policy}; there are {known}"), status=2)


def _who() -> str:
    return f"terminal:{getpass.getuser()}"
