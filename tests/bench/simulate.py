"""How often does the verdict cry shift where nothing moved, and how often does it see one?

    python tests/bench/simulate.py nothing --runs 200
    python tests/bench/simulate.py shifts --runs 100

Twenty columns a table (ties, heavy tails, missing values, categories: tests/simulated.py), whole
comparisons with the defaults through the real fold, seeded. Prints Markdown: per size the share of
runs whose verdict is "none" where both sides come from one source; and per shift and size how
often the one column that moved (of twenty) was found.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import simulated

import bncli
from bncli.shift.model import ShiftReport

NOTHING = ((30, 30), (30, 3000), (100, 100), (1000, 1000), (10_000, 10_000), (100_000, 100_000))
LARGE = (1_000_000, 1_000_000)
SIZES = (30, 100, 300, 1000, 10_000)


def compared(seed: int, sizes: tuple[int, int], moved: str | None) -> ShiftReport:
    rng = np.random.default_rng([seed, *sizes])
    laws = dict(simulated.LAWS)
    before = after = laws
    if moved is not None:
        laws.pop("normal 0")
        first, second = simulated.SHIFTS[moved]
        before, after = {**laws, "moved": first}, {**laws, "moved": second}
    n, k = sizes
    return bncli.shift(simulated.table(rng, n, before), simulated.table(rng, k, after))


def nothing(runs: int, large: int) -> Iterator[str]:
    yield "| rows a side | runs | verdict none | minor | major | columns too few |"
    yield "| --: | --: | --: | --: | --: | --: |"
    for sizes, count in [*((each, runs) for each in NOTHING), (LARGE, large)]:
        if not count:
            continue
        reports = [compared(seed, sizes, None) for seed in range(count)]
        verdicts = [report.verdict for report in reports]
        shares = " | ".join(f"{verdicts.count(v) / count:.1%}" for v in ("none", "minor", "major"))
        blind = np.mean([sum(c.too_few_rows for c in report.columns) for report in reports])
        rows = f"{sizes[0]:,}" if sizes[0] == sizes[1] else f"{sizes[0]:,} and {sizes[1]:,}"
        yield f"| {rows} | {count} | {shares} | {blind:.1f} of {reports[0].compared} |"


def shifts(runs: int) -> Iterator[str]:
    yield f"| what moved | {' | '.join(f'{size:,} rows' for size in SIZES)} |"
    yield f"| :-- |{' --: |' * len(SIZES)}"
    for moved in simulated.SHIFTS:
        cells = []
        for size in SIZES:
            found = [_severity(compared(seed, (size, size), moved)) for seed in range(runs)]
            seen = sum(severity != "none" for severity in found) / runs
            cells.append(f"{seen:.0%} ({found.count('major') / runs:.0%})")
        yield f"| {moved} | {' | '.join(cells)} |"


def _severity(report: ShiftReport) -> str:
    (column,) = (one for one in report.columns if one.name == "moved")
    return column.severity


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("nothing", "shifts"))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--large", type=int, default=100, help="runs at a million rows a side")
    given = parser.parse_args()
    started = time.monotonic()
    lines = nothing(given.runs, given.large) if given.what == "nothing" else shifts(given.runs)
    for line in lines:
        print(line, flush=True)
    print(f"\n{time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
