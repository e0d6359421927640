"""A campaign's forecast in the terminal."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import select

from models.contact import Campaign
from models.vocabulary import CampaignKind, CampaignState
from outreach_api.commands.at_hand import settings_at_hand
from outreach_api.commands.console import OUT, fail, tells_faults
from outreach_api.language import say

if TYPE_CHECKING:
    from outreach_api.bootstrap import House
    from outreach_api.forecasts.forecast import Forecast


@tells_faults
def forecast(
    policy: Annotated[str, typer.Argument(help=say("事项编号", "policy id"))],
    daily_cap: Annotated[int | None, typer.Option(min=1, help=say("每日上限", "daily cap"))] = None,
    days: Annotated[int, typer.Option(min=1, max=180, help=say("看多少天", "days ahead"))] = 60,
    seeds: Annotated[int, typer.Option(min=20, max=1000, help=say("演几遍", "how many times"))] = 100,
    json_file: Annotated[Path | None, typer.Option("--json", help=say("写成 JSON", "write JSON"))] = None,
) -> None:
    # Other commands need not wait for what only forecasts use.
    from outreach_api.bootstrap import open_house
    from outreach_api.forecasts.forecast import NobodyToForecast, keep_forecast
    from outreach_api.forecasts.forecast import forecast as made_for

    with open_house(settings_at_hand()) as house:
        if policy not in house.cards:
            known = ", ".join(sorted(house.cards))
            fail(say(f"没有事项 {policy}；有 {known}", f"there is no policy {policy}; there are {known}"), status=2)
        now = house.clock.now()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=OUT, transient=True, disable=not OUT.is_terminal) as bar:
            task = bar.add_task(say("逐日演练", "living through it"), total=seeds)
            try:
                (made,) = made_for(
                    house.sessions,
                    [policy],
                    now=now,
                    cards=house.cards,
                    channels=list(house.carriers),
                    campaign=_campaign(house, policy, daily_cap),
                    days=days,
                    seeds=seeds,
                    progress=lambda done, _: bar.update(task, completed=done),
                )
            except NobodyToForecast:
                fail(say(f"{policy} 没有可以触达的人", f"nobody is open to contact for {policy}"))
        with house.sessions.write() as session:
            number = keep_forecast(session, made, by="terminal", now=now).id
    if json_file is not None:
        content = {"forecast": number, "made_at": now.astimezone(UTC).isoformat(), **_content(made)}
        json_file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _show(made)


def _campaign(house: House, policy: str, daily_cap: int | None) -> Campaign:
    """The newest campaign for the policy that is not over, as it is or with another cap; else one nobody drew up."""
    with house.sessions.read() as session:
        known = session.scalars(
            select(Campaign)
            .where(
                Campaign.policy_id == policy,
                Campaign.kind == CampaignKind.ORDINARY,
                Campaign.state != CampaignState.STOPPED,
            )
            .order_by(Campaign.id.desc())
        ).first()
        return Campaign(
            id=known.id if known else None,
            policy_id=policy,
            priority=known.priority if known else 100,
            daily_cap=daily_cap or (known.daily_cap if known else 100),
        )


def _content(made: Forecast) -> dict[str, Any]:
    band = ("low", "estimate", "high")
    return {
        "policy": made.policy_id,
        "starts_on": made.starts_on.isoformat(),
        "days": made.days,
        "seeds": made.seeds,
        "matches": made.matches,
        "expected": {name: dict(zip(band, values, strict=True)) for name, values in made.at_the_end().items()},
        "assumptions": made.assumptions.model_dump(mode="json"),
    }


def _show(made: Forecast) -> None:
    from outreach_api.reports.definitions import FORECAST_MEASURES

    title = say(
        f"{made.matches:,} 人次，{made.starts_on} 起 {made.days} 天，演了 {made.seeds} 遍",
        f"{made.matches:,} matches, {made.days} days from {made.starts_on}, lived through {made.seeds} times",
    )
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column(say("指标", "measure"))
    for heading in (say("下限", "low"), say("预计", "expected"), say("上限", "high")):
        table.add_column(heading, justify="right")
    bands = made.at_the_end()
    for name, words in FORECAST_MEASURES.items():
        table.add_row(say(*words), *(f"{value:,.1f}" for value in bands[name]))
    OUT.print(table)
    seen = [name for name, value in made.assumptions if getattr(value, "seen", False)]
    OUT.print(
        say("按本地所见：", "as seen here: ") + (", ".join(seen) or say("无", "nothing")),
        say("；其余按假定（forecasts/assumptions.yaml）", "; the rest assumed (forecasts/assumptions.yaml)"),
        sep="",
        style="dim",
    )
