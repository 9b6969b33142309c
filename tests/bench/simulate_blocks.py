"""Do p-values from blocks hold their level where rows depend on their neighbours?

    python tests/bench/simulate_blocks.py --runs 60 --powered 20

Stationary first-order autoregressive series of mean 0 and standard deviation 1, five columns a
table, seeded; whole comparisons with the defaults, with and without ``--block``. Prints Markdown:
how often the verdict is "none" where nothing moved, how many of the columns have a p of 0.05 or
less, and how often a column that moved by one standard deviation was found.
"""

from __future__ import annotations

import argparse

import numpy as np
import polars as pl
from scipy import signal

import bncli
from bncli.shift.model import ShiftReport

COLUMNS = 5
CASES = ((2000, 2000, 0.9, 100), (5000, 1000, 0.9, 100), (2000, 2000, 0.97, 100))
"""Rows a side, lag-1 autocorrelation, rows of a block."""


def series(rng: np.random.Generator, rows: int, keep: float) -> np.ndarray:
    steps = rng.normal(size=rows + 500) * np.sqrt(1 - keep**2)
    return np.asarray(signal.lfilter([1], [1, -keep], steps)[500:])


def sides(
    seed: int, rows: tuple[int, int], keep: float, moved: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    before, after = (
        pl.DataFrame({f"x{at}": series(rng, n, keep) for at in range(COLUMNS)}) for n in rows
    )
    return before, after.with_columns(pl.col("x0") + moved)


def share_below(reports: list[ShiftReport], name: str) -> float:
    p = [column.measures[name] for report in reports for column in report.columns]
    return float(np.mean(np.array(p) <= 0.05))


def found(report: ShiftReport) -> bool:
    return any(one.name == "x0" and one.severity != "none" for one in report.columns)


def line(case: tuple[int, int, float, int], runs: int, powered: int) -> str:
    n, k, keep, block = case
    still = [sides(seed, (n, k), keep, 0.0) for seed in range(runs)]
    by_row = [bncli.shift(*pair, joint=0) for pair in still]
    by_block = [bncli.shift(*pair, joint=0, block=block) for pair in still]
    none = [sum(r.verdict == "none" for r in reports) for reports in (by_row, by_block)]
    below = [share_below(by_block, name) for name in ("ks_block_p", "psi_block_p")]
    shifted = (sides(1000 + seed, (n, k), keep, 1.0) for seed in range(powered))
    seen = sum(found(bncli.shift(*pair, joint=0, block=block)) for pair in shifted)
    cells = (
        f"{n:,} and {k:,}",
        f"{keep:g}",
        f"{block:,}",
        f"{none[0]} of {runs}",
        f"{none[1]} of {runs}",
        f"{share_below(by_row, 'ks_p'):.1%}",
        *(f"{share:.1%}" for share in below),
        f"{seen} of {powered}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--powered", type=int, default=20)
    given = parser.parse_args()
    heads = "rows | lag-1 | block | none, by rows | none, by blocks | ks_p <= 0.05"
    print(f"| {heads} | ks_block_p <= 0.05 | psi_block_p <= 0.05 | 1 sd found |")
    print(f"|{' --: |' * 9}")
    for case in CASES:
        print(line(case, given.runs, given.powered), flush=True)


if __name__ == "__main__":
    main()
