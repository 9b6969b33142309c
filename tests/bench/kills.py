"""Kill, interrupt and terminate real runs: ``python tests/bench/kills.py --rounds 200``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from faults.kills import Loop  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(Path(folder), given.seed)
        loop.rounds(given.rounds)
    ends = ", ".join(f"{name} {count}" for name, count in sorted(loop.found.items()))
    print(*loop.broken, sep="\n", end="\n" if loop.broken else "")
    print(f"{given.rounds} rounds ({ends}), {loop.leftovers} leftovers of kills, all cleared;")
    print(f"{len(loop.broken)} promises broken")
    return 1 if loop.broken else 0


if __name__ == "__main__":
    sys.exit(main())
