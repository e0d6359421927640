"""A district's years in the console's tables: cases, conversations and who they are about, written past the ORM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice
from typing import Any, cast

from sqlalchemy import Engine, Table

from models.base import Base
from models.call import Call
from models.case import Case, CaseChange
from models.contact import Contact
from models.conversation import Conversation, Message
from models.crypto import KeyRing
from models.match import Match, MatchLedger, Snapshot
from models.resident import Phone, Resident, ResidentPhone
from models.review import WordIndex
from outreach_api.conversations.words_said import pairs

CHUNK = 20_000
NAMES = ("陈秀兰", "黄志强", "李桂英", "林国栋", "欧阳慧", "王阿婆", "何晓敏", "张伟")
KINDS = ("home_visit", "home_visit", "home_visit", "human", "policy_question", "complaint", "identity")
REASONS = {
    "home_visit": "ladder_exhausted",
    "human": "not_understood",
    "policy_question": "no_answer_on_card",
    "complaint": "complaint",
    "identity": "unknown_caller",
}
POLICIES = ("elderly-allowance", "elderly-health-check", "disabled-living-subsidy", "child-immunisation")
SAID = (
    "要带什么材料", "我不会用手机", "钱什么时候到账", "家里老人走不动", "能不能上门来办", "是不是真的",
    "不需要了谢谢", "我儿子帮我办", "身份证丢了怎么办", "去哪里办", "要不要钱", "已经在领了",
    "周末有人吗", "听不清楚再说一遍", "我搬家了", "电话打不通", "要等多久", "能寄到家里吗",
    "社区说没有我", "残疾证在办", "户口不在深圳行不行", "超过时间了还能补吗", "银行卡换了", "我姓什么你知道吗",
    "不要再发短信", "谢谢你们", "轮椅能不能借", "下雨天就别来了", "我老伴也要办", "问一下名额",
)  # fmt: skip
CASES_PER_CONVERSATION = 5
OPEN_EVERY = 50


@dataclass(frozen=True)
class Written:
    cases: int
    conversations: int


class Writer:
    """Rows into a table by the quickest way its engine has; columns that are not given take their defaults."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection()
        self._is_postgres = engine.dialect.name == "postgresql"

    def instant(self, at: datetime) -> str:
        return f"{at:%Y-%m-%d %H:%M:%S.%f}" + ("+00" if self._is_postgres else "")

    def write(self, noun: type[Base], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        table = cast("Table", noun.__table__)
        more = _defaults(table, columns)
        names = ", ".join(f'"{name}"' for name in (*columns, *more))
        tail = tuple(more.values())
        cursor = self._connection.cursor()
        if self._is_postgres:
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row + tail)
        else:
            marks = ", ".join("?" * (len(columns) + len(tail)))
            statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of ours
            cursor.execute("BEGIN")
            whole = iter(rows)
            while chunk := list(islice(whole, CHUNK)):
                cursor.executemany(statement, [row + tail for row in chunk])
            cursor.execute("COMMIT")
        self._connection.commit()

    def close(self) -> None:
        """On PostgreSQL with what its autovacuum learns of new tables; SQLite is left as an installation has it."""
        if self._is_postgres:
            self._connection.cursor().execute("ANALYZE")
            self._connection.commit()
        self._connection.close()


