"""What polars alone does with the same file, each as one whole process.

python tests/bench/peers.py fit DATA
python tests/bench/peers.py transform DATA STATS OUT
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import polars as pl

# Written by both sides, so that neither wins by its defaults.
CODEC, ROW_GROUP = "snappy", 122_880


def fit(data: str) -> None:
    """Mean and variance of every column, one streaming query."""
    every = pl.all()
    print(
        pl.scan_parquet(data)
        .select(every.mean().name.suffix("_mean"), every.var(ddof=0).name.suffix("_variance"))
        .collect(engine="streaming")
    )


def transform(data: str, stats: str, out: str) -> None:
    """(x - mean) * scale, with the statistics of a bncli artifact."""
    record = json.loads(Path(stats).read_text(encoding="utf-8"))
    scaled = [
        (pl.col(channel["feature"]) - channel["running_mean"])
        * (1 / math.sqrt(channel["running_variance"] + record["eps"]))
        for channel in record["channels"]
    ]
    lazy = pl.scan_parquet(data).with_columns(scaled)
    lazy.sink_parquet(out, compression=CODEC, row_group_size=ROW_GROUP, engine="streaming")


if __name__ == "__main__":
    {"fit": fit, "transform": transform}[sys.argv[1]](*sys.argv[2:])
