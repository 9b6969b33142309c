"""Streaming a lazy frame into each output format, in order, with bounded memory.

A destination is a path, a binary stream, or a folder of parts by polars' ``PartitionBy``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

import polars as pl

from bncli.data.encoding import Encoding
from bncli.data.naming import column
from bncli.data.streaming import frames_of
from bncli.errors import UsageError

Destination: TypeAlias = Path | BinaryIO | pl.PartitionBy
Sink: TypeAlias = Callable[[pl.LazyFrame, Destination, Encoding, Mapping[str, str] | None], None]

# Blanks before the sign do not help: spreadsheets skip them.
_FORMULA = "^[\\s\\x00]*[=+\\-@\\t\\r\uff1d\uff0b\uff0d\uff20]"
_STREAM_ROWS = 65_536
_NESTED = (pl.List, pl.Array, pl.Struct)
_CANNOT_HOLD: Mapping[str, tuple[type[pl.DataType], ...]] = {
    "csv": (*_NESTED, pl.Binary, pl.Duration, pl.Object),
    # polars panics on bytes in JSON, at any depth.
    "ndjson": (pl.Binary, pl.Object),
}


def refuse_types(schema: pl.Schema, encoding: Encoding) -> None:
    """Raises UsageError when the format cannot hold a column, naming all of them."""
    cannot = _CANNOT_HOLD.get(encoding.format, (pl.Object,))
    wrong = [f"'{n}' ({t})" for n, t in schema.items() if any(x in cannot for x in _types(t))]
    if wrong:
        raise UsageError(
            f".{encoding.format} cannot hold column {', '.join(wrong[:10])}",
            fix="write .parquet or .arrow",
        )


def _types(dtype: pl.DataType) -> Iterator[pl.DataType]:
    """A type and every type inside it."""
    yield dtype
    if isinstance(dtype, pl.List | pl.Array):
        yield from _types(cast(pl.DataType, dtype.inner))
    elif isinstance(dtype, pl.Struct):
        for part in dtype.fields:
            yield from _types(cast(pl.DataType, part.dtype))


def parquet(
    frame: pl.LazyFrame,
    destination: Destination,
    encoding: Encoding,
    metadata: Mapping[str, str] | None,
) -> None:
    """Parquet; ``metadata`` becomes key-value pairs of the file (of every part file)."""
    codec: Any = encoding.codec or "zstd"
    frame.sink_parquet(
        destination,
        compression=codec,
        compression_level=encoding.level,
        row_group_size=encoding.group_rows(len(frame.collect_schema())),
        metadata=dict(metadata) if metadata else None,
        maintain_order=True,
        engine="streaming",
    )


def csv(
    frame: pl.LazyFrame,
    destination: Destination,
    encoding: Encoding,
    metadata: Mapping[str, str] | None,
) -> None:
    """CSV: floats in their shortest form that reads back the same; null is an empty cell."""
    packing: Any = encoding.packing
    frame = without_formulas(frame) if encoding.safe else frame
    frame.sink_csv(
        destination,
        compression=packing,
        check_extension=False,
        separator=encoding.separator,
        maintain_order=True,
        engine="streaming",
    )


def without_formulas(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Names and text cells that a spreadsheet would run, with an apostrophe before them.

    Source: OWASP, CSV Injection. Numbers stay numbers: -1.5 is none of them.
    """
    texts = (pl.String, pl.Categorical, pl.Enum)
    chosen = []
    for name, kind in frame.collect_schema().items():
        cell = column(name)
        if isinstance(kind, texts):
            text = cell.cast(pl.String)
            cell = pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text)
        chosen.append(cell.alias(f"'{name}" if re.match(_FORMULA, name) else name))
    return frame.select(chosen)


def ndjson(
    frame: pl.LazyFrame,
    destination: Destination,
    encoding: Encoding,
    metadata: Mapping[str, str] | None,
) -> None:
    """One JSON object per line; NaN, which JSON has no word for, becomes null."""
    packing: Any = encoding.packing
    frame.sink_ndjson(
        destination,
        compression=packing,
        check_extension=False,
        maintain_order=True,
        engine="streaming",
    )


def arrow(
    frame: pl.LazyFrame,
    destination: Destination,
    encoding: Encoding,
    metadata: Mapping[str, str] | None,
) -> None:
    """The IPC file format; on a stream, which cannot be sought in, the IPC stream format."""
    codec: Any = encoding.codec or "uncompressed"
    if not isinstance(destination, Path | pl.PartitionBy):
        _arrow_stream(frame, destination, encoding)
        return
    frame.sink_ipc(
        destination,
        compression=codec,
        # String views are younger than many readers.
        compat_level=pl.CompatLevel.oldest(),
        record_batch_size=encoding.group_rows(len(frame.collect_schema())),
        maintain_order=True,
        engine="streaming",
    )


def _arrow_stream(frame: pl.LazyFrame, stream: BinaryIO, encoding: Encoding) -> None:
    import pyarrow as pa

    codec = None if encoding.codec in (None, "uncompressed") else encoding.codec
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with ExitStack() as stack:
        writer = None
        for table in _tables(frame):
            if writer is None:
                opened = pa.ipc.new_stream(stream, table.schema, options=options)
                writer = stack.enter_context(opened)
            writer.write_table(table)


def _tables(frame: pl.LazyFrame) -> Iterator[Any]:
    """Arrow tables of some rows each; an empty one when there is no row."""
    oldest = pl.CompatLevel.oldest()
    empty = pl.DataFrame(schema=frame.collect_schema())
    rows = 0
    for part in frames_of(frame, _STREAM_ROWS):
        rows += part.height
        yield part.to_arrow(compat_level=oldest)
    if not rows:
        yield empty.to_arrow(compat_level=oldest)
