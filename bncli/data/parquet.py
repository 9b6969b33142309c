"""Parquet: types and row counts come from the footers, and one scan reads many files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import polars as pl

from bncli.data.blocks import shown
from bncli.data.failures import FAILURES, unreadable
from bncli.data.formats import ReadOptions
from bncli.data.locate import Located
from bncli.data.parts import Part
from bncli.data.spool import Spool
from bncli.errors import BncliError


class Parquet:
    """Parquet files; from a pipe by way of a temporary file, since the footer comes last."""

    label = "Parquet"

    def open(self, files: Sequence[Located], options: ReadOptions) -> list[Part]:
        parts = [self._open(file, options) for file in files]
        return [_counted(part, rows) for part, rows in zip(parts, _rows(parts), strict=True)]

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        return _scan([part.path for part in parts if part.path is not None])

    def peek(self, part: Part) -> pl.DataFrame | None:
        return None  # never a pipe: spooled

    def explain(self, part: Part, error: BaseException, columns: Sequence[str]) -> Exception:
        assert part.path is not None
        return _because(error, part.path, part.name)

    def _open(self, file: Located, options: ReadOptions) -> Part:
        name = shown(file.name)
        spool = Spool(file) if file.pipe else None
        path = spool.path if spool else file.path
        try:
            schema = _scan([path]).collect_schema()
        except FAILURES as error:
            raise _because(error, path, name) from error
        return Part(name, self, schema, options, path, stored=spool)


PARQUET = Parquet()


def _scan(paths: list[Path]) -> pl.LazyFrame:
    return pl.scan_parquet(paths, glob=False, hive_partitioning=False)


def _rows(parts: Sequence[Part]) -> list[int | None]:
    """Rows of each file, by its footer; None where that cannot be read after all."""
    counts = [_scan([part.path]).select(pl.len()) for part in parts if part.path is not None]
    try:
        return [frame.item() for frame in pl.collect_all(counts)]
    except FAILURES:
        return [None] * len(parts)


def _because(error: BaseException, path: Path, name: str) -> BncliError:
    """What ``error`` means; where it is a type that polars does not have, of which column."""
    if "precision" in str(error):
        import pyarrow as pa
        import pyarrow.parquet as pq

        from bncli.data.arrow import wrong_types

        with suppress(pa.ArrowException, OSError, MemoryError), pa.OSFile(str(path)) as file:
            return wrong_types(pq.read_schema(file), name) or unreadable(name, "Parquet", error)
    return unreadable(name, PARQUET.label, error)


def _counted(part: Part, rows: int | None) -> Part:
    return replace(part, rows=rows)
