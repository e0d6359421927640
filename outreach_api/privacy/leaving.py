"""Every form in which figures about residents leave the house, and what keeps a small cell from leaving with them.

A form is named by its kind and its own name: `api:` an operation of the API, `console:` a page, `report:` and `export:`
a file, `bi:` a view, `told:` a webhook's topic, `measured:` a metric, `command:` the terminal. The forms themselves are
collected from the application (`tests/privacy/test_leaving.py`); one that is not here, or no longer there, fails.
What only those may open who see every person counted, row by row, leaves nothing and needs no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Care(StrEnum):
    """How a form is kept from giving a few people away."""

    IN_TENS = "in_tens"
    """Whole tens, and none below ten, for whoever may not see the people counted."""
    SEEN = "seen"
    """Whoever is given it is given the people themselves, row by row, by duty and on the record."""
    NOBODY = "nobody"
    """It counts no residents."""
    OPERATOR = "operator"
    """At the machine, by who keeps its database and keys."""


@dataclass(frozen=True)
class Form:
    care: Care
    ground: str
    like: str | None = None
    """The form whose figures these are, made by the same function."""


def _each(names: Iterable[str], kind: str, care: Care, ground: str, like: str | None = None) -> dict[str, Form]:
    return {f"{kind}:{name}": Form(care, ground, like) for name in names}


API = (
    _each(
        (
            "read_overview", "list_campaigns", "read_campaign", "read_campaign_progress", "preview_audience",
            "list_forecasts", "read_report", "list_surveys", "list_exports", "list_stalls", "read_appeal_figures",
        ), "api", Care.IN_TENS, "read by roles, reaches and systems that see no people",
    )
    | _each(
        (
            "draw_up_campaign", "change_campaign", "approve_campaign", "start_campaign", "pause_one_campaign",
            "resume_one_campaign", "stop_campaign",
        ), "api", Care.IN_TENS, "answers with the campaign as it stands", "api:read_campaign",
    )
    | _each(("forecast_campaign",), "api", Care.IN_TENS, "answers with what is kept", "api:list_forecasts")
    | _each(
        ("list_unanswered",), "api", Care.NOBODY,
        "questions that no card answers, with their masked words, for who writes cards",
    )
    | _each(("take_feed",), "api", Care.NOBODY, "rows of the file that the caller sent")
    | _each(
        ("list_undertakings", "apply_with_promise", "decide_on_undertaking"), "api", Care.NOBODY,
        "how many rows were applied for",
    )
    | _each(("list_audit_alerts",), "api", Care.NOBODY, "how often members of staff looked; auditors alone")
)  # fmt: skip

CONSOLE = (
    _each(
        ("overview", "campaigns", "campaign", "campaign_audience", "reports"), "console", Care.IN_TENS,
        "open to roles and reaches that see no people",
    )
    | _each(("overview_figures",), "console", Care.IN_TENS, "the overview's figures alone", "console:overview")
    | _each(
        ("campaign_figures", "campaign_forecast"), "console", Care.IN_TENS, "parts of a campaign's page",
        "console:campaign",
    )
    | _each(("preview_campaign",), "console", Care.IN_TENS, "the audience of a draft", "console:campaign_audience")
    | _each(
        ("appeals", "appeals_screen"), "console", Care.IN_TENS,
        "read by roles that see no cases; the screen by whoever stands in the hall",
    )
    | _each(("surveys",), "console", Care.IN_TENS, "read by reaches that see some people only")
    | _each(("live",), "console", Care.NOBODY, "says that something changed, not what")
    | _each(
        ("policies", "policy", "new_policy", "policy_submission", "faqs"), "console", Care.NOBODY,
        "policy cards and kept answers",
    )
    | _each(
        ("needs",), "console", Care.NOBODY,
        "questions that no card answers, with their masked words, for who writes cards",
    )
    | _each(
        ("new_campaign", "new_notice", "edit_campaign"), "console", Care.NOBODY,
        "an empty form, or what was typed into it",
    )
    | _each(("staff", "teams", "api_tokens", "account"), "console", Care.NOBODY, "members of staff, teams and systems")
    | _each(("settings", "labour_minutes", "undertakings"), "console", Care.NOBODY, "what was set or applied for")
    | _each(("verify", "today", "data_notice", "display"), "console", Care.NOBODY, "texts, for everybody")
    | _each(
        ("sign_in_form", "second_factor", "staff_oidc", "staff_oidc_back", "visits_worker"), "console", Care.NOBODY,
        "signing in, and a page's own script",
    )
    | _each(
        ("healthz", "readyz"), "console", Care.NOBODY,
        "whether the process works, and how many arrivals wait on its disk",
    )
    | _each(("metrics",), "console", Care.NOBODY, "see the metrics, one by one")
    | _each(
        ("chat", "chat_state", "chat_stream", "chat_real_name", "chat_real_name_back"), "console", Care.NOBODY,
        "a resident's own talk",
    )
)  # fmt: skip

REPORTS = _each(("json", "xlsx", "pdf"), "report", Care.IN_TENS, "the same report, withheld before it is written")
EXPORTS = _each(("csv", "xlsx", "parquet"), "export", Care.SEEN, "masked rows on a signed application, no statistic")
BI = _each(
    ("bi_place", "bi_age", "bi_channel", "bi_month", "bi_state", "bi_contact", "bi_case", "bi_refusal"),
    "bi", Care.IN_TENS, "for tools outside",
)  # fmt: skip
ROWS_OF_THE_HOUSE = _each(
    ("report_contact", "report_told", "report_application", "report_match", "report_case", "report_refusal"),
    "bi", Care.OPERATOR, "rows that the reports count; no account but the house's own is given them",
)  # fmt: skip
TOLD = _each(
    ("case.opened", "case.changed", "conversation.outcome"), "told", Care.SEEN,
    "on an approved application whose scopes open the very cases and talks",
) | _each(("ping",), "told", Care.NOBODY, "an empty telling")  # fmt: skip
MEASURED = _each(
    (
        "outreach_database_up", "outreach_contacts", "outreach_breaker", "outreach_unknown_contacts",
        "outreach_queue_age_seconds", "outreach_inbound_backlog", "outreach_inbound_age_seconds",
        "outreach_receipt_backlog", "outreach_slot_age_seconds", "outreach_slots_unfinished", "outreach_spooled",
        "outreach_spool_refused", "outreach_bot_seconds", "outreach_bot_failures",
    ),
    "measured", Care.NOBODY,
    "queues and sends of the whole district by technical state, for who runs the machine; no place, item or age",
)  # fmt: skip
COMMANDS = _each(
    (
        "demo", "rehearse", "phone", "serve", "api", "worker", "scheduler", "import", "match", "explain", "call", "why",
        "cases", "places", "care", "pause", "resume", "report", "backup", "restore", "backups", "replay", "survey",
        "policies", "campaign", "chat", "wechat", "bot", "keys", "staff", "token", "webhooks", "sbom", "openapi",
        "privacy", "audit", "doctor",
    ),
    "command", Care.OPERATOR, "what is passed on from here is made with `report --withhold-small`",
)  # fmt: skip

FORMS: Mapping[str, Form] = API | CONSOLE | REPORTS | EXPORTS | BI | ROWS_OF_THE_HOUSE | TOLD | MEASURED | COMMANDS
