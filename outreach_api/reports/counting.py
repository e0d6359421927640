"""Counting over a snapshot: one query a table, whatever its size; nothing is summed row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.report_views import SAID_YES
from outreach_api.reports.phases import PHASE_OF, Phase
from outreach_api.reports.report import Cell, Table
from outreach_api.reports.snapshot import Snapshot

PHASES = tuple(phase.value for phase in Phase)
NO_CLAIM = "'already_enrolled', 'deceased', 'moved', 'recalled'"
NEVER_TOLD = "not_told"
UNATTRIBUTED = "unattributed"
NO_REASON = "none_recorded"
CLOSE_CALL = 0.2


def _phase_sum(phase: Phase) -> str:
    states = ", ".join(f"'{state}'" for state, of in PHASE_OF.items() if of is phase)
    return f"COUNT(*) FILTER (state IN ({states})) AS {phase.value}"


_PHASE_COLUMNS = ", ".join(_phase_sum(phase) for phase in Phase)


class Counting:
    """Counts matches of one policy, or of all, as they stand in the snapshot."""

    def __init__(self, con: Snapshot, policy_id: str | None) -> None:
        self.con = con
        self.policy_id = policy_id
        con.execute("DROP TABLE IF EXISTS counted")
        which = "WHERE policy_id = $policy" if policy_id else ""
        named = {"policy": policy_id} if policy_id else None
        # Every breakdown reads these rows: they are put together once.
        con.execute(f"CREATE TEMP TABLE counted AS SELECT * FROM report_match {which}", named)

    def one(self, query: str, **named: Any) -> tuple[Any, ...]:
        found = self.con.execute(query, named or None).fetchone()
        return found or ()

    def rows(self, query: str, **named: Any) -> list[tuple[Cell, ...]]:
        return self.con.execute(query, named or None).fetchall()

    # Figures

    def matches(self) -> dict[str, float | None]:
        names = (
            "newly_matched", "persons", "told", "arrived", "answered", "interested", "done", "attended", "open",
            "person_times", "persons_told", "days_to_application",
        )  # fmt: skip
        counted = self.one("""
            SELECT COUNT(*), COUNT(DISTINCT resident_id), COUNT(*) FILTER (contacts > 0), COALESCE(SUM(arrived), 0),
              COALESCE(SUM(answered), 0), COALESCE(SUM(interested), 0), COALESCE(SUM(done), 0),
              COUNT(*) FILTER (state = 'attended'), COUNT(*) FILTER (closed_at IS NULL), COALESCE(SUM(contacts), 0),
              COUNT(DISTINCT resident_id) FILTER (contacts > 0),
              MEDIAN(date_diff('day', CAST(first_told_at AS DATE), applied_on))
                FILTER (done = 1 AND applied_on >= CAST(first_told_at AS DATE))
            FROM counted""")
        found: dict[str, float | None] = dict(zip(names, counted, strict=True))
        found["not_told"] = (found["newly_matched"] or 0) - (found["told"] or 0)
        return found

    # Tables

    def outcomes(self) -> Table:
        rows = self.rows(
            "SELECT state, COUNT(*), COUNT(*) / SUM(COUNT(*)) OVER () FROM counted GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return Table("outcomes", ("state", "count", "share"), tuple(rows), _sums(rows, {1}, 3))

    def by(self, name: str, expression: str) -> Table:
        """The phases of every group; all six are exclusive and sum to the group's newly matched."""
        rows = self.rows(f"""
            SELECT {expression} AS g, COUNT(*), {_PHASE_COLUMNS}, SUM(done) / COUNT(*)
            FROM counted GROUP BY 1 ORDER BY 2 DESC, 1""")
        columns = (name, "newly_matched", *PHASES, "rate")
        sums = _sums(rows, set(range(1, len(columns) - 1)), len(columns))
        return Table(f"by_{name}", columns, tuple(rows), sums, additive=PHASES)

    def equity(self) -> Table:
        groups = ("age_band", "sex", "street", "community", "dialect")
        missing = f"COUNT(*) FILTER (done = 0 AND state NOT IN ({NO_CLAIM}))"
        parts = [
            f"SELECT '{name}' AS kind, {name} AS g, COUNT(*) AS n, CAST(SUM(done) AS BIGINT) AS d, "
            f"SUM(done) / COUNT(*) AS r, {missing} AS m, {missing} / COUNT(*) AS s FROM counted GROUP BY 2"
            for name in groups
        ]
        rows = self.rows(" UNION ALL ".join(parts) + " ORDER BY 1, 3 DESC, 2")
        columns = ("kind", "group", "newly_matched", "done", "rate", "missing", "missing_rate")
        return Table("equity", columns, tuple(rows), grouped="kind")

    def attribution(self) -> Table:
        rows = self.rows(f"""
            SELECT CASE WHEN application_channel = '' THEN '{UNATTRIBUTED}' ELSE application_channel END,
              COUNT(*), COUNT(*) / SUM(COUNT(*)) OVER ()
            FROM counted WHERE done = 1 GROUP BY 1 ORDER BY 2 DESC, 1""")
        return Table("attribution", ("channel", "count", "share"), tuple(rows), _sums(rows, {1}, 3))

    def not_told(self) -> Table:
        """The newest recorded reason of each match that was never told."""
        rows = self.rows(f"""
            SELECT COALESCE(f.reason, '{NO_REASON}'), COUNT(*)
            FROM counted m
            LEFT JOIN (SELECT match_id, arg_max(q.reason, q.at) AS reason FROM report_refusal q GROUP BY 1) f
              ON f.match_id = m.match_id
            WHERE m.contacts = 0 GROUP BY 1 ORDER BY 2 DESC, 1""")
        return Table("not_told", ("reason", "count"), tuple(rows), _sums(rows, {1}, 2))

    def deliverability(self, since: Any, until: Any) -> Table:
        rows = self.rows(f"""
            SELECT channel, COALESCE(provider, ''), state, COALESCE(cause, ''), COUNT(*)
            FROM report_contact c
            WHERE c.purpose IN ('offer', 'reminder', 'survey', 'visit_notice')
              AND COALESCE(c.sent_at, c.due_at) >= $since AND COALESCE(c.sent_at, c.due_at) < $until
              {self._contact_of()}
            GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4""", since=since, until=until)  # fmt: skip
        return Table(
            "deliverability", ("channel", "carrier", "state", "cause", "count"), tuple(rows), _sums(rows, {4}, 5)
        )

    def _contact_of(self) -> str:
        if self.policy_id is None:
            return ""
        return (
            "AND EXISTS (SELECT 1 FROM contact_match k JOIN counted m ON m.match_id = k.match_id "
            "WHERE k.contact_id = c.contact_id)"
        )

    def of_policy(self) -> str:
        """A condition on `report_case c`: of the policy that is counted."""
        return "" if self.policy_id is None else "AND c.match_id IN (SELECT match_id FROM counted)"

    def queue(self, since: Any, until: Any) -> Table:
        rows = self.rows(f"""
            SELECT kind, COUNT(*), CAST(SUM(taken) AS BIGINT), CAST(SUM(settled) AS BIGINT), SUM(settled) / COUNT(*),
              CAST(SUM(on_time) AS BIGINT),
              SUM(on_time) / NULLIF(SUM(settled), 0), CAST(SUM(reopened) AS BIGINT)
            FROM report_case c WHERE opened_at >= $since AND opened_at < $until {self.of_policy()}
            GROUP BY 1 ORDER BY 2 DESC, 1""", since=since, until=until)  # fmt: skip
        columns = ("kind", "opened", "taken", "settled", "settled_rate", "on_time", "on_time_rate", "reopened")
        return Table("queue", columns, tuple(rows), _sums(rows, {1, 2, 3, 5, 7}, 8))

    def curve(self, offset_hours: int) -> Table:
        """Each local day from the first contact on: newly told, newly heard from, done."""
        shift = f"INTERVAL {offset_hours} HOUR"
        rows = self.rows(f"""
            WITH told AS (SELECT CAST(first_told_at + {shift} AS DATE) AS d, COUNT(*) AS n FROM counted
                WHERE first_told_at IS NOT NULL GROUP BY 1),
              done AS (SELECT CAST(COALESCE(closed_at, state_changed_at) + {shift} AS DATE) AS d, COUNT(*) AS n
                FROM counted WHERE done = 1 GROUP BY 1),
              ends AS (SELECT MIN(d) AS first, MAX(d) AS last FROM (SELECT d FROM told UNION SELECT d FROM done)),
              days AS (SELECT CAST(UNNEST(generate_series(first, last, INTERVAL 1 DAY)) AS DATE) AS d FROM ends)
            SELECT strftime(days.d, '%Y-%m-%d'), COALESCE(told.n, 0), COALESCE(done.n, 0),
              CAST(SUM(COALESCE(done.n, 0)) OVER (ORDER BY days.d) AS BIGINT)
            FROM days LEFT JOIN told ON told.d = days.d LEFT JOIN done ON done.d = days.d ORDER BY 1""")
        return Table("curve", ("day", "told", "done", "cumulative"), tuple(rows))

    # Conversation quality

    def talk(self, since: Any, until: Any) -> dict[str, float | None]:
        whose = "" if self.policy_id is None else "AND v.resident_id IN (SELECT resident_id FROM counted)"
        heard, read, lost = self.one(
            f"""
            SELECT COUNT(*), COUNT(*) FILTER (s.was_read), COUNT(*) FILTER (s.was_lost)
            FROM message s JOIN conversation v ON v.id = s.conversation_id
            WHERE s.direction = 'in' AND s.at >= $since AND s.at < $until {whose}""",
            since=since,
            until=until,
        )
        talks, handed = self.one(f"""
            SELECT COUNT(*), COUNT(*) FILTER (v.outcome = 'escalated') FROM conversation v
            WHERE v.id IN (SELECT q.conversation_id FROM message q
                WHERE q.direction = 'in' AND q.at >= $since AND q.at < $until)
              {whose}""", since=since, until=until)  # fmt: skip
        return {"inbound": heard, "fallback_rate": ratio(lost, read), "handover_rate": ratio(handed, talks)}

    def confused(self, since: Any, until: Any) -> Table:
        whose = "" if self.policy_id is None else "AND v.resident_id IN (SELECT resident_id FROM counted)"
        rows = self.rows(f"""
            SELECT s.intent, s.rival, COUNT(*)
            FROM message s JOIN conversation v ON v.id = s.conversation_id
            WHERE s.direction = 'in' AND s.at >= $since AND s.at < $until {whose} AND s.lead < {CLOSE_CALL}
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 10""", since=since, until=until)  # fmt: skip
        return Table("confused", ("intent", "rival", "count"), tuple(rows))

    def unasked(self, since: Any, until: Any) -> dict[str, float | None]:
        """What went on in a span of time, over all policies."""
        sent, delivered = self.one(f"""
            SELECT COALESCE(SUM(went_out), 0), COALESCE(SUM(arrived), 0) FROM report_contact c
            WHERE purpose IN ('offer', 'reminder', 'survey', 'visit_notice')
              AND COALESCE(sent_at, due_at) >= $since AND COALESCE(sent_at, due_at) < $until {self._contact_of()}""",
            since=since, until=until)  # fmt: skip
        whose = "" if self.policy_id is None else "AND resident_id IN (SELECT resident_id FROM counted)"
        (stops,) = self.one(
            "SELECT COUNT(*) FROM contact_stop WHERE reason = 'opt_out' AND placed_at >= $since "
            f"AND placed_at < $until {whose}",
            since=since, until=until,
        )  # fmt: skip
        opened, settled, on_time, questions = self.one(f"""
            SELECT COUNT(*), COALESCE(SUM(settled), 0), COALESCE(SUM(on_time), 0),
              COUNT(*) FILTER (kind = 'policy_question')
            FROM report_case c WHERE opened_at >= $since AND opened_at < $until {self.of_policy()}""",
            since=since, until=until)  # fmt: skip
        return {
            "sent": sent,
            "delivered": delivered,
            "opt_outs": stops,
            "cases_opened": opened,
            "cases_settled": settled,
            "cases_on_time": ratio(on_time, settled),
            "unanswered_questions": questions,
        }

    def said_yes(self, since: Any, until: Any) -> dict[str, float]:
        """Matches opened, willing and done within a span, for the comparison with the year before."""
        states = ", ".join(f"'{state}'" for state in SAID_YES)
        opened, done, willing = self.one(f"""
            SELECT COUNT(*) FILTER (opened_at >= $since AND opened_at < $until),
              COUNT(*) FILTER (done = 1 AND closed_at >= $since AND closed_at < $until),
              (SELECT COUNT(DISTINCT h.match_id) FROM match_change h JOIN counted k ON k.match_id = h.match_id
                WHERE h.new IN ({states}) AND h.at >= $since AND h.at < $until)
            FROM counted""", since=since, until=until)  # fmt: skip
        return {"newly_matched": opened, "interested": willing, "done": done}


def ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _sums(rows: Sequence[tuple[Cell, ...]], counted: set[int], width: int) -> tuple[Cell, ...]:
    return tuple(sum(int(row[place] or 0) for row in rows) if place in counted else None for place in range(width))
