"""Tables in memory as datasets: polars frames, lazy frames, and whatever speaks Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import polars as pl

from bncli.data.blocks import Once
from bncli.data.failures import reading, unreadable
from bncli.data.formats import ReadOptions
from bncli.data.parts import Part, scan_frames


class Table:
    """A table that is in memory, or that a query makes. stored: a LazyFrame, or frames once."""

    label = "a table"

    def open(self, files: Sequence[Any], options: ReadOptions) -> list[Part]:
        return [table_part(data, options) for data in files]

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        return pl.concat([_scan(part) for part in parts]) if len(parts) > 1 else _scan(parts[0])

    def peek(self, part: Part) -> pl.DataFrame | None:
        return cast("Once[pl.DataFrame]", part.stored).first

    def explain(self, part: Part, error: BaseException, columns: Sequence[str]) -> Exception:
        return unreadable(part.name, self.label, error)


TABLE = Table()


def is_table(data: object) -> bool:
    return isinstance(data, pl.DataFrame | pl.LazyFrame) or hasattr(data, "__arrow_c_stream__")


def table_part(data: Any, options: ReadOptions) -> Part:
    """The part of a dataset that ``data`` is. A RecordBatchReader reads only once.

    Raises DataError for duplicate column names.
    """
    name = "the table"
    if type(data).__module__.startswith("pyarrow"):
        from bncli.data.arrow import wrong_types

        if (wrong := wrong_types(data.schema, name)) is not None:
            raise wrong
    with reading(name, TABLE.label):
        if isinstance(data, pl.LazyFrame):
            return Part(name, TABLE, data.collect_schema(), options, stored=data)
        if hasattr(data, "read_next_batch"):
            return _reader_part(name, data, options)
        frame = data if isinstance(data, pl.DataFrame) else pl.DataFrame(data)
        return Part(name, TABLE, frame.schema, options, rows=frame.height, stored=frame.lazy())


def _reader_part(name: str, reader: Any, options: ReadOptions) -> Part:
    from bncli.data.arrow import frame_of

    schema = frame_of(reader.schema.empty_table()).schema

    def frames() -> Iterator[pl.DataFrame]:
        for batch in reader:
            yield frame_of(batch)

    once = Once(frames(), name)
    return Part(name, TABLE, schema, options, rewindable=False, stored=once)


def _scan(part: Part) -> pl.LazyFrame:
    stored: pl.LazyFrame | Once[pl.DataFrame] = part.stored
    if isinstance(stored, pl.LazyFrame):
        return stored
    return scan_frames(part.schema, lambda: iter(stored))
