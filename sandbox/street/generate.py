"""Everything one street leaves behind, from one seed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from sandbox.street.benefits import Benefits, assess
from sandbox.street.firms import STARTUP, Firms, firm_files, found_firms
from sandbox.street.formats import write_source
from sandbox.street.people import Resident, Town
from sandbox.street.places import describe_places
from sandbox.street.registers import disability_register, enrolment_lists
from sandbox.street.sources import Clerks, Population, Source
from sandbox.street.world import describe_world


def generate(folder: Path, *, seed: int, residents: int, start: date) -> dict[str, Any]:
    """Write the files, `world.json` and `expected.json` into `folder`; return what is expected of a correct merge.

    The same arguments write the same bytes, workbooks excepted (their format keeps a time of writing in the archive).
    """
    folder.mkdir(parents=True, exist_ok=True)
    town = Town(Random(f"{seed}:town"), start, residents)
    people = town.settle()
    benefits = assess(Random(f"{seed}:benefits"), people, start, town.numbers)
    population = Clerks(Random(f"{seed}:clerks"), start, town.numbers).record(people)
    rng = Random(f"{seed}:registers")
    firms_rng = Random(f"{seed}:firms")
    firms = found_firms(firms_rng, start, town.numbers)
    files = (
        *population.sources,
        disability_register(rng, benefits.certificates),
        *enrolment_lists(rng, benefits, start),
        *firm_files(firms_rng, firms, start),
    )
    for source in files:
        write_source(folder, source)
    expected = _expected(people, population, benefits, firms, files)
    _write_json(folder / "expected.json", expected)
    world = describe_world(benefits, firms, population.other_phones, seed=seed, start=start)
    _write_json(folder / "world.json", world)
    _write_json(folder / "places.json", describe_places(town.buildings))
    return expected


def _expected(
    people: list[Resident], population: Population, benefits: Benefits, firms: Firms, files: tuple[Source, ...]
) -> dict[str, Any]:
    missed = {policy: sorted(person.id_number for person in found) for policy, found in benefits.missed.items()}
    missed[STARTUP] = sorted(firm.credit_code for firm in firms.missed)
    strangers = 2 * population.ties + population.alone_without_id
    return {
        "people": len(people) + strangers,
        "rows": {source.file_name: len(source.rows) for source in files},
        "bad_rows": {source.file_name: _plain(source.faults) for source in files},
        "rows_merged_without_id": population.merged_without_id,
        "ties": population.ties,
        "namesakes": population.alone_without_id,
        "newly_matched": {policy: len(numbers) for policy, numbers in missed.items()},
        "newly_matched_ids": missed,
        "undecidable": {policy: len(unsure) for policy, unsure in benefits.undecidable.items()},
        "enrolled": {
            **{policy: len(enrolled) for policy, enrolled in benefits.enrolled.items()},
            STARTUP: len(firms.enrolled),
        },
    }


def _plain(faults: Counter[Any]) -> dict[str, int]:
    return {fault.value: count for fault, count in faults.items()}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
