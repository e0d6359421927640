"""`python -m sandbox.street --out DIR --seed 7`: write one street's files."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from datetime import date
from pathlib import Path

from sandbox.street.generate import generate


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.street", description="Write one street's untidy files.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--residents", type=int, default=200_000, metavar="N", help="at least 500")
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 3, 2), metavar="YYYY-MM-DD")
    arguments = parser.parse_args()
    if arguments.residents < 500:
        parser.error("--residents must be at least 500")
    # Nothing made here goes round in circles, and to look for circles among half a million rows takes a while.
    gc.disable()
    started = time.perf_counter()
    expected = generate(arguments.out, seed=arguments.seed, residents=arguments.residents, start=arguments.start)
    rows, seconds = sum(expected["rows"].values()), time.perf_counter() - started
    sys.stdout.write(f"{arguments.out}: {expected['people']} people, {rows} rows, {seconds:.1f} s\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
