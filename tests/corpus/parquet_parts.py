"""A Parquet file taken apart, changed in one place, and put together again."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpus.model import FRAME
from corpus.thrift import I32, I64, Reader, Struct, written

MAGIC = b"PAR1"


def sound(table: pa.Table | None = None, **options: Any) -> bytes:
    """A file without faults; by default of the corpus's own rows."""
    buffer = BytesIO()
    pq.write_table(FRAME.to_arrow() if table is None else table, buffer, **options)
    return buffer.getvalue()


def plain(table: pa.Table | None = None, **options: Any) -> bytes:
    """As ``sound``, with pages that can be found and changed byte by byte."""
    settings: dict[str, Any] = {
        "compression": "none",
        "use_dictionary": False,
        "write_statistics": False,
        "store_schema": False,
    }
    return sound(table, **{**settings, **options})


def footer_of(data: bytes) -> Struct:
    size = int.from_bytes(data[-8:-4], "little")
    return Reader(data[-8 - size : -8]).struct()


def with_footer(data: bytes, change: Callable[[Struct], None]) -> bytes:
    """The same pages under a footer that ``change`` had in its hands."""
    size = int.from_bytes(data[-8:-4], "little")
    footer = footer_of(data)
    change(footer)
    text = written(footer)
    return data[: -8 - size] + text + len(text).to_bytes(4, "little") + MAGIC


def chunk(footer: Struct, column: int = 0, group: int = 0) -> Struct:
    """The ColumnMetaData of a column chunk."""
    columns = footer[4][1][1][group][1][1][1]
    found: Struct = columns[column][3][1]
    return found


def element(footer: Struct, at: int) -> Struct:
    """The schema element, 0 being the root."""
    found: Struct = footer[2][1][1][at]
    return found


def put(where: Struct, number: int, value: Any, kind: int | None = None) -> None:
    """Set a field, of the type it has, or a given one (a 64-bit integer where it has none)."""
    known = where[number][0] if number in where else I64
    where[number] = (known if kind is None else kind, value)


def with_page(data: bytes, change: Callable[[Struct, bytes], bytes], place: int = 0) -> bytes:
    """The same file, of one column chunk, with a page changed.

    change: gets the page's header, to be changed in place, and its body; gives the new body. The
    footer's offsets follow, so that nothing but the change is wrong. place: which page.
    """
    footer = footer_of(data)
    meta = chunk(footer)
    start = min(meta[number][1] for number in (9, 11) if number in meta)
    end, at, pages = start + meta[7][1], start, []
    while at < end:
        reader = Reader(data, at)
        header = reader.struct()
        body = data[reader.at : reader.at + header[3][1]]
        at = reader.at + len(body)
        pages.append((header, body))
    header, body = pages[place]
    pages[place] = (header, change(header, body))
    texts = [written(header) + body for header, body in pages]

    def follow(footer: Struct) -> None:
        now = chunk(footer)
        put(now, 7, sum(map(len, texts)))
        if 11 in meta:
            put(now, 9, start + len(texts[0]))

    whole = data[:start] + b"".join(texts) + data[end:]
    return with_footer(whole, follow)


def levels(body: bytes) -> tuple[bytes, bytes]:
    """The definition levels of a page of version 1, with their length, and the values."""
    size = 4 + int.from_bytes(body[:4], "little")
    return body[:size], body[size:]


__all__ = ["I32", "I64", "chunk", "element", "footer_of", "levels", "plain", "put", "sound"]
__all__ += ["with_footer", "with_page"]
