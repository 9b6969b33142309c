"""polars: lazy queries on the streaming engine."""

import polars as pl
from answers import CODEC, ROW_GROUP, serve, standardizers
from answers import moments as show_moments


def scan(path: str) -> pl.LazyFrame:
    return pl.scan_csv(path) if path.endswith(".csv") else pl.scan_parquet(path)


def moments(path: str) -> None:
    """Mean and variance of every column, one streaming query."""
    every = pl.all()
    means, variances = every.mean().name.suffix("_m"), every.var(ddof=0).name.suffix("_v")
    found = scan(path).select(means, variances).collect(engine="streaming")
    half = found.width // 2
    names = (name.removesuffix("_m") for name in found.columns[:half])
    show_moments(names, found.row(0)[:half], found.row(0)[half:])


def decode(*paths: str) -> None:
    """Decode every value of the files, one after the other, and do nothing with it."""
    for path in paths:
        for _ in scan(path).collect_batches(maintain_order=True, engine="streaming"):
            pass


def transform(path: str, stats: str, out: str) -> None:
    """The arithmetic of bncli transform, streamed into a Parquet file."""
    scaled = [(pl.col(name) - mean) * by for name, (mean, by) in standardizers(stats).items()]
    lazy = scan(path).with_columns(scaled)
    lazy.sink_parquet(out, compression=CODEC, row_group_size=ROW_GROUP, engine="streaming")


serve(moments, decode, transform)
