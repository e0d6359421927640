"""Rows of a long campaign, written by SQL: each matched resident with about ten events."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from models.crypto import KeyRing
from models.migrate import upgrade
from models.session import make_engine

NAMES = ("陈秀兰", "黄志强", "李桂英", "林国栋", "欧阳慧", "王阿婆", "何晓敏", "张伟")
EVENT_TABLES = ("contact", "contact_match", "match_change", "message", "refused_contact", "application", "case")
START = "2026-03-02 00:00:00.000000"
_AT = "strftime('%Y-%m-%d %H:%M:%f', '2026-03-02 01:00:00', '+' || ({minutes}) || ' minutes') || '000'"
_MIX = "((i * 2654435761 + {salt} * 40503) % 1000003)"
_STATE = """CASE WHEN {mix} % 100 < 30 THEN 'applied_at_hall' WHEN {mix} % 100 < 45 THEN 'applied_online'
  WHEN {mix} % 100 < 60 THEN 'applied_by_visit' WHEN {mix} % 100 < 75 THEN 'in_queue' WHEN {mix} % 100 < 90
  THEN 'in_outreach' WHEN {mix} % 100 < 95 THEN 'declined' ELSE 'opted_out' END"""


def fill(file: Path, residents: int, ring: KeyRing) -> int:
    """Make a database of that many matched residents; how many events are in it."""
    engine = make_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    db = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-262144"):
        db.execute(f"PRAGMA {pragma}")
    count_up = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?) SELECT i FROM c"
    db.execute(f"CREATE TEMP TABLE n AS {count_up}", (residents,))
    db.execute("CREATE TEMP TABLE names (k INTEGER PRIMARY KEY, sealed TEXT)")
    db.executemany(
        "INSERT INTO names VALUES (?, ?)", enumerate(ring.seal(name, context="resident.name") for name in NAMES)
    )
    numbers = (ring.seal(f"+8613800{place:06d}", context="phone.number") for place in range(100))
    db.execute("CREATE TEMP TABLE numbers (k INTEGER PRIMARY KEY, sealed TEXT)")
    db.executemany("INSERT INTO numbers VALUES (?, ?)", enumerate(numbers))
    sealed = {
        "text": ring.seal("您好，您可能可以领高龄津贴，想领请回复同意。" * 2, context="contact.text"),
        "json": ring.seal("{}", context="contact.variables"),
        "said": ring.seal("好的，我想办，要带什么材料", context="message.text"),
        "state": ring.seal("{}", context="conversation.state"),
    }
    db.execute("BEGIN")
    for statement in _statements():
        db.execute(statement, {name: value for name, value in sealed.items() if f":{name}" in statement})
    db.execute("COMMIT")
    events = sum(int(db.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0]) for table in EVENT_TABLES)
    db.close()
    return events


def _statements() -> list[str]:
    mix = _MIX.format(salt=1)
    state = _STATE.format(mix=mix)
    told = _AT.format(minutes="(i % 20) * 1440 + k * 5760")
    return [
        f"""INSERT INTO resident (id, audience, person_key, name, name_index, birth_date, sex, street, community,
              focus_groups, status, created_at)
            SELECT i, 'person', 'p' || i, (SELECT sealed FROM names WHERE k = i % 8), 'x',
              (1926 + {mix} % 30) || '-0' || (1 + i % 9) || '-15', CASE WHEN i % 2 THEN 'female' ELSE 'male' END,
              '街道' || ({mix} % 10), '社区' || ({mix} % 100), '[]', 'present', '{START}' FROM n""",
        """INSERT INTO phone (id, number, number_index, state, carrier_failures)
            SELECT i, (SELECT sealed FROM numbers WHERE k = i % 100), 'n' || i, 'usable', 0 FROM n""",
        "INSERT INTO resident_phone (resident_id, phone_id, rank, source) SELECT i, i, 0, 'grid' FROM n",
        f"""INSERT INTO "match" (id, resident_id, policy_id, episode, policy_version, state, needs_asking, opened_at,
              closed_at, state_changed_at, version)
            SELECT i, i, 'elderly-allowance', 1, '1', {state}, 0, '{START}',
              CASE WHEN {mix} % 100 < 60 OR {mix} % 100 >= 90 THEN {_AT.format(minutes="(i % 50) * 1440")} END,
              {_AT.format(minutes="(i % 50) * 1440")}, 1 FROM n""",
        f"""INSERT INTO contact (id, resident_id, phone_id, channel, purpose, ladder_step, state, template_key,
              variables, text, created_at, due_at, attempts, fence, sent_at, receipt_rank, missed_listings, provider)
            SELECT i * 2 + k, i, i, 'sms', CASE k WHEN 0 THEN 'offer' ELSE 'reminder' END, k,
              CASE WHEN i % 12 THEN 'delivered' ELSE 'undelivered' END, 'offer.by_reply', :json, :text, {told}, {told},
              1, 1, {told}, 3, 0, 'twilio' FROM n, (SELECT 0 AS k UNION ALL SELECT 1)""",
        """INSERT INTO contact_match (contact_id, match_id, number)
            SELECT i * 2 + k, i, 1 FROM n, (SELECT 0 AS k UNION ALL SELECT 1)""",
        f"""INSERT INTO match_change (match_id, at, old, new, because)
            SELECT i, {_AT.format(minutes="(i % 50) * 1440 + k")}, 'new',
              CASE WHEN k = 0 THEN 'in_outreach' WHEN i % 3 THEN 'interested' ELSE 'in_queue' END, 'planner'
            FROM n, (SELECT 0 AS k UNION ALL SELECT 1)""",
        f"""INSERT INTO conversation (id, resident_id, phone_id, stage, state, outcome, started_at, last_at, version)
            SELECT i, i, i, 'open', :state, CASE WHEN i % 9 THEN 'interested' ELSE 'escalated' END, '{START}',
              '{START}', 1 FROM n""",
        f"""INSERT INTO message (conversation_id, at, direction, author, channel, text, reading)
            SELECT i, {_AT.format(minutes="(i % 40) * 1440 + k * 3")}, CASE k WHEN 0 THEN 'out' ELSE 'in' END,
              CASE k WHEN 0 THEN 'assistant' ELSE 'resident' END, 'sms', :said,
              CASE k WHEN 1 THEN '{{"exact": null, "ranking": [{{"intent": "interested", "confidence": 0.9}},
                {{"intent": "affirm", "confidence": 0.05}}], "directives": [{{"do": "outcome"}}]}}' END
            FROM n, (SELECT 0 AS k UNION ALL SELECT 1)""",
        f"""INSERT INTO refused_contact (match_id, resident_id, reason, "on", at)
            SELECT i, i, CASE WHEN i % 2 THEN 'campaign_cap' ELSE 'daily_cap' END, '2026-03-02', '{START}' FROM n""",
        """INSERT INTO application (external_ref, status, resident_id, policy_id, channel, occurred_on, received_at)
            SELECT 'A' || i, 'submitted', i, 'elderly-allowance', CASE WHEN i % 2 THEN 'hall' ELSE 'online' END,
              '2026-03-20', '2026-03-20 00:00:00.000000' FROM n WHERE i % 2""",
        f"""INSERT INTO "case" (kind, reason, state, urgency, resident_id, match_id, policy_id, opened_at, due_at,
              accepted_at, resolved_at, version)
            SELECT 'home_visit', 'ladder_exhausted', CASE WHEN i % 3 THEN 'resolved' ELSE 'open' END, 'normal', i, i,
              'elderly-allowance', '{START}', '2026-03-05 00:00:00.000000', '{START}',
              CASE WHEN i % 3 THEN '2026-03-04 00:00:00.000000' END, 1 FROM n WHERE i % 2 = 0""",
    ]
