"""What the programs here share: the shape of their answers, and a way in from the command line.

Each program does its work as its own documentation does it, and prints what it found as JSON,
so that the harness can compare it with what bncli found. They run in environments of their own:
nothing but the standard library may be imported here.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

# Written by every program that writes Parquet, so that none wins by its defaults.
CODEC, ROW_GROUP = "snappy", 122_880
# Rows at a time where a program takes batches; the best of 16k to 256k for scikit-learn.
BATCH = 65_536


def moments(names: Iterable[str], means: Iterable[float], variances: Iterable[float]) -> None:
    """Print mean and variance by column."""
    found = zip(names, means, variances, strict=True)
    show({name: {"mean": float(m), "variance": float(v)} for name, m, v in found})


def show(columns: dict[str, dict[str, object]]) -> None:
    """Print measures by column."""
    print(json.dumps(columns))


def standardizers(stats: str) -> dict[str, tuple[float, float]]:
    """Column -> (mean, factor), of an artifact of bncli: a value becomes (x - mean) * factor."""
    record = json.loads(Path(stats).read_text(encoding="utf-8"))
    return {
        channel["feature"]: (
            channel["running_mean"],
            1 / math.sqrt(channel["running_variance"] + record["eps"]),
        )
        for channel in record["channels"]
    }


def serve(*tasks: Callable[..., None]) -> None:
    """Run the task that the command line names, with the other words as its arguments."""
    by_name = {task.__name__: task for task in tasks}
    by_name[sys.argv[1]](*sys.argv[2:])
