"""The ladder of a campaign as rows of a form: what, after how many days, help at the door last."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models.contact import Campaign
from scheduler.planning.cadence import Action, Cadence, read_cadence
from scheduler.planning.campaigns import CampaignRefused
from scheduler.planning.rules import contact_rules

MOST_RUNGS = 6
"""That the form has room for, help at home included."""


class NoLadder(CampaignRefused):
    """The rungs that were typed are none."""


def own_cadence(session: Session, do: list[str], after_days: list[str]) -> Cadence | None:
    """The ladder of the form; None where it is that of the settings, or was not asked about.

    Raises:
        NoLadder: says which rung is wrong.
    """
    rungs = [
        {"do": action, "after_days": int(days) if days.strip().isdecimal() else None}
        for action, days in zip(do, after_days, strict=False)
        if action
    ]
    if not rungs:
        return None
    try:
        own = read_cadence(rungs)
    except ValueError as fault:
        raise NoLadder(str(fault)) from fault
    return None if own == contact_rules(session).cadence else own


def cadence_of(session: Session, found: Campaign) -> Cadence:
    """Its own, else that of the settings."""
    return read_cadence(found.cadence) if found.cadence else contact_rules(session).cadence


def cadence_rows(session: Session, own: Cadence | None, typed: list[tuple[str, str]] | None) -> dict[str, Any]:
    """What the form shows: what was typed, else the draft's own ladder, else that of the settings."""
    ladder = own or contact_rules(session).cadence
    rungs = typed or [(rung.action.value, str(rung.after_days)) for rung in ladder.rungs]
    return {
        "rungs": [*rungs[:-1], *[("", "")] * MOST_RUNGS][: MOST_RUNGS - 1],
        "help_after": rungs[-1][1],
        "actions": [action.value for action in Action if action is not Action.HOME_HELP],
    }
