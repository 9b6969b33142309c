"""Time bncli against polars on one big file, and print the figures as Markdown.

    python3 dev bench --rows 10000000 --runs 5

Every figure is of a whole process, start-up included, and the contenders take turns (A B A B
...), so that a slow minute of the machine hits both. Shown are medians, and their ratio to the
peer's. Peak memory is the largest resident set that the system saw; pages of files that are
mapped into memory count.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable
BNCLI = str(Path(PYTHON).parent / "bncli")
PEERS = str(HERE / "peers.py")


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and CPU time in seconds, peak resident memory in MB (10**6 bytes)."""

    wall: float
    cpu: float
    peak: float


def measure(command: list[str]) -> Run:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1 if platform.system() == "Darwin" else 1024  # of ru_maxrss
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def take_turns(commands: dict[str, list[str]], runs: int) -> dict[str, list[Run]]:
    """Every command ``runs`` times, in turns, after one round that is not counted."""
    for command in commands.values():
        measure(command)
    measured: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            measured[name].append(measure(command))
    return measured


def table(measured: dict[str, list[Run]]) -> str:
    """Medians, and the ratios to the first command's, as a Markdown table."""
    rows = {
        name: [statistics.median(getattr(run, field) for run in runs) for field in Run.__slots__]
        for name, runs in measured.items()
    }
    peer = next(iter(rows.values()))
    lines = ["| command | wall s | ratio | CPU s | ratio | peak MB |", "|---|--:|--:|--:|--:|--:|"]
    for name, (wall, cpu, peak) in rows.items():
        ratios = wall / peer[0], cpu / peer[1]
        lines.append(
            f"| {name} | {wall:.2f} | {ratios[0]:.2f} | {cpu:.2f} | {ratios[1]:.2f} | {peak:.0f} |"
        )
    return "\n".join(lines)


def fits(data: Path, folder: Path) -> dict[str, list[str]]:
    stats = str(folder / "stats.json")
    ours = [BNCLI, "fit", str(data), "-q", "--overwrite", "-o", stats]
    return {
        "polars mean and variance": [PYTHON, PEERS, "fit", str(data)],
        "bncli fit --no-profile": [*ours, "--no-profile"],
        "bncli fit": ours,
    }


def transforms(data: Path, folder: Path) -> dict[str, list[str]]:
    stats = str(folder / "stats.json")
    theirs, ours = str(folder / "theirs.parquet"), str(folder / "ours.parquet")
    options = ["--compression", "snappy", "--row-group-size", "122880", "-q", "--overwrite"]
    return {
        "polars sink_parquet": [PYTHON, PEERS, "transform", str(data), stats, theirs],
        "bncli transform": [
            *(BNCLI, "transform", str(data), "-s", stats, "-o", ours),
            *options,
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--data", type=Path, help="a Parquet file of your own instead")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "bncli-bench")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    data = given.data or given.cache / f"rows-{given.rows}.parquet"
    if not data.exists():
        subprocess.run([PYTHON, HERE / "data.py", str(given.rows), data], check=True)
    with tempfile.TemporaryDirectory(dir=given.cache) as folder:
        for commands in (fits, transforms):
            print(f"{table(take_turns(commands(data, Path(folder)), given.runs))}\n", flush=True)


if __name__ == "__main__":
    main()
