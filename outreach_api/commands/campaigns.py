"""Campaigns from the terminal: look at an audience, draw one up, approve, start, pause, stop.

`--by` names the member of staff on whose behalf it is done. The terminal is the administrator's, and takes their word
for it; in the console everybody acts for themselves.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contact import Campaign
from models.staff import Staff
from models.transitions import UnlawfulTransition
from models.vocabulary import CampaignState, Role, Waiver
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.commands.forecasts import forecast
from outreach_api.language import say
from outreach_api.records import Records, open_records
from outreach_api.web.vocabulary_words import VOCABULARY
from scheduler.planning import campaigns as rules
from scheduler.planning.notices import NoticeAudience, Reach
from scheduler.planning.pauses import pause_campaign, resume_campaign
from scheduler.planning.phases import start_in_phases
from scheduler.planning.preview import Preview
from scheduler.planning.preview import preview as preview_audience

MAY_APPROVE = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
campaign = typer.Typer(help=say("触达活动", "Campaigns"), no_args_is_help=True)

Number = Annotated[int, typer.Argument(help=say("活动编号", "number of the campaign"))]
By = Annotated[str, typer.Option("--by", help=say("用户名：谁做的", "user name: on whose behalf"))]
Because = Annotated[str, typer.Option("--because", help=say("原因", "the reason"))]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=say("日期", "day"))]


@campaign.command(help=say("预览：各街道人数，和排除的原因", "Counts by street, and who is left out and why"))
@tells_faults
def preview(policy: Annotated[str, typer.Argument()], daily_cap: int = 100) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        _known(records, policy)
        found = preview_audience(session, policy, now=records.clock.now(), cards=records.cards)
    _show(found, daily_cap)


campaign.command(help=say("预测：要多少触达、费用、上门，会来多少回应", "What it will take and bring, with intervals"))(
    forecast
)


@campaign.command(help=say("起草活动", "Draw a campaign up"))
@tells_faults
def create(
    policy: Annotated[str, typer.Argument()],
    by: By,
    daily_cap: int = 100,
    priority: int = 100,
    starts_on: Day = None,
    ends_on: Day = None,
    chat_link: Annotated[
        bool,
        typer.Option("--chat-link", help=say("短信带网页聊天的链接", "its texts link to the chat page")),
    ] = False,
) -> None:
    with open_records(settings_at_hand()) as records:
        _known(records, policy)
        draft = rules.CampaignDraft(
            name=records.cards[policy].name.zh,
            policy_id=policy,
            daily_cap=daily_cap,
            priority=priority,
            starts_on=starts_on.date() if starts_on else _today(records),
            ends_on=ends_on.date() if ends_on else None,
            chat_link=chat_link,
        )
        _create(records, draft, by)


@campaign.command(help=say("起草紧急通知（内容从文件读）", "Draw up an urgent notice; its text is read from a file"))
@tells_faults
def notice(
    text: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=say("内容文件", "file with the text"))],
    by: By,
    name: Annotated[str, typer.Option(help=say("名称", "name"))] = "",
    street: Annotated[list[str] | None, typer.Option(help=say("只发这些街道", "only these streets"))] = None,
    from_age: Annotated[int | None, typer.Option(min=0, help=say("只发满多少岁的", "only from this age on"))] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help=say("也发给还没匹配过的人", "also to people never matched"))
    ] = False,
    any_hour: Annotated[bool, typer.Option("--any-hour", help=say("可在休息时间发", "also in quiet hours"))] = False,
    beyond_budget: Annotated[
        bool, typer.Option("--beyond-budget", help=say("可超出触达上限", "also beyond the contact budget"))
    ] = False,
) -> None:
    waives = {Waiver.HOURS: any_hour, Waiver.BUDGET: beyond_budget}
    with open_records(settings_at_hand()) as records:
        draft = rules.CampaignDraft(
            name=name or text.stem,
            notice=text.read_text(encoding="utf-8").strip(),
            daily_cap=1_000_000,
            starts_on=_today(records),
            ends_on=_today(records),
            audience=NoticeAudience(tuple(street or ()), from_age, Reach.EVERYBODY if everybody else Reach.KNOWN),
            waives=frozenset(waiver for waiver, chosen in waives.items() if chosen),
        )
        _create(records, draft, by)


@campaign.command(help=say("批准（须是另一位主管）", "Approve; by another person, a supervisor"))
@tells_faults
def approve(number: Number, by: By) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        member = _member(session, by)
        if member.role not in MAY_APPROVE:
            fail(say(f"{by} 不是主管，不能批准", f"{by} is no supervisor and can't approve"))
        with _told():
            rules.approve_campaign(session, _get(session, number), by=_actor(member), now=records.clock.now())
    OUT.print(say(f"活动 {number} 已批准", f"campaign {number} is approved"))


@campaign.command(help=say("分批：抽签决定谁先谁后", "In random phases: by lot, some earlier, all in the end"))
@tells_faults
def phases(
    number: Number,
    by: By,
    phases: Annotated[int, typer.Option(min=1, max=12, help=say("分几批", "how many"))] = 3,
    days: Annotated[int, typer.Option(min=1, max=90, help=say("相隔几天", "days between"))] = 7,
    closes_on: Day = None,
) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        row = _get(session, number)
        _member(session, by)
        if row.state is not CampaignState.DRAFT or row.notice is not None:
            fail(say("只有还没开始的活动能分批", "only a campaign that has not begun can have phases"))
        closes = closes_on.date() if closes_on else None
        planned = start_in_phases(session, row, phases=phases, days_between=days, closes_on=closes)
    for place, day in enumerate(planned, start=1):
        OUT.print(f"{place} {day}", markup=False)


@campaign.command(help=say("开始", "Start"))
@tells_faults
def start(number: Number, by: By) -> None:
    from outreach_api.bootstrap import open_house

    with open_house(settings_at_hand()) as house:
        with house.sessions.write() as session, _told():
            row = _get(session, number)
            rules.start_campaign(session, row, by=_actor(_member(session, by)), now=house.clock.now())
            is_notice = row.notice is not None
        if is_notice:
            queued = house.queue_notice(number)
            OUT.print(say(f"已排队 {queued.queued:,} 条", f"{queued.queued:,} queued"))
            for reason, count in sorted(queued.left_out.items()):
                OUT.print(f"  {_word(reason)} {count:,}")
    OUT.print(say(f"活动 {number} 已开始", f"campaign {number} is running"))


@campaign.command(help=say("暂停", "Pause"))
@tells_faults
def pause(number: Number, by: By, because: Because) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session, _told():
        actor = _actor(_member(session, by))
        pause_campaign(session, _get(session, number), because=because, by=actor, now=records.clock.now())
    OUT.print(say(f"活动 {number} 已暂停", f"campaign {number} is paused"))


@campaign.command(help=say("恢复", "Resume"))
@tells_faults
def resume(number: Number, by: By) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session, _told():
        actor = _actor(_member(session, by))
        resume_campaign(session, _get(session, number), by=actor, now=records.clock.now())
    OUT.print(say(f"活动 {number} 已恢复", f"campaign {number} is running again"))


@campaign.command(help=say("终止，并取消还没发的", "End for good, and cancel what is queued"))
@tells_faults
def stop(number: Number, by: By, because: Because) -> None:
    with open_records(settings_at_hand()) as records, records.sessions.write() as session:
        actor = _actor(_member(session, by))
        now = records.clock.now()
        cancelled = rules.stop_campaign(session, _get(session, number), because=because, by=actor, now=now)
    OUT.print(say(f"活动 {number} 已终止，取消 {cancelled:,} 条", f"campaign {number} ended; {cancelled:,} cancelled"))


@campaign.command("list", help=say("列出活动", "List the campaigns"))
@tells_faults
def show_list() -> None:
    table = Table(pad_edge=False)
    for heading in (say("编号", "id"), say("名称", "name"), say("状态", "state"), say("优先", "priority")):
        table.add_column(heading)
    for heading in (say("每日上限", "daily cap"), say("批准", "approved by"), say("触达", "contacts")):
        table.add_column(heading)
    with open_records(settings_at_hand()) as records, records.sessions.read() as session:
        for summary in rules.campaign_list(session):
            row = summary.campaign
            contacts = ", ".join(f"{state.value} {count:,}" for state, count in sorted(summary.contacts.items()))
            numbers = (str(row.priority), f"{row.daily_cap:,}")
            table.add_row(str(row.id), row.name, row.state.value, *numbers, row.approved_by or "-", contacts or "-")
    OUT.print(table)


def _create(records: Records, draft: rules.CampaignDraft, by: str) -> None:
    with records.sessions.write() as session, _told():
        actor = _actor(_member(session, by))
        row = rules.create_campaign(session, draft, by=actor, now=records.clock.now())
    OUT.print(
        say(
            f"活动 {row.id} 已起草；请另一位主管批准：./outreach campaign approve {row.id} --by 用户名",
            f"campaign {row.id} drawn up; let another supervisor run: ./outreach campaign approve {row.id} --by NAME",
        )
    )


def _show(found: Preview, daily_cap: int) -> None:
    table = Table(pad_edge=False)
    table.add_column(say("街道", "street"))
    table.add_column(say("会联系", "reached"), justify="right")
    for street, count in sorted(found.reached.items()):
        table.add_row(street or "-", f"{count:,}")
    table.add_section()
    table.add_row(say("合计", "sum"), f"{found.reached_total:,}")
    OUT.print(table)
    for reason, count in found.excluded.most_common():
        OUT.print(say("不联系 · ", "left out · ") + f"{_word(reason)} {count:,}")
    for state, count in found.not_pushed.most_common():
        OUT.print(say("不联系 · ", "left out · ") + f"{_word(state)} {count:,}")
    if found.not_due:
        OUT.print(say(f"还没到时候 {found.not_due:,}", f"not due yet {found.not_due:,}"))
    days = found.days_at(daily_cap)
    OUT.print(say(f"每天 {daily_cap:,} 人，要 {days} 天", f"at {daily_cap:,} a day: {days} days"))


def _word(value: object) -> str:
    return say(*VOCABULARY[type(value)][str(value)])  # type: ignore[index]


class _told:  # noqa: N801 - read as a statement: with _told()
    """What the rules refuse is told as one message."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: object) -> None:
        if isinstance(fault, rules.CampaignRefused | UnlawfulTransition):
            fail(str(fault))


def _get(session: Session, number: int) -> Campaign:
    found = session.get(Campaign, number)
    if found is None:
        fail(say(f"没有编号为 {number} 的活动", f"there is no campaign {number}"), status=2)
    return found


def _member(session: Session, username: str) -> Staff:
    found = session.scalar(select(Staff).where(Staff.username == username, Staff.disabled_at.is_(None)))
    if found is None:
        fail(
            say(f"没有用户 {username}；先用 ./outreach staff add", f"no user {username}; see ./outreach staff add"),
            status=2,
        )
    return found


def _actor(member: Staff) -> str:
    return f"staff:{member.id}"


def _known(records: Records, policy: str) -> None:
    if policy not in records.cards:
        known = ", ".join(sorted(records.cards))
        fail(say(f"没有事项 {policy}；有 {known}", f"there is no policy {policy}; there are {known}"), status=2)


def _today(records: Records) -> date:
    return records.clock.now().astimezone(records.settings.zone).date()
