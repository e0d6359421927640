"""The figures once more, by an independent road: raw rows of the event tables, counted one by one in Python."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

Row = dict[str, Any]
DONE = {"applied_by_reply", "applied_online", "applied_at_hall", "applied_by_visit", "attended"}
YES = DONE | {"interested", "callback", "awaiting_result"}
SENT = {"accepted", "delivered", "undelivered", "answered", "no_answer", "busy", "voicemail"}
PHASE = {
    "waiting": {"new"},
    "reaching": {"in_outreach", "awaiting_phone"},
    "willing": {"interested", "callback", "awaiting_result"},
    "queued": {"in_queue"},
    "done": DONE,
}


@dataclass
class Recount:
    figures: dict[str, float | None] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    communities: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    age_bands: Counter[str] = field(default_factory=Counter)
    not_told: Counter[str] = field(default_factory=Counter)
    attribution: Counter[str] = field(default_factory=Counter)
    queue: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    deliverability: Counter[tuple[str, ...]] = field(default_factory=Counter)


def recount(path: Path, policy: str) -> Recount:
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    tables = {
        name: [dict(row) for row in db.execute(f'SELECT * FROM "{name}" ORDER BY rowid')]  # noqa: S608
        for name in (
            "match", "resident", "contact", "contact_match", "message", "conversation", "match_change", "application",
            "refused_contact", "case", "snapshot", "contact_stop",
        )
    }  # fmt: skip
    db.close()
    return _count(tables, policy)


class _Town:
    """The raw rows, indexed as a clerk would lay them out."""

    def __init__(self, t: dict[str, list[Row]]) -> None:
        self.t = t
        self.residents = {row["id"]: row for row in t["resident"]}
        self.contacts = {row["id"]: row for row in t["contact"]}
        self.told: dict[int, list[Row]] = defaultdict(list)
        for link in t["contact_match"]:
            contact = self.contacts[link["contact_id"]]
            if contact["purpose"] in ("offer", "reminder") and contact["state"] in SENT:
                self.told[link["match_id"]].append(contact)
        of_talk = {row["id"]: row["resident_id"] for row in t["conversation"]}
        self.heard: dict[int, list[str]] = defaultdict(list)
        for message in t["message"]:
            if message["direction"] == "in":
                self.heard[of_talk[message["conversation_id"]]].append(message["at"])
        self.willing = {row["match_id"] for row in t["match_change"] if row["new"] in YES}
        self.applied: dict[tuple[int, str], Row] = {}
        for row in t["application"]:
            if row["status"] != "rejected":
                self.applied.setdefault((row["resident_id"], row["policy_id"]), row)
        self.refusals: dict[int, Row] = {}
        for row in sorted(t["refused_contact"], key=lambda row: row["at"]):
            self.refusals[row["match_id"]] = row


def _count(t: dict[str, list[Row]], policy: str) -> Recount:
    found, town = Recount(), _Town(t)
    mine = [row for row in t["match"] if row["policy_id"] == policy]
    f: Counter[str] = Counter()
    days: list[int] = []
    for match in mine:
        sent = town.told[match["id"]]
        first = min((c["sent_at"] or c["due_at"] for c in sent), default=None)
        f += _of_match(town, match, sent, first)
        days += _days(town, match, first)
        _into_tables(found, town, match, sent)
    persons = {match["resident_id"] for match in mine}
    snapshot = json.loads(t["snapshot"][0]["counts"])[policy]
    later = sum(m["state"] in DONE | {"already_enrolled"} for m in mine)
    before = snapshot["eligible"] - snapshot["newly_matched"]
    _cases_and_contacts(found, town, {match["id"] for match in mine})
    found.figures = {
        **f,
        "persons": len(persons),
        "persons_told": len({match["resident_id"] for match in mine if town.told[match["id"]]}),
        "not_told": f["newly_matched"] - f["told"],
        "days_to_application": median(days),
        "eligible": snapshot["eligible"],
        "uptake_before": before / snapshot["eligible"],
        "uptake_now": (before + later) / snapshot["eligible"],
        "opt_outs": sum(row["resident_id"] in persons for row in t["contact_stop"]),
    }
    return found


def _of_match(town: _Town, match: Row, sent: list[Row], first: str | None) -> Counter[str]:
    heard = town.heard[match["resident_id"]]
    return Counter(
        {
            "newly_matched": 1,
            "told": bool(sent),
            "arrived": any(c["state"] in ("delivered", "answered") for c in sent),
            "answered": first is not None and any(at >= first for at in heard),
            "interested": match["id"] in town.willing or match["state"] in YES,
            "done": match["state"] in DONE,
            "attended": match["state"] == "attended",
            "open": match["closed_at"] is None,
            "person_times": len(sent),
        }
    )


def _days(town: _Town, match: Row, first: str | None) -> list[int]:
    application = town.applied.get((match["resident_id"], match["policy_id"]))
    if match["state"] not in DONE or first is None or application is None or application["occurred_on"] < first[:10]:
        return []
    return [(date.fromisoformat(application["occurred_on"]) - date.fromisoformat(first[:10])).days]


def _into_tables(found: Recount, town: _Town, match: Row, sent: list[Row]) -> None:
    resident = town.residents[match["resident_id"]]
    found.outcomes[match["state"]] += 1
    phase = next((name for name, states in PHASE.items() if match["state"] in states), "closed")
    found.communities[resident["community"] or ""][phase] += 1
    found.age_bands[_band(resident["birth_date"], match["opened_at"])] += 1
    if not sent:
        refusal = town.refusals.get(match["id"])
        found.not_told[refusal["reason"] if refusal else "none_recorded"] += 1
    if match["state"] in DONE:
        application = town.applied.get((match["resident_id"], match["policy_id"]))
        found.attribution[application["channel"] if application else "unattributed"] += 1


def _cases_and_contacts(found: Recount, town: _Town, ids: set[int]) -> None:
    for case in town.t["case"]:
        if case["match_id"] in ids:
            settled = case["state"] in ("resolved", "confirmed")
            found.queue[case["kind"]]["opened"] += 1
            found.queue[case["kind"]]["settled"] += settled
            found.queue[case["kind"]]["on_time"] += (
                settled and (case["kept_at"] or case["resolved_at"]) <= case["due_at"]
            )
    for contact_id in {link["contact_id"] for link in town.t["contact_match"] if link["match_id"] in ids}:
        contact = town.contacts[contact_id]
        found.deliverability[contact["channel"], contact["state"], contact["cause"] or ""] += 1


def _band(born: str | None, on: str) -> str:
    if born is None:
        return ""
    age = int(on[:4]) - int(born[:4]) - (on[5:10] < born[5:10])
    bands = ((18, "0-17"), (60, "18-59"), (70, "60-69"), (80, "70-79"), (90, "80-89"))
    return next((band for end, band in bands if age < end), "90+")
