"""Make every call of the system fail once in turn: ``python tests/bench/faults.py``.

Takes minutes. Prints, per command line, how many faults there were, how many runs refused and how
many went on to the right result, and every promise that was broken; then a line for
docs/reliability.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from faults.cases import CASES, make_inputs  # noqa: E402
from faults.running import tallies  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="every how manyth call [default: 1]")
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)} [default: all]")
    given = parser.parse_args()
    faults = broken = 0
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(Path(folder), ROOT / "sample_data")
        for tally in tallies(Path(folder), given.step, given.case):
            print("{name:20} {faults:5} faults {refused:5} refused".format(**tally), flush=True)
            print(*tally["broken"], sep="\n", end="\n" if tally["broken"] else "")
            faults += tally["faults"]
            broken += len(tally["broken"])
    print(f"{faults} faults injected, {broken} promises broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
