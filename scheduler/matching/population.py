"""The population of one import, as a table of rule facts by person, or by firm. Identifiers stay sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from models.vocabulary import Audience
from scheduler.roster.feed import Feed, FeedKind, feeds, precedence
from scheduler.roster.firms import FIRMS_FILE
from scheduler.roster.freshness import DatedFile, dated_files
from scheduler.roster.people import PEOPLE_FILE
from scheduler.roster.registers import ENROLMENTS_FOLDER, FEEDS_FOLDER
from scheduler.rules.compile import compile_rule
from scheduler.rules.derived_columns import derived_columns
from scheduler.rules.rule import Rule

KEY = "person_key"
MEMORY_LIMIT = "1GB"
HASH_BLOCK = 1 << 20
ROSTER_FILE = {Audience.PERSON: PEOPLE_FILE, Audience.ENTERPRISE: FIRMS_FILE}
VIEW = {Audience.PERSON: "everybody", Audience.ENTERPRISE: "every_firm"}
NOBODY = pa.schema({KEY: pa.string(), "enrolled_on": pa.date32(), "until": pa.date32()}).empty_table()


class Population:
    """What an import left in its folder, seen on one day.

    The engine is DuckDB over the Parquet files; the expressions are Ibis, so a district's warehouse can stand in.
    """

    def __init__(
        self,
        folder: Path,
        *,
        as_of: date,
        fresh_on: date | None = None,
        engine: Any = None,
        audience: Audience = Audience.PERSON,
    ) -> None:
        if not (folder / PEOPLE_FILE).exists():
            raise FileNotFoundError(f"no imported population in {folder}; run `./outreach import` first")
        self.folder = folder
        self.as_of = as_of
        self.audience = audience
        self._fresh_on = fresh_on or as_of
        # What outgrows the memory waits beside the files it is made from, not where the command happened to be called.
        spill = str(folder / "spill")
        self._engine = engine or ibis.duckdb.connect(memory_limit=MEMORY_LIMIT, temp_directory=spill)
        self._judged: dict[str, tuple[Rule, str]] = {}
        self._verdicts: ir.Table | None = None

    def seen_on(self, day: date) -> Population:
        """The same files, as fresh as they are, seen on another day; on the same engine: close the first one only."""
        return self._also(as_of=day)

    def of(self, audience: Audience) -> Population:
        """The people or the firms of the same import, on the same engine."""
        return self if audience is self.audience else self._also(audience=audience)

    def _also(self, *, as_of: date | None = None, audience: Audience | None = None) -> Population:
        day, whom = as_of or self.as_of, audience or self.audience
        return Population(self.folder, as_of=day, fresh_on=self._fresh_on, engine=self._engine, audience=whom)

    @property
    def has_roster(self) -> bool:
        """Whether the import brought any of this audience."""
        return (self.folder / ROSTER_FILE[self.audience]).exists()

    def close(self) -> None:
        self._engine.disconnect()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the names and bytes of the files that matching reads."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*.parquet")):
            digest.update(path.relative_to(self.folder).as_posix().encode())
            with path.open("rb") as file:
                while block := file.read(HASH_BLOCK):
                    digest.update(block)
        return digest.hexdigest()

    @cached_property
    def stale(self) -> list[DatedFile]:
        """Files too old for the day: what a register says is then unknown, and so is who is on a list."""
        return [file for file in dated_files(self.folder) if file.is_stale(self._fresh_on)]

    @cached_property
    def people(self) -> ir.Table:
        """One row a person, or a firm, with every fact a fresh feed brings, and those that follow on the day."""
        table = self._engine.read_parquet(self.folder / ROSTER_FILE[self.audience])
        outdated = {file.feed for file in self.stale}
        for feed in feeds().values():
            path = self.folder / FEEDS_FOLDER / f"{feed.id}.parquet"
            if feed.kind is not FeedKind.REGISTER or feed.audience is not self.audience:
                continue
            if feed.id not in outdated and path.exists():
                table = _join(table, self._engine.read_parquet(path), feed)
        # Under a name of its own: what is asked of it then stays short, however many feeds it is made of.
        return self._engine.create_view(VIEW[self.audience], derived_columns(table, self.as_of), overwrite=True)

    def judge(self, rules: Mapping[str, Rule]) -> None:
        """Look at everybody once, under all these rules by policy; `verdicts` then answers from what was seen."""
        numbered = enumerate(rules.items())
        self._judged = {policy_id: (rule, f"verdict_{number}") for number, (policy_id, rule) in numbered}
        columns = {column: compile_rule(rule, self.people) for rule, column in self._judged.values()}
        verdicts = self.people.select(KEY, **columns)
        self._verdicts = self._engine.create_table(ibis.util.gen_name("verdicts"), verdicts, temp=True)

    def verdicts(self, policy_id: str, rule: Rule) -> ir.Table:
        """Person key and `verdict`: true, false, or NULL where the files do not say."""
        judged, column = self._judged.get(policy_id, (None, ""))
        if judged is not rule or self._verdicts is None:
            return self.people.select(KEY, verdict=compile_rule(rule, self.people))
        return self._verdicts.select(KEY, verdict=self._verdicts[column])

    def knows_enrolled(self, policy_id: str) -> bool:
        """Whether a list that is fresh says who already receives the policy; one that lists nobody does."""
        outdated = {file.policy for file in self.stale}
        return policy_id not in outdated and self._enrolment_list(policy_id).exists()

    def enrolled(self, policy_id: str) -> ir.Table:
        """Who already receives the policy on the day."""
        path = self._enrolment_list(policy_id)
        listed = self._engine.read_parquet(path) if path.exists() else ibis.memtable(NOBODY)
        return listed.filter(listed.until.isnull() | (listed.until >= ibis.date(self.as_of)))

    def identities(self, keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Sealed identifiers and plain facts of a few people, by person key."""
        table = self.people.semi_join(keys_table(keys), KEY)
        return {row[KEY]: row for row in self.fetch(table)}

    def _enrolment_list(self, policy_id: str) -> Path:
        return self.folder / ENROLMENTS_FOLDER / f"{policy_id}.parquet"

    def fetch(self, table: ir.Table) -> list[dict[str, Any]]:
        return list(self._engine.to_pyarrow(table).to_pylist())


def keys_table(keys: Iterable[str]) -> ir.Table:
    return ibis.memtable(pa.table({KEY: pa.array(list(keys), pa.string())}))


def _join(people: ir.Table, register: ir.Table, feed: Feed) -> ir.Table:
    """Add a register's columns; of somebody a complete register does not list, its `when_absent` values are known.

    What an earlier register says as well is taken from it, unless the order of precedence puts this one first.
    """
    own = {name: f"{name}_of_{feed.id}" for name in register.columns if name != KEY}
    listed = register.rename({new: name for name, new in own.items()}).mutate(is_listed=True)
    joined = people.left_join(listed, KEY).drop(f"{KEY}_right")
    brought: dict[str, ir.Value] = {name: joined[column] for name, column in own.items()}
    for name, value in feed.when_absent.items():
        brought[name] = joined.is_listed.isnull().ifelse(value, brought.get(name, ibis.null()))
    for name in brought.keys() & set(people.columns):
        first = precedence().get(name, ())[:1] == (feed.id,)
        brought[name] = (
            ibis.coalesce(brought[name], joined[name]) if first else ibis.coalesce(joined[name], brought[name])
        )
    return joined.mutate(**brought).drop("is_listed", *own.values())
