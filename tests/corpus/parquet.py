"""Parquet: damage in the footer, in the headers of pages, and in the pages themselves."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from corpus.model import FRAME, add
from corpus.parquet_parts import (
    I32,
    chunk,
    element,
    levels,
    plain,
    put,
    sound,
    with_footer,
    with_page,
)
from corpus.thrift import BINARY, LIST, STRUCT, Struct, varint

NAMED = r"t\.parquet"
_HUGE = 2**62
_NUMBERS = pa.table({"a": pa.array([None if at % 7 == 3 else at * 1.5 for at in range(60)])})
_WORDS = pa.table({"a": [1.5] * 60, "t": [f"word {at % 4}" for at in range(60)]})


def _refused(
    name: str, content: Callable[[], bytes] | bytes, told: str = NAMED, **rest: bool
) -> None:
    add(f"parquet: {name}", {"t.parquet": content}, 3, told, **rest)


for _keep in (1, 4, 7, 12, 100, -1, -4, -8, -9, -100):
    _refused(f"cut to [:{_keep}]", partial(lambda keep: sound()[:keep], _keep))
_refused("only the magic twice", b"PAR1PAR1")
_refused("a footer of zeros", lambda: sound()[:-300] + bytes(292) + sound()[-8:])
_refused("a footer longer than the file", lambda: sound()[:-8] + b"\xff\xff\xff\x7fPAR1")
_refused("a footer of no length", lambda: sound()[:-8] + b"\0\0\0\0PAR1")
_refused("a footer of negative length", lambda: sound()[:-8] + b"\xff\xff\xff\xffPAR1")
_refused("the magic of encryption", lambda: sound()[:-4] + b"PARE")
_refused("a wrong magic at the end", lambda: sound()[:-4] + b"PAR2")
_refused("pages of noise", lambda: sound()[:4] + bytes(range(256)) * 3 + sound()[772:])
_refused("two files one after the other, the second cut", lambda: sound() + sound()[:-20])


def _encrypted(plaintext_footer: bool) -> bytes:
    class Keys(pe.KmsClient):  # type: ignore[misc]
        def wrap_key(self, key: bytes, _: str) -> bytes:
            return base64.b64encode(key)

        def unwrap_key(self, key: bytes, _: str) -> bytes:
            return base64.b64decode(key)

    settings = pe.EncryptionConfiguration(
        footer_key="k", column_keys={"k": ["a"]}, plaintext_footer=plaintext_footer
    )
    factory = pe.CryptoFactory(lambda _: Keys())
    encryption = factory.file_encryption_properties(pe.KmsConnectionConfig(), settings)
    buffer = BytesIO()
    with pq.ParquetWriter(
        buffer, FRAME.to_arrow().schema, encryption_properties=encryption
    ) as writer:
        writer.write_table(FRAME.to_arrow())
    return buffer.getvalue()


_refused("encrypted", partial(_encrypted, False), f"{NAMED}.*encrypted")
_refused("encrypted under a plain footer", partial(_encrypted, True), f"{NAMED}.*encrypted")


# --- the footer says what is not so ---------------------------------------------------------


def _footer(name: str, change: Callable[[Struct], None], told: str = NAMED, **options: object):
    _refused(f"footer: {name}", lambda: with_footer(plain(_NUMBERS, **options), change), told)


def _ignored(name: str, change: Callable[[Struct], None]) -> None:
    """What polars does not look at, and need not."""
    add(f"parquet: footer: {name}", {"t.parquet": lambda: with_footer(plain(_NUMBERS), change)}, 0)


_footer("no row groups, and rows", lambda f: put(f, 4, [STRUCT, []]))
_footer("a negative number of rows", lambda f: put(f, 3, -1))
_footer("a huge number of rows", lambda f: put(f, 3, _HUGE))
_footer("rows that its groups do not have", lambda f: put(f, 3, 61))
_footer("a row group of negative rows", lambda f: put(f[4][1][1][0], 3, -5))
_footer("a row group of more rows", lambda f: put(f[4][1][1][0], 3, 600))
_footer("a row group of fewer rows", lambda f: put(f[4][1][1][0], 3, 6))
_ignored("more values than rows", lambda f: put(chunk(f), 5, 600))
_ignored("fewer values than rows", lambda f: put(chunk(f), 5, 6))
_ignored("a huge number of values", lambda f: put(chunk(f), 5, _HUGE))
_footer("a negative number of values", lambda f: put(chunk(f), 5, -1))
_footer("pages beyond the file", lambda f: put(chunk(f), 9, 10**9))
_footer("pages at a negative place", lambda f: put(chunk(f), 9, -4))
_footer("a dictionary beyond the file", lambda f: put(chunk(f), 11, 10**9))
_footer("a chunk of negative size", lambda f: put(chunk(f), 7, -1))
_footer("a chunk larger than the file", lambda f: put(chunk(f), 7, _HUGE))
_footer("a chunk cut short", lambda f: put(chunk(f), 7, 20))
_footer("an unknown codec", lambda f: put(chunk(f), 4, 99))
_footer("another codec than used", lambda f: put(chunk(f), 4, 6))
_ignored("another type than the schema", lambda f: put(chunk(f), 1, 1))
_footer("an unknown physical type", lambda f: put(element(f, 1), 1, 77))
_ignored("a narrower type than stored", lambda f: (put(element(f, 1), 1, 1), put(chunk(f), 1, 1)))
_footer("no columns in the group", lambda f: put(f[4][1][1][0], 1, [STRUCT, []]))
_footer(
    "a group of one column more", lambda f: f[4][1][1][0][1][1][1].append(f[4][1][1][0][1][1][1][0])
)
_footer("a column without its metadata", lambda f: f[4][1][1][0][1][1][1][0].pop(3))
_footer("a schema without elements", lambda f: put(f, 2, [STRUCT, []]))
_footer("a root of more children than there are", lambda f: put(element(f, 0), 5, 9))
_footer("a root of huge many children", lambda f: put(element(f, 0), 5, 2**31 - 1))
_footer("a root of negative many children", lambda f: put(element(f, 0), 5, -1))
_footer("a leaf with children", lambda f: put(element(f, 1), 5, 1, I32))
_footer("an unknown repetition", lambda f: put(element(f, 1), 3, 9))
_footer("a name that is no UTF-8", lambda f: put(element(f, 1), 4, b"\xff\xfe"))
_footer("a decimal of negative precision", lambda f: _decimal(f, -1, 0))
_footer("a decimal of precision 0", lambda f: _decimal(f, 0, 0))
_footer("a decimal of scale above precision", lambda f: _decimal(f, 5, 9))
_footer(
    "a fixed length of 0",
    lambda f: (put(element(f, 1), 1, 7), put(element(f, 1), 2, 0, I32), put(chunk(f), 1, 7)),
)
_footer(
    "a negative fixed length",
    lambda f: (put(element(f, 1), 1, 7), put(element(f, 1), 2, -8, I32), put(chunk(f), 1, 7)),
)
_footer(
    "a huge fixed length",
    lambda f: (
        put(element(f, 1), 1, 7),
        put(element(f, 1), 2, 2**31 - 1, I32),
        put(chunk(f), 1, 7),
    ),
)
_ignored(
    "another file's column", lambda f: put(f[4][1][1][0][1][1][1][0], 1, b"other.parquet", BINARY)
)


def _decimal(footer: Struct, precision: int, scale: int) -> None:
    put(element(footer, 1), 6, 5, I32)
    put(element(footer, 1), 7, scale, I32)
    put(element(footer, 1), 8, precision, I32)


def _deep(levels: int) -> bytes:
    """A schema of groups nested in groups, and no rows."""

    def change(footer: Struct) -> None:
        leaf = element(footer, 1)
        group: Struct = {3: (I32, 0), 4: (BINARY, b"g"), 5: (I32, 1)}
        put(footer, 2, [STRUCT, [element(footer, 0), *([group] * levels), leaf]])
        put(footer, 4, [STRUCT, []])
        put(footer, 3, 0)

    return with_footer(plain(_NUMBERS), change)


_refused("a schema 100,000 deep", partial(_deep, 100_000), crashes=True)


def _long_list(size: int) -> bytes:
    """A footer whose list of row groups says to have more entries than bytes."""
    data = with_footer(plain(_NUMBERS), lambda f: f.pop(4))
    length = int.from_bytes(data[-8:-4], "little")
    text = data[-8 - length : -9] + bytes([LIST, 8]) + bytes([240 | STRUCT]) + varint(size) + b"\0"
    return data[: -8 - length] + text + len(text).to_bytes(4, "little") + b"PAR1"


for _size in (10**6, 2**31 - 1, 2**32 - 1, 2**62):
    _refused(
        f"a list of {_size} row groups", partial(_long_list, _size), crashes=_size == 2**31 - 1
    )


# --- pages ----------------------------------------------------------------------------------


def _page(
    name: str,
    change: Callable[[Struct, bytes], bytes],
    *,
    place=0,
    code=3,
    crashes=False,
    **options: object,
):
    made = {"t.parquet": lambda: with_page(plain(_NUMBERS, **options), change, place)}
    add(f"parquet: page: {name}", made, code, NAMED if code else "", crashes=crashes)


def _header(number: int, value: int, inner: int | None = None):
    def change(header: Struct, body: bytes) -> bytes:
        put(header if inner is None else header[inner][1], number, value)
        return body

    return change


_page(
    "a wrong checksum", lambda h, b: b[:-1] + bytes([b[-1] ^ 1]), write_page_checksum=True, code=0
)
_page("a page cut short", lambda h, b: b[:-100])
_page("of negative size", _header(3, -1))
_page("of huge size", _header(3, 2**31 - 1))
_page("of huge size unpacked", _header(2, 2**31 - 1), compression="snappy", code=0)
_page("of no size unpacked", _header(2, 0), compression="snappy")
_page("of negative size unpacked", _header(2, -1), compression="zstd")
_page("damaged snappy", lambda h, b: bytes(len(b)), compression="snappy")
_page(
    "damaged zstd", lambda h, b: b[: len(b) // 2] + bytes(len(b) - len(b) // 2), compression="zstd"
)
_page("damaged gzip", lambda h, b: b[:10] + bytes(len(b) - 10), compression="gzip")
_page("damaged lz4", lambda h, b: bytes([255]) * len(b), compression="lz4")
_page("damaged brotli", lambda h, b: bytes([255]) * len(b), compression="brotli")
_page("more values than it has", _header(1, 600, 5), code=0)
_page("a negative number of values", _header(1, -1, 5), crashes=True)
_page("a huge number of values", _header(1, 2**31 - 1, 5), code=0)
_page("an unknown encoding", _header(2, 88, 5))
_page("a dictionary encoding without a dictionary", _header(2, 8, 5))
_page("an unknown kind", _header(1, 55))
_page("levels longer than the page", lambda h, b: b"\xff\xff\xff\x7f" + b[4:])
_page("levels of zero length", lambda h, b: b"\0\0\0\0" + b[4:])
_page("delta encoding of noise", lambda h, b: _encoded(h, 5, levels(b)[0] + b"\xff" * 200))
_page(
    "delta encoding of huge counts",
    lambda h, b: _encoded(h, 5, levels(b)[0] + b"\x80\x01\x04" + varint(2**40) + b"\0"),
)
_page("split bytes cut short", lambda h, b: _encoded(h, 9, b[:-3]))
_page(
    "dictionary indices out of range",
    lambda h, b: b[:-8] + b"\xff" * 8,
    place=1,
    use_dictionary=True,
)
_page(
    "a dictionary of fewer values",
    lambda h, b: (put(h[7][1], 1, 2), b[:16])[1],
    use_dictionary=True,
)
_page(
    "a dictionary of noise for its width",
    lambda h, b: levels(b)[0] + b"\x3f" + levels(b)[1][1:],
    place=1,
    use_dictionary=True,
)
_page(
    "a width of 255 bits",
    lambda h, b: levels(b)[0] + b"\xff" + levels(b)[1][1:],
    place=1,
    use_dictionary=True,
)


def _encoded(header: Struct, encoding: int, body: bytes) -> bytes:
    put(header[5][1], 2, encoding)
    put(header, 2, len(body))
    put(header, 3, len(body))
    return body


def _long_word() -> bytes:
    data = plain(pa.table({"t": ["word"] * 60, "a": [1.5] * 60}))
    return data.replace(b"\4\0\0\0word", b"\xff\xff\xff\x7fword", 1)


def _bad_utf8() -> bytes:
    return plain(_WORDS).replace(b"word 2", b"wo\xff\xfe 2")


_refused("a text longer than its page", _long_word)
_refused("text that is no UTF-8", _bad_utf8)


# --- what can be read -----------------------------------------------------------------------


def _wrong_statistics() -> bytes:
    def change(footer: Struct) -> None:
        low, high = (b"\0\0\0\0\0\0Y\xc0", b"\0\0\0\0\0\0Y@")
        stats: Struct = {3: (6, 55), 5: (BINARY, high), 6: (BINARY, low)}
        put(chunk(footer), 12, stats, STRUCT)

    return with_footer(plain(FRAME.to_arrow()), change)


def _pickled() -> bytes:
    """An extension type of pickle's, which must never be called."""
    boom = b"cos\nsystem\n(S'touch pwned'\ntR."
    field = pa.field(
        "a",
        pa.float64(),
        metadata={
            "ARROW:extension:name": "arrow.py_extension_type",
            "ARROW:extension:metadata": boom,
        },
    )
    schema = pa.schema([field, *list(FRAME.to_arrow().schema)[1:]])
    return sound(pa.Table.from_arrays(FRAME.to_arrow().columns, schema=schema))


add("parquet: wrong statistics are not trusted", {"t.parquet": _wrong_statistics}, 0)
add("parquet: a pickled extension type", {"t.parquet": _pickled}, 0, transform=3)
add(
    "parquet: no rows",
    {"t.parquet": lambda: sound(FRAME.to_arrow()[:0])},
    0,
    "no row|no value|rows",
)
add("parquet: one row", {"t.parquet": lambda: sound(FRAME.to_arrow()[:1])}, 0)
for _codec in ("snappy", "gzip", "brotli", "lz4", "zstd"):
    add(f"parquet: {_codec}", {"t.parquet": partial(sound, compression=_codec)}, 0)
add("parquet: pages of version 2", {"t.parquet": partial(sound, data_page_version="2.0")}, 0)
add("parquet: a row group a row", {"t.parquet": partial(sound, row_group_size=1)}, 0)
