"""Spark: one aggregation or projection on a local session with every core."""

from answers import CODEC, serve, standardizers
from answers import moments as show_moments
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as all of Spark's documentation has it


def session() -> SparkSession:
    return SparkSession.builder.master("local[*]").getOrCreate()


def moments(path: str) -> None:
    frame = session().read.parquet(path)
    names = frame.columns
    row = frame.select(*[F.avg(n) for n in names], *[F.var_pop(n) for n in names]).first()
    show_moments(names, row[: len(names)], row[len(names) :])


def transform(path: str, stats: str, out: str) -> None:
    frame = session().read.parquet(path)
    scaled = {n: (F.col(n) - mean) * by for n, (mean, by) in standardizers(stats).items()}
    frame.withColumns(scaled).write.parquet(out, compression=CODEC)


serve(moments, transform)
