"""Files that are of another format than their suffix says."""

from __future__ import annotations

import bz2
import io
import lzma
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial

from corpus.arrow import file, stream
from corpus.model import add
from corpus.parquet_parts import sound
from corpus.text import CSV, NDJSON, zst


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("t.csv", CSV)
    return buffer.getvalue()


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        info = tarfile.TarInfo("t.csv")
        info.size = len(CSV)
        packed.addfile(info, io.BytesIO(CSV))
    return buffer.getvalue()


def _database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a real)")
    found: bytes = connection.serialize()
    return found


KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "parquet": (sound, "Parquet"),
    "arrow file": (file, "Arrow"),
    "arrow stream": (stream, "Arrow"),
    "csv": (lambda: CSV, ""),
    "ndjson": (lambda: NDJSON, "NDJSON"),
    "zip": (_zip, "zip"),
    "tar": (_tar, ""),
    "sqlite": (_database, "SQLite"),
    "bzip2": (lambda: bz2.compress(CSV), "bzip2"),
    "xz": (lambda: lzma.compress(CSV), "xz"),
    "html": (lambda: b"<!DOCTYPE html><html><body>404: not found</body></html>\n", ""),
    "a png": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ""),
    "an executable": (lambda: b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4, ""),
}
NAMES = {"t.parquet": "parquet", "t.arrow": "arrow", "t.csv": "csv", "t.ndjson": "ndjson"}

for _name, _own in NAMES.items():
    for _kind, (_content, _label) in KINDS.items():
        if not _kind.startswith(_own):
            _shift = {}
            add(f"{_name} that is {_kind}", {_name: _content}, 3, rf"{_name}", **_shift)

add("t.parquet.gz", {"t.parquet.gz": partial(zst, b"x")}, 3, "suffix|unpack|format")
add("a name without a suffix", {"t": sound}, 3, "--format")
add("a suffix that is none of ours", {"t.xlsx": _zip}, 3, "--format")
add("a name that says JSON", {"t.json": NDJSON}, 3, "--format ndjson")
add(
    "a format that is told wrongly",
    {"t.parquet": sound},
    3,
    r"\.parquet",
    options=("--format", "ndjson"),
)
