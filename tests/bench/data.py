"""Make the benchmark's file, in bounded memory: ``python tests/bench/data.py ROWS FILE``.

Twenty float64 columns of several laws and scales; four of them have missing values and two hold
whole numbers. Seeded by row group, so that the same rows come out whatever ROWS is.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = 20
WITH_MISSING = range(4)
WHOLE_NUMBERS = range(4, 6)
ROW_GROUP = 250_000


def column(rng: np.random.Generator, index: int, rows: int) -> pa.Array:
    if index in WHOLE_NUMBERS:
        return pa.array(rng.integers(0, 1000, rows).astype(np.float64))
    values = rng.normal(loc=10.0 * index, scale=1.0 + index, size=rows)
    if index % 3 == 2:
        values = np.exp(values / (20.0 * (1 + index)))
    mask = rng.random(rows) < 0.05 if index in WITH_MISSING else None
    return pa.array(values, mask=mask)


def main(rows: int, target: Path) -> None:
    names = [f"c{index:02}" for index in range(COLUMNS)]
    schema = pa.schema([(name, pa.float64()) for name in names])
    part = target.with_suffix(".part")
    with pq.ParquetWriter(part, schema, compression="snappy", use_dictionary=False) as writer:
        for start in range(0, rows, ROW_GROUP):
            rng = np.random.default_rng([20, start])
            size = min(ROW_GROUP, rows - start)
            arrays = [column(rng, index, size) for index in range(COLUMNS)]
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=ROW_GROUP)
    part.replace(target)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
