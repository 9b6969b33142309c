"""Parquet: types and row counts come from the footers, and one scan reads many files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from bncli.data.blocks import shown
from bncli.data.failures import FAILURES, reading, unreadable
from bncli.data.formats import ReadOptions
from bncli.data.locate import Located
from bncli.data.parts import Part
from bncli.data.spool import Spool


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
        return unreadable(part.name, self.label, error)

    def _open(self, file: Located, options: ReadOptions) -> Part:
        name = shown(file.name)
        spool = Spool(file) if file.pipe else None
        path = spool.path if spool else file.path
        with reading(name, self.label):
            schema = _scan([path]).collect_schema()
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


def _counted(part: Part, rows: int | None) -> Part:
    return replace(part, rows=rows)
