"""The menu: what there is, in groups; a role sees what it may open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.vocabulary import Role
from outreach_api.web.access import may


@dataclass(frozen=True)
class Entry:
    route: str
    """Its name in the table of roles."""
    path: str
    section: str
    """What a page calls itself to be marked as the present one, and the key of its word."""


@dataclass(frozen=True)
class Group:
    key: str
    entries: tuple[Entry, ...]


MENU = (
    Group(
        "menu_work",
        (
            Entry("overview", "/", "overview"),
            Entry("conversations", "/conversations", "conversations"),
            Entry("cases", "/cases", "cases"),
            Entry("residents", "/residents", "residents"),
            Entry("visits_day", "/visits/day", "visits"),
            Entry("desk", "/desk", "desk"),
            Entry("appeals", "/appeals", "appeals"),
            Entry("care", "/care", "care"),
            Entry("stalls", "/stalls", "stalls"),
        ),
    ),
    Group(
        "menu_plan",
        (
            Entry("campaigns", "/campaigns", "campaigns"),
            Entry("policies", "/policies", "policies"),
            Entry("faqs", "/faqs", "faqs"),
            Entry("needs", "/policies/needs", "needs"),
        ),
    ),
    Group(
        "menu_know",
        (
            Entry("reports", "/reports", "reports"),
            Entry("surveys", "/surveys", "surveys"),
        ),
    ),
    Group(
        "menu_house",
        (
            Entry("teams", "/teams", "teams"),
            Entry("staff", "/staff", "staff"),
            Entry("api_tokens", "/tokens", "api_tokens"),
            Entry("settings", "/settings", "settings"),
            Entry("undertakings", "/undertakings", "undertakings"),
            Entry("audit", "/audit", "audit"),
        ),
    ),
)


def menu_of(role: Role) -> Iterator[Group]:
    """The groups in which there is anything for this role."""
    for group in MENU:
        entries = tuple(entry for entry in group.entries if may(role, entry.route))
        if entries:
            yield Group(group.key, entries)
