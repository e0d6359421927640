"""The surveys of a report: who answered, and what the answers say of all who were served."""

from __future__ import annotations

from collections import defaultdict

from outreach_api.reports.counting import Counting, ratio
from outreach_api.reports.report import Table
from outreach_api.surveys.estimates import Stratum, weighted_share


def response_table(counting: Counting) -> Table:
    """Each stratum's frame and how far it came."""
    rows = counting.rows("""
        SELECT i.stratum, COUNT(*), COUNT(*) FILTER (i.state <> 'not_drawn'),
          COUNT(*) FILTER (i.invited_at IS NOT NULL),
          COUNT(*) FILTER (i.state IN ('partial', 'finished')),
          COUNT(*) FILTER (i.state IN ('partial', 'finished')) / NULLIF(COUNT(*) FILTER (i.invited_at IS NOT NULL), 0)
        FROM survey_invitation i JOIN counted m ON m.match_id = i.match_id GROUP BY 1 ORDER BY 2 DESC, 1""")
    columns = ("stratum", "people", "drawn", "invited", "responded", "response_rate")
    sums = (None, *(sum(int(row[place] or 0) for row in rows) for place in range(1, 5)), None) if rows else None
    return Table("survey_response", columns, tuple(rows), sums)


def results_table(counting: Counting) -> Table:
    """Each answer's share, weighted by stratum; an answer to a multi question counts for each of its codes."""
    frame = counting.rows(
        "SELECT i.stratum, COUNT(*) FROM survey_invitation i JOIN counted m ON m.match_id = i.match_id GROUP BY 1"
    )
    people = {str(stratum): int(n or 0) for stratum, n in frame}
    rows = counting.rows("""
        WITH given AS (SELECT a.question, i.stratum, a.invitation_id, a.value
            FROM survey_answer a JOIN survey_invitation i ON i.id = a.invitation_id
            JOIN counted m ON m.match_id = i.match_id WHERE a.superseded_at IS NULL AND a.value <> 'text'),
          codes AS (SELECT question, stratum, invitation_id, UNNEST(string_split(value, ',')) AS code FROM given),
          answered AS (SELECT question, stratum, COUNT(DISTINCT invitation_id) AS n FROM given GROUP BY 1, 2)
        SELECT c.question, c.code, c.stratum, a.n, COUNT(DISTINCT c.invitation_id)
        FROM codes c JOIN answered a ON a.question = c.question AND a.stratum = c.stratum
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3""")
    answered: dict[str, dict[str, int]] = defaultdict(dict)
    chosen: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for question, code, stratum, n, k in rows:
        answered[str(question)][str(stratum)] = int(n or 0)
        chosen[str(question), str(code)][str(stratum)] = int(k or 0)
    made = []
    for (question, code), by_stratum in sorted(chosen.items()):
        strata = {
            stratum: Stratum(people.get(stratum, 0), n, by_stratum.get(stratum, 0))
            for stratum, n in answered[question].items()
        }
        share = weighted_share(strata)
        cells = (share.estimate, share.low, share.high) if share else (None, None, None)
        made.append((question, code, sum(by_stratum.values()), *cells))
    columns = ("question", "answer", "count", "weighted", "share_low", "share_high")
    return Table("survey_results", columns, tuple(made), grouped="question")


def satisfaction(counting: Counting) -> dict[str, float | None]:
    """Share of 4 and 5 among ratings, unweighted, beside the table's weighted shares."""
    good, all_ = counting.one("""
        SELECT COUNT(*) FILTER (a.value IN ('4', '5')), COUNT(*) FROM survey_answer a
        JOIN survey_invitation i ON i.id = a.invitation_id JOIN counted m ON m.match_id = i.match_id
        WHERE a.superseded_at IS NULL AND a.question = 'satisfaction'""")
    return {"surveyed": all_, "satisfied_rate": ratio(good, all_)}