def _defaults(table: Table, given: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in table.columns:
        if column.name in given or column.nullable or column.server_default is not None or column.name == "id":
            continue
        default = column.default.arg if column.default is not None else None  # type: ignore[attr-defined]
        found[column.name] = _plain(default(None) if callable(default) else default)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return {"list": "[]", "dict": "{}"}.get(type(value).__name__, value)


def fill(engine: Engine, cases: int, ring: KeyRing, staff_id: int, trace: Mapping[str, Any], now: datetime) -> Written:
    """So many cases, a conversation for each five of them, and a resident for each conversation."""
    people = max(1, cases // CASES_PER_CONVERSATION)
    writer = Writer(engine)
    _write_people(writer, people, ring, now)
    _write_matches(writer, people, ring, trace, now)
    _write_talks(writer, people, ring, now)
    _write_cases(writer, cases, people, staff_id, now)
    writer.close()
    return Written(cases, people)


def number_of(place: int) -> str:
    return f"+86139{place:08d}"


def card_of(place: int) -> str:
    return f"4403031951{place:08d}"


def _write_people(writer: Writer, people: int, ring: KeyRing, now: datetime) -> None:
    names = [(ring.seal(name, context="resident.name"), ring.blind_index(name, kind="name")) for name in NAMES]
    cards = [ring.seal(card_of(place), context="resident.id_number") for place in range(100)]
    numbers = [ring.seal(number_of(place), context="phone.number") for place in range(100)]
    at = writer.instant(now)
    residents = (
        (
            i, "person", f"p{i}", *names[i % len(names)], cards[i % 100],
            ring.blind_index(card_of(i), kind="id_number"), "1951-03-05", "东门街道", f"社区{i % 40}", at,
        )
        for i in range(1, people + 1)
    )  # fmt: skip
    columns = (
        "id", "audience", "person_key", "name", "name_index", "id_number", "id_number_index", "birth_date", "street",
        "community", "created_at",
    )  # fmt: skip
    writer.write(Resident, columns, residents)
    phones = ((i, numbers[i % 100], ring.blind_index(number_of(i), kind="phone")) for i in range(1, people + 1))
    writer.write(Phone, ("id", "number", "number_index"), phones)
    links = ((i, i, i, 0, "grid") for i in range(1, people + 1))
    writer.write(ResidentPhone, ("id", "resident_id", "phone_id", "rank", "source"), links)


def _write_matches(writer: Writer, people: int, ring: KeyRing, trace: Mapping[str, Any], now: datetime) -> None:
    import json

    at = writer.instant(now - timedelta(days=30))
    writer.write(Snapshot, ("id", "digest", "as_of", "counts", "created_at"), [(1, "bench", "2026-01-01", "{}", at)])
    states = ("in_outreach", "in_queue", "applied_at_hall", "declined", "new")
    matches = ((i, i, POLICIES[i % len(POLICIES)], "1", states[i % len(states)], at, at) for i in range(1, people + 1))
    columns = ("id", "resident_id", "policy_id", "policy_version", "state", "opened_at", "state_changed_at")
    writer.write(Match, columns, matches)
    row = ring.seal("{}", context="match_ledger.row")
    sealed = ring.seal(json.dumps(trace, ensure_ascii=False), context="match_ledger.trace")
    ledger = ((i, i, at, "newly_eligible", True, 1, "1", row, sealed) for i in range(1, people + 1))
    named = ("id", "match_id", "at", "delta", "opened", "snapshot_id", "rule_version", "row", "trace")
    writer.write(MatchLedger, named, ledger)


def _write_talks(writer: Writer, people: int, ring: KeyRing, now: datetime) -> None:
    state = ring.seal("{}", context="conversation.state")
    offered = ring.seal("您好，您可能可以领高龄津贴，想领请回复同意。", context="message.text")
    text = ring.seal("您好，您可能可以领高龄津贴，想领请回复同意。", context="contact.text")
    variables = ring.seal("{}", context="contact.variables")
    said = [ring.seal(one, context="message.text") for one in SAID]
    outcomes = ("interested", "no_decision", "escalated", "declined")

    def at(i: int, minutes: int = 0) -> str:
        return writer.instant(now - timedelta(minutes=(people - i) * 3 - minutes))

    talks = ((i, i, i, state, outcomes[i % 4], at(i), at(i, 2)) for i in range(1, people + 1))
    writer.write(Conversation, ("id", "resident_id", "phone_id", "state", "outcome", "started_at", "last_at"), talks)
    lines = (line for i in range(1, people + 1) for line in _lines(i, said[i % len(SAID)], offered, at))
    columns = ("id", "conversation_id", "at", "direction", "author", "channel", "text")
    writer.write(Message, columns, lines)
    writer.write(WordIndex, ("pair", "conversation_id"), _words(people))
    sent = ("delivered", "delivered", "undelivered", "planned")
    contacts = (
        (i, i, i, "sms", "offer", sent[i % 4], "offer", variables, text, at(i), at(i), at(i))
        for i in range(1, people + 1)
    )
    named = (
        "id", "resident_id", "phone_id", "channel", "purpose", "state", "template_key", "variables", "text",
        "created_at", "due_at", "sent_at",
    )  # fmt: skip
    writer.write(Contact, named, contacts)
    calls = ((1, "bench", "call", "out", ring.seal("", context="call.number"), "none", state, at(1), at(1)),)
    writer.write(
        Call,
        ("id", "provider", "provider_ref", "direction", "number", "number_index", "state", "started_at", "ended_at"),
        calls,
    )


def _lines(i: int, said: str, offered: str, at: Any) -> Iterator[tuple[Any, ...]]:
    for place, (direction, author, text) in enumerate(
        (
            ("out", "assistant", offered),
            ("in", "resident", said),
            ("out", "assistant", offered),
            ("in", "resident", said),
        )
    ):
        yield (i * 4 + place, i, at(i, place), direction, author, "sms", text)


def _words(people: int) -> Iterator[tuple[int, int]]:
    """In the order of the table's key."""
    phrases: dict[int, list[int]] = {}
    for place, one in enumerate(SAID):
        for pair in pairs(one):
            phrases.setdefault(pair, []).append(place)
    for pair in sorted(phrases):
        ids = (i for first in phrases[pair] for i in range(first or len(SAID), people + 1, len(SAID)))
        yield from ((pair, i) for i in sorted(ids))


def _write_cases(writer: Writer, cases: int, people: int, staff_id: int, now: datetime) -> None:
    columns = (
        "id", "kind", "reason", "state", "urgency", "resident_id", "match_id", "policy_id", "conversation_id",
        "staff_id", "opened_at", "due_at", "accepted_at", "resolved_at", "kept_at", "escalation",
    )  # fmt: skip
    writer.write(Case, columns, (_case(writer, i, people, staff_id, now) for i in range(1, cases + 1)))
    at = writer.instant(now - timedelta(days=1))
    changes = ((i, i, at, "system", "opened", "{}") for i in range(1, cases + 1))
    writer.write(CaseChange, ("id", "case_id", "at", "by", "change", "detail"), changes)


def _case(writer: Writer, i: int, people: int, staff_id: int, now: datetime) -> tuple[Any, ...]:
    kind, who = KINDS[i * 2654435761 // 64 % len(KINDS)], i % people + 1
    state = {0: "open", 1: "accepted"}.get(i % OPEN_EVERY, "resolved")
    age = timedelta(minutes=i * 37 % (14 * 1440)) if state != "resolved" else timedelta(minutes=i * 37 % (900 * 1440))
    opened = now - age
    due = opened + timedelta(days=11)
    done = writer.instant(opened + timedelta(days=2)) if state == "resolved" else None
    return (
        i, kind, REASONS[kind], state, "high" if i % 500 < 2 else "normal", who, who,
        POLICIES[who % len(POLICIES)], who, staff_id if i % 2500 == 1 else None,
        writer.instant(opened), writer.instant(due),
        writer.instant(opened) if state != "open" else None, done, done,
        "team" if i % 1000 == 0 else "none",
    )  # fmt: skip
