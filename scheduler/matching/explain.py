"""Why somebody was matched, in plain Chinese, from the ledger; and whether the decision replays."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.match import Match, MatchLedger
from models.policy import PolicyVersion
from scheduler.rules.evaluate import ClauseTrace, evaluate
from scheduler.rules.explain import in_plain_chinese
from scheduler.rules.rule import parse_rule

DELTA_IN_WORDS = {
    "newly_eligible": "符合条件，还没有享受",
    "rule_changed": "政策条件变了",
    "data_corrected": "资料更正后不再符合",
    "enrolled": "已经在享受名单里",
    "moved": "已迁出",
    "died": "已故",
}


def explain_match(session: Session, match: Match) -> Iterator[str]:
    """Every ledger entry of a match: the day, what happened, each condition with the value it saw, and a replay."""
    for entry in match.ledger:
        verb = "列入" if entry.opened else "移出"
        yield f"{entry.at.astimezone():%Y-%m-%d} {verb}应享未享：{DELTA_IN_WORDS[entry.delta.value]}"
        yield f"依据 {entry.rule_version}，数据批次 {entry.snapshot_id}"
        for line in in_plain_chinese(ClauseTrace.model_validate(entry.trace)):
            yield f"  {line}"
        yield (
            "  用当时的数据和条款重算，结果一致"
            if replays(session, entry)
            else "  注意：重算结果与记录不一致，请报告管理员"
        )


def replays(session: Session, entry: MatchLedger) -> bool:
    """Whether the rule of that version, on the values kept, gives the trace kept."""
    policy_id, _, rest = entry.rule_version.partition("@")
    version, _, digest = rest.partition("#")
    kept = session.scalar(
        select(PolicyVersion).where(
            PolicyVersion.policy_id == policy_id,
            PolicyVersion.version == version,
            PolicyVersion.rule_digest == digest,
        )
    )
    if kept is None:
        return False
    again = evaluate(parse_rule(kept.card["rule"]), entry.row)
    return again.model_dump(mode="json") == entry.trace
