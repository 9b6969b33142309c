"""Tables that are odd rather than broken: their columns, types, shapes and values."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Callable
from functools import partial

import polars as pl
import pyarrow as pa

from corpus.arrow import file, stream
from corpus.model import add
from corpus.parquet_parts import sound

WRITE: dict[str, Callable[[pa.Table], bytes]] = {
    "t.parquet": sound,
    "t.arrow": file,
    "s.arrow": stream,
    "t.csv": lambda table: _frame(table).write_csv().encode(),
    "t.ndjson": lambda table: _frame(table).write_ndjson().encode(),
}
BINARY = ("t.parquet", "t.arrow", "s.arrow")


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _odd(name: str, table: Callable[[], pa.Table], code: int, told: str = "", files=BINARY, **rest):
    for file_name in files:
        add(
            f"{file_name}: {name}",
            {file_name: partial(lambda write, table: write(table()), WRITE[file_name], table)},
            code,
            told,
            **rest,
        )


def _beside(column: pa.Array | list[object]) -> pa.Table:
    size = len(column)
    return pa.table({"a": [float(at) for at in range(size)], "x": column})


def _lying_tensor() -> pa.Table:
    metadata = {
        "ARROW:extension:name": "arrow.fixed_shape_tensor",
        "ARROW:extension:metadata": b'{"shape":[9,9],"permutation":[5,-1]}',
    }
    field = pa.field("x", pa.list_(pa.float64(), 4), metadata=metadata)
    schema = pa.schema([("a", pa.float64()), field])
    return pa.Table.from_arrays(
        [pa.array([1.0, 2.0]), pa.array([[1.0] * 4, [2.0] * 4], pa.list_(pa.float64(), 4))],
        schema=schema,
    )


_odd(
    "an infinity",
    lambda: pa.table({"a": [1.0, math.inf, 2.0]}),
    3,
    r"row 2: column 'a'.*inf",
    shift=0,
)
_odd(
    "infinities of both signs",
    lambda: pa.table({"a": [1.0, -math.inf, math.inf]}),
    3,
    "row 2",
    shift=0,
)
_odd("only NaN", lambda: pa.table({"a": [math.nan] * 3}), 0, "no value|missing")
_odd("only nulls", lambda: pa.table({"a": pa.nulls(3, pa.float64())}), 0, "no value|missing")
_odd("a column of no type", lambda: pa.table({"a": [1.0, 2.0], "x": pa.nulls(2)}), 0)
_odd(
    "nothing but a column of no type",
    lambda: pa.table({"a": pa.nulls(3)}),
    3,
    "no numeric",
    shift=0,
    transform=0,
)
_odd(
    "no numbers",
    lambda: pa.table({"t": ["x", "y"]}),
    3,
    "no numeric column|lacks|named 'a'",
    shift=0,
)
_odd("text where numbers were", lambda: pa.table({"a": ["x", "y"]}), 3, "'a'", shift=0)
_odd("nested lists", lambda: _beside(pa.array([[[1], [2, 3]], None])), 0)
_odd("structs", lambda: _beside(pa.array([{"p": 1, "q": "x"}, None])), 0)
_odd(
    "a struct named like a column",
    lambda: pa.table({"a": pa.array([{"a": 1.5}, {"a": 2.5}])}),
    3,
    "'a'",
    shift=0,
)
_odd("maps", lambda: _beside(pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64()))), 0)
_odd("binary", lambda: _beside(pa.array([b"\xff", None])), 0)
_odd("durations", lambda: _beside(pa.array([datetime.timedelta(1), None])), 0)
_odd(
    "dates beyond all calendars",
    lambda: _beside(pa.array([2**31 - 1, -(2**31)], pa.int32()).cast(pa.date32())),
    0,
)
_odd(
    "times beyond all calendars",
    lambda: _beside(pa.array([2**63 - 1, -(2**63)]).cast(pa.timestamp("us"))),
    0,
)
_odd("half floats", lambda: pa.table({"a": pa.array([1.5, None, 3.5], pa.float16())}), 0)
_odd(
    "decimals of 38 digits",
    lambda: _beside(pa.array([decimal.Decimal("9" * 38), None], pa.decimal128(38, 0))),
    0,
)
_odd(
    "decimals of 76 digits",
    lambda: _beside(pa.array([decimal.Decimal("9" * 76), None], pa.decimal256(76, 0))),
    3,
    "column 'x' holds decimals of 76 digits",
)
_odd("unsigned extremes", lambda: _beside(pa.array([2**64 - 1, 0], pa.uint64())), 0)
_odd(
    "names of nothing but blanks",
    lambda: pa.table({"a": [1.0, 2.0], " ": [1.0, 3.0], "": [2.0, 1.0]}),
    0,
)
_odd("a NUL in a name", lambda: pa.table({"a": [1.0, 2.0], "x\0y": [1.0, 3.0]}), 0)
_odd("a name of a megabyte", lambda: pa.table({"a": [1.0, 2.0], "n" * 2**20: [1.0, 3.0]}), 0)
_odd("a name of new lines", lambda: pa.table({"a": [1.0, 2.0], "x\n\r\ty": [1.0, 3.0]}), 0)
_odd("a value of eight megabytes", lambda: _beside(pa.array(["x" * 2**23, "y"])), 0)
_odd(
    "5,000 columns",
    lambda: pa.table({f"c{at}": [1.0, 2.0, at] for at in range(5000)}),
    3,
    "",
    fit=0,
    shift=0,
    files=("t.parquet",),
)
_odd("one row", lambda: pa.table({"a": [1.5]}), 0, files=tuple(WRITE))
_odd("one row of nothing", lambda: pa.table({"a": pa.array([None], pa.float64())}), 0, files=BINARY)
_odd("dictionaries of numbers", lambda: _beside(pa.array([1, 2, 1]).dictionary_encode()), 0)
_odd(
    "a union",
    lambda: _beside(
        pa.UnionArray.from_sparse(
            pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["x", "y"])]
        )
    ),
    3,
    files=("t.arrow", "s.arrow"),
    told=r"\.arrow",
)
_odd(
    "run-end encoding",
    lambda: _beside(pa.RunEndEncodedArray.from_arrays([2, 3], [1.5, 2.5])),
    3,
    files=("t.arrow", "s.arrow"),
    told=r"\.arrow",
)
_odd(
    "months as intervals",
    lambda: _beside(pa.array([pa.MonthDayNano([1, 2, 3])] * 2)),
    3,
    files=("t.arrow", "s.arrow"),
    told=r"\.arrow",
)
_odd(
    "a tensor of no size",
    lambda: _beside(pa.array([[], []], pa.list_(pa.float64(), 0))),
    3,
    fit=0,
    shift=0,
    files=("t.parquet", "t.arrow"),
)
_odd(
    "a tensor of no size",
    lambda: _beside(pa.array([[], []], pa.list_(pa.float64(), 0))),
    3,
    files=("s.arrow",),
)
_odd("a tensor column whose shape lies", _lying_tensor, 0, files=("t.parquet", "t.arrow"))
_odd("a tensor column whose shape lies", _lying_tensor, 3, files=("s.arrow",))
add(
    "t.parquet: types that change between files",
    {
        "a.parquet": lambda: sound(pa.table({"a": [1.0]})),
        "b.parquet": lambda: sound(pa.table({"a": ["x"]})),
    },
    3,
    r"b\.parquet: column 'a' holds text",
)
add(
    "t.arrow: types that change between files",
    {
        "a.arrow": lambda: file(pa.table({"a": [1.0]})),
        "b.arrow": lambda: stream(pa.table({"a": [True]})),
    },
    3,
    r"b\.arrow: column 'a' holds truth values",
)
