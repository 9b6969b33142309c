"""Rows a second of ``bncli learn`` beside PyTorch's, in turns, as a Markdown table.

    python3 dev setup; python tests/bench/learn.py --torch /path/of/a/python/with/torch

bncli is timed as a whole process, start-up, the first look at the rows and shuffled reading from
the file included; PyTorch has its data in memory and takes it in order. Medians of the rounds, and
bncli's largest peak of resident memory.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from run import BNCLI, Run, measure

HERE = Path(__file__).resolve().parent
TARGET = "c19"


def torch_rate(python: str, data: Path, rows: int, batch: int) -> float:
    script = [python, HERE / "torch_epoch.py", data, TARGET, str(rows), str(batch)]
    return float(subprocess.check_output(script, text=True))


def learning(data: Path, stats: Path, rows: int, batch: int, epochs: int) -> Run:
    chosen = ["--target", TARGET, "-s", str(stats), "--limit", str(rows), "--missing", "mean"]
    descent = ["--optimizer", "sgd", "--lr", "0.01", "--batch-size", str(batch)]
    rest = ["--epochs", str(epochs), "--no-compare", "-q", "-o", "/dev/null"]
    return measure([BNCLI, "learn", str(data), *chosen, *descent, *rest])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--torch", required=True, help="a python that has torch and polars")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--torch-rows", type=int, default=2_000_000, help="as much as fits")
    parser.add_argument("--batch", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "bncli-bench")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    data = given.cache / f"rows-{given.rows}.parquet"
    if not data.exists():
        subprocess.run([sys.executable, HERE / "data.py", str(given.rows), data], check=True)
    with tempfile.TemporaryDirectory(dir=given.cache) as folder:
        stats = Path(folder) / "stats.json"
        measure([BNCLI, "fit", str(data), "--target", TARGET, "--no-profile", "-o", str(stats)])
        theirs, one, more = [], [], []
        for _ in range(given.rounds):
            theirs.append(torch_rate(given.torch, data, given.torch_rows, given.batch))
            one.append(learning(data, stats, given.rows, given.batch, 1))
            more.append(learning(data, stats, given.rows, given.batch, 3))
    peer = statistics.median(theirs)
    first = given.rows / statistics.median(run.wall for run in one)
    gaps = [late.wall - early.wall for early, late in zip(one, more, strict=True)]
    later = 2 * given.rows / statistics.median(gaps)
    print("| | rows/s | ratio |\n|---|--:|--:|")
    print(f"| PyTorch, in memory | {peer:,.0f} | 1.00 |")
    print(f"| bncli learn, one epoch, whole process | {first:,.0f} | {first / peer:.2f} |")
    print(f"| bncli learn, each further epoch | {later:,.0f} | {later / peer:.2f} |")
    print(f"\npeak memory of bncli: {max(run.peak for run in [*one, *more]):.0f} MB")


if __name__ == "__main__":
    main()
