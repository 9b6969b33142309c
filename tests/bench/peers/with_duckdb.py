"""DuckDB: SQL on the file."""

import duckdb
from answers import CODEC, ROW_GROUP, serve, standardizers
from answers import moments as show_moments


def moments(path: str) -> None:
    found = duckdb.sql(f"SELECT avg(COLUMNS(*)), var_pop(COLUMNS(*)) FROM '{path}'").fetchall()[0]
    names = [row[0] for row in duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()]
    show_moments(names, found[: len(names)], found[len(names) :])


def transform(path: str, stats: str, out: str) -> None:
    scaled = ", ".join(
        f'("{name}" - {mean!r}::DOUBLE) * {by!r}::DOUBLE AS "{name}"'
        for name, (mean, by) in standardizers(stats).items()
    )
    options = f"FORMAT parquet, COMPRESSION {CODEC}, ROW_GROUP_SIZE {ROW_GROUP}"
    duckdb.sql(f"COPY (SELECT {scaled} FROM '{path}') TO '{out}' ({options})")


serve(moments, transform)
