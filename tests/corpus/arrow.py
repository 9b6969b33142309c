"""Arrow IPC, files and streams: damage in messages, buffers that point outside, odd types."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pyarrow as pa

from corpus.model import FRAME, add

_TABLE = FRAME.to_arrow().cast(
    pa.schema([("a", pa.float64()), ("b", pa.int64()), ("t", pa.string())])
)


def file(table: pa.Table = _TABLE, **options: object) -> bytes:
    buffer = BytesIO()
    with pa.ipc.new_file(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return buffer.getvalue()


def stream(table: pa.Table = _TABLE, **options: object) -> bytes:
    buffer = BytesIO()
    with pa.ipc.new_stream(
        buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)
    ) as writer:
        writer.write_table(table)
    return buffer.getvalue()


FORMS: dict[str, Callable[..., bytes]] = {"arrow file": file, "arrow stream": stream}


def changed(data: bytes, old: bytes, new: bytes, times: int = 1) -> bytes:
    """Raises ValueError when there is nothing to change: the case would test nothing."""
    if old not in data:
        raise ValueError(f"{old!r} is not there")
    return data.replace(old, new, times)


def beside(odd: pa.Array) -> pa.Table:
    """A table of an odd array and a column of numbers."""
    numbers = pa.array([float(at) for at in range(len(odd))])
    return pa.Table.from_arrays([numbers, odd], ["a", "x"])


def ints(*values: int, wide: bool = False) -> bytes:
    return struct.pack(f"<{len(values)}{'q' if wide else 'i'}", *values)


_WORDS = ["p" * 1001, "q" * 1002, "r" * 1003]
_ENDS = (1001, 2003, 3006)
_LISTS = [[7] * 1001, [8] * 1002, [9] * 1003]
_VIEW = pa.array(["long enough to stand apart " * 4, "short", "another that stands apart " * 4])
_VIEWS = _VIEW.cast(pa.string_view())

#: What stands in the file, and what stands there instead: offsets and indices that lead outside.
OUTSIDE: dict[str, tuple[pa.Array, bytes, bytes]] = {
    "text beyond its buffer": (pa.array(_WORDS), ints(*_ENDS), ints(1001, 2003, 2**30)),
    "text far beyond its buffer": (
        pa.array(_WORDS),
        ints(*_ENDS),
        ints(1001, 2**31 - 9, 2**31 - 1),
    ),
    "text that ends before it begins": (pa.array(_WORDS), ints(*_ENDS), ints(2003, 1001, 3006)),
    "text before its buffer": (pa.array(_WORDS), ints(*_ENDS), ints(-(2**31), 2003, 3006)),
    "long text beyond its buffer": (
        pa.array(_WORDS, pa.large_string()),
        ints(*_ENDS, wide=True),
        ints(1001, 2003, 2**62, wide=True),
    ),
    "binary beyond its buffer": (
        pa.array([word.encode() for word in _WORDS]),
        ints(*_ENDS),
        ints(1001, 2003, 2**30),
    ),
    "text that is no UTF-8": (pa.array(_WORDS), b"q" * 1002, b"\xff\xfe" * 501),
    "text that is cut within a letter": (
        pa.array(["é" * 500 + "x", "q"]),
        ints(1001, 1002),
        ints(999, 1002),
    ),
    "a list beyond its values": (pa.array(_LISTS), ints(*_ENDS), ints(1001, 2003, 2**30)),
    "a list that ends before it begins": (pa.array(_LISTS), ints(*_ENDS), ints(2003, 1001, 3006)),
    "indices beyond their dictionary": (
        pa.array(_WORDS).dictionary_encode(),
        ints(0, 1, 2),
        ints(0, 1, 2**30),
    ),
    "negative indices": (pa.array(_WORDS).dictionary_encode(), ints(0, 1, 2), ints(0, -5, 2)),
    "views beyond their buffer": (
        _VIEWS,
        ints(len(_VIEW[0].as_py())) + b"long",
        ints(2**30) + b"long",
    ),
    "views of a negative size": (_VIEWS, ints(len(_VIEW[0].as_py())) + b"long", ints(-1) + b"long"),
}


#: The schema that a file begins with is there once more in its footer.
FOOTED = {"arrow file": (0, ""), "arrow stream": (3, r"t\.arrow")}

#: Of an IPC file, only the columns that are fitted are read.
UNREAD = {
    "binary beyond its buffer",
    "a list beyond its values",
    "a list that ends before it begins",
}

for _form, _write in FORMS.items():
    _name = "t.arrow"

    def _add(name, content, code, told=r"t\.arrow", *, form=_form, **rest):
        add(f"{form}: {name}", {"t.arrow": content}, code, told, **rest)

    for _kind, (_array, _old, _new) in OUTSIDE.items():
        _add(
            _kind,
            partial(
                lambda write, array, old, new: changed(write(beside(array)), old, new),
                _write,
                _array,
                _old,
                _new,
            ),
            3,
            "t.arrow" if _form == "arrow stream" or _kind not in UNREAD else "t.arrow|fitted",
            **(
                dict.fromkeys(("fit", "shift"), 0)
                if _form == "arrow file" and _kind in UNREAD
                else {}
            ),
        )
    for _depth in (60,):
        _add(
            f"lists {_depth} deep",
            partial(lambda write, depth: write(beside(_nested(depth))), _write, _depth),
            0,
            "",
        )
    for _keep in (6, 7, 8, 40, 300, -1, -8, -30, -400):
        _add(
            f"cut to [:{_keep}]",
            partial(lambda write, keep: write()[:keep], _write, _keep),
            *((0, "") if (_form, _keep) == ("arrow stream", -8) else (3, r"t\.arrow")),
        )
    _add(
        "a message of huge size",
        lambda write=_write: changed(
            write(), b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\xff\xff\xff\x7f", 1
        )[:-4],
        3,
    )
    _add(
        "a message of negative size",
        partial(lambda write: _metadata_size(write(), -16), _write),
        *FOOTED[_form],
    )
    _add(
        "a schema of noise", partial(lambda write: _noise(write(), 24, 120), _write), *FOOTED[_form]
    )
    _add("a batch of noise", partial(lambda write: _noise(write(), 420, 100), _write), 3)
    _add(
        "fewer numbers than rows",
        partial(
            lambda write: write(pa.table({"a": [1.0, 2.0]})).replace(
                struct.pack("<qq", 2, 0), struct.pack("<qq", 2**40, 0)
            ),
            _write,
        ),
        3,
    )
    _add(
        "a negative number of rows",
        partial(
            lambda write: write(pa.table({"a": [1.0, 2.0]})).replace(
                struct.pack("<qq", 2, 0), struct.pack("<qq", -2, 0)
            ),
            _write,
        ),
        3,
    )
    _add("no rows", partial(_write, _TABLE[:0]), 0, "no row|rows")
    _add("one row", partial(_write, _TABLE[:1]), 0, "")
    _add("no columns", partial(_write, pa.table({})), 3, "has no columns|no numeric|lacks", shift=0)
    for _codec in ("lz4", "zstd"):
        _add(f"packed with {_codec}", partial(_write, compression=_codec), 0, "")
        _add(
            f"damaged {_codec}",
            partial(lambda write, codec: _noise(write(compression=codec), 700, 40), _write, _codec),
            3,
        )
    _add(
        "a column twice",
        partial(_write, pa.table([[1.0], [2.0]], names=["a", "a"])),
        3,
        "same name",
    )
    _add(
        "a type of pickle's",
        partial(
            _write,
            _TABLE.replace_schema_metadata(None).cast(
                pa.schema(
                    [
                        pa.field(
                            "a",
                            pa.float64(),
                            metadata={
                                "ARROW:extension:name": "arrow.py_extension_type",
                                "ARROW:extension:metadata": b"cos\nsystem\n(S'touch pwned'\ntR.",
                            },
                        ),
                        ("b", pa.int64()),
                        ("t", pa.string()),
                    ]
                )
            ),
        ),
        0,
        "",
        transform=3,
    )


def _nested(depth: int) -> pa.Array:
    found = pa.array([1.5, 2.5])
    for _ in range(depth):
        found = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), found)
    return found


def _noise(data: bytes, start: int, size: int) -> bytes:
    return data[:start] + bytes((at * 37 + 11) % 256 for at in range(size)) + data[start + size :]


def _metadata_size(data: bytes, size: int) -> bytes:
    at = data.index(b"\xff\xff\xff\xff") + 4
    return data[:at] + struct.pack("<i", size) + data[at + 4 :]


add("arrow stream: words instead of a schema", {"t.arrow": b"hello, world\n" * 20}, 3, r"t\.arrow")
add(
    "arrow file: Feather's first version",
    {"t.feather": b"FEA1" + bytes(100)},
    3,
    "Feather's first version",
)
add("arrow file: the magic alone", {"t.arrow": b"ARROW1"}, 3, r"t\.arrow")
add(
    "arrow file: the magic twice", {"t.arrow": b"ARROW1\0\0" + bytes(4) + b"ARROW1"}, 3, r"t\.arrow"
)
add(
    "arrow file: a footer of huge size",
    {"t.arrow": lambda: file()[:-10] + b"\xff\xff\xff\x7fARROW1"},
    3,
    r"t\.arrow",
)
add(
    "arrow file: a footer of negative size",
    {"t.arrow": lambda: file()[:-10] + b"\xff\xff\xff\xffARROW1"},
    3,
    r"t\.arrow",
)
add(
    "arrow file: a footer of noise",
    {"t.arrow": lambda: _noise(file(), len(file()) - 300, 200)},
    3,
    r"t\.arrow",
)
add("arrow stream: a stream after its end", {"t.arrow": lambda: stream() + stream()}, 0)
