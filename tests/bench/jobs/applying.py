"""Standardizing a file and bringing it back, same codec and row groups for all."""

from bench.model import Goal, Job
from bench.tables import Table

M = 1_000_000
FITTED = ("bncli fit {data} --no-profile -o {tmp}/stats.json",)
WRITING = "-o {out}.parquet --compression snappy --row-group-size 122880"
TRANSFORM = "bncli transform {data} -s {tmp}/stats.json " + WRITING
POLARS = "polars: the same arithmetic, sink_parquet"

JOBS = (
    Job(
        "transform",
        "Standardize 10 million rows of 20 columns, Parquet to Parquet (snappy)",
        data={"data": Table(10 * M)},
        before=FITTED,
        contenders={
            POLARS: "polars transform {data} {tmp}/stats.json {out}.parquet",
            "bncli transform": TRANSFORM,
            "DuckDB: COPY of the same arithmetic": (
                "duckdb transform {data} {tmp}/stats.json {out}.parquet"
            ),
            "scikit-learn: transform of Arrow batches": (
                "sklearn transform {data} {tmp}/stats.json {out}.parquet"
            ),
            "pandas + scikit-learn: transform in memory": (
                "pandas transform {data} {tmp}/stats.json {out}.parquet"
            ),
            "Spark: the same arithmetic": "spark transform {data} {tmp}/stats.json {out}.parquet",
        },
        check="rows",
        goals=(Goal("bncli transform", 1.05, POLARS),),
    ),
    Job(
        "inverse",
        "By mini-batch statistics, and back: 10 million rows of 20 columns",
        data={"data": Table(10 * M)},
        before=(*FITTED, "bncli transform {data} -s {tmp}/stats.json -o {tmp}/scaled.parquet"),
        contenders={
            "bncli transform": TRANSFORM,
            "bncli transform --statistics batch": TRANSFORM + " --statistics batch",
            "bncli inverse": "bncli inverse {tmp}/scaled.parquet " + WRITING,
        },
        goals=(
            Goal("bncli transform --statistics batch", 1.3, "bncli transform"),
            Goal("bncli inverse", 1.1, "bncli transform"),
        ),
    ),
)
