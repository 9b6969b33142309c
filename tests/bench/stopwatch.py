"""Runs one process and prints its figures: ``python stopwatch.py OUTPUT WORDS ...``.

A process of its own and a small one, since the system counts the memory of whoever starts a
process into its peak.
"""

import json
import os
import subprocess
import sys
import time


def main(output: str, words: list[str]) -> None:
    with open(output, "wb") as out, open(f"{output}.err", "wb") as err:  # noqa: PTH123 - small
        start = time.perf_counter()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    # ru_maxrss counts kilobytes, on macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    figures = {
        "status": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * unit / 1e6,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
