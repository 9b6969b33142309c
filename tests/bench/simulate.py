"""How often does the verdict cry shift where nothing moved, and how often does it see one?

    python tests/bench/simulate.py nothing --rows 1000 1000 --runs 200 >> nothing.txt
    python tests/bench/simulate.py shifts --rows 300 300 --runs 50 >> shifts.txt
    python tests/bench/simulate.py table nothing.txt shifts.txt

Twenty columns a table (ties, heavy tails, missing values, categories: tests/simulated.py), whole
comparisons with the defaults through the real fold, seeded. Prints a line per run, so that runs can
be cut into pieces (``--first`` is the first seed); ``table`` adds them up as Markdown: per size the
share of runs whose verdict is "none" where both sides come from one source; and per shift and size
how often the one column that moved (of twenty) was found, and how often as major.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import simulated

import bncli
from bncli.shift.model import ShiftReport

NOTHING = "nothing"


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


def runs(sizes: tuple[int, int], moved: str | None, seeds: range) -> Iterator[str]:
    """A line a run: what moved, rows, seed, severity, columns with too few rows."""
    for seed in seeds:
        report = compared(seed, sizes, moved)
        severity = report.verdict if moved is None else _severity(report)
        few = sum(column.too_few_rows for column in report.columns)
        yield "\t".join(map(str, (moved or NOTHING, *sizes, seed, severity, few)))


def _severity(report: ShiftReport) -> str:
    (column,) = (one for one in report.columns if one.name == "moved")
    return column.severity


def tables(lines: Iterable[str]) -> Iterator[str]:
    found: dict[str, dict[tuple[int, int], dict[int, tuple[str, int]]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for line in lines:
        moved, n, k, seed, severity, few = line.rstrip("\n").split("\t")
        found[moved][int(n), int(k)][int(seed)] = (severity, int(few))
    yield from _nothing(found.pop(NOTHING, {}))
    yield ""
    sizes = sorted({size for one in found.values() for size in one})
    yield f"| what moved | {' | '.join(map(_rows, sizes))} |"
    yield f"| :-- |{' --: |' * len(sizes)}"
    for moved in simulated.SHIFTS:
        cells = (_power(list(found[moved][size].values())) for size in sizes)
        yield f"| {moved} | {' | '.join(cells)} |"


def _nothing(found: dict[tuple[int, int], dict[int, tuple[str, int]]]) -> Iterator[str]:
    yield "| rows a side | runs | none | minor | major | columns with too few rows |"
    yield "| --: | --: | --: | --: | --: | --: |"
    for size in sorted(found):
        runs = list(found[size].values())
        verdicts = [verdict for verdict, _ in runs]
        counts = " | ".join(str(verdicts.count(each)) for each in ("none", "minor", "major"))
        yield f"| {_rows(size)} | {len(runs)} | {counts} | {np.mean([f for _, f in runs]):.1f} |"


def _power(runs: list[tuple[str, int]]) -> str:
    if not runs:
        return ""
    seen = sum(severity != "none" for severity, _ in runs) / len(runs)
    major = sum(severity == "major" for severity, _ in runs) / len(runs)
    return f"{seen:.0%} ({major:.0%})"


def _rows(size: tuple[int, int]) -> str:
    n, k = size
    return f"{n:,}" if n == k else f"{n:,} and {k:,}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("nothing", "shifts", "table"))
    parser.add_argument("files", nargs="*", help="of lines, for table")
    parser.add_argument("--rows", type=int, nargs=2, default=(1000, 1000))
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    seeds, sizes = range(given.first, given.first + given.runs), tuple(given.rows)
    if given.what == "table":
        texts = (Path(file).read_text(encoding="utf-8") for file in given.files)
        lines: Iterable[str] = tables(line for text in texts for line in text.splitlines())
    elif given.what == "nothing":
        lines = runs(sizes, None, seeds)
    else:
        lines = (line for moved in simulated.SHIFTS for line in runs(sizes, moved, seeds))
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
