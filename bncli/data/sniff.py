"""What bytes that should be text are instead, by how they begin."""

from __future__ import annotations

import codecs
import re

from bncli.errors import Unreadable

HEAD_BYTES = 4096
_UNPACK, _READ_AS = "unpack it first", "read it with --format"
# Pattern of the first bytes -> what it is, and how to mend it.
_KINDS: tuple[tuple[re.Pattern[bytes], str, str | None], ...] = (
    (re.compile(rb"PAR1"), "a Parquet file", f"{_READ_AS} parquet"),
    (re.compile(rb"ARROW1"), "an Arrow file", f"{_READ_AS} arrow"),
    (re.compile(rb"\xff\xff\xff\xff..\x00\x00", re.S), "an Arrow stream", f"{_READ_AS} arrow"),
    (re.compile(rb"\x1f\x8b|\x28\xb5\x2f\xfd"), "packed twice", _UNPACK),
    (re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)"), "a zip archive", _UNPACK),
    (re.compile(rb"BZh[1-9]1AY&SY"), "packed with bzip2", _UNPACK),
    (re.compile(rb"\xfd7zXZ\x00"), "packed with xz", _UNPACK),
    (re.compile(rb"x[\x01\x9c\xda]"), "packed with zlib", _UNPACK),
    (re.compile(rb"7z\xbc\xaf"), "a 7z archive", _UNPACK),
    (re.compile(rb"SQLite format 3\x00"), "an SQLite database", "export its table first"),
    (re.compile(rb"\x7fELF|\x89PNG|%PDF-|\xd0\xcf\x11\xe0"), "no table", None),
    (re.compile(rb"\s*<(!doctype|html|\?xml)", re.I), "HTML or XML", None),
)
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def refuse_other(head: bytes, name: str, label: str) -> None:
    """Raises Unreadable when text in UTF-8 was promised and something else begins.

    head: the first bytes, unpacked; label: of the format that was promised.
    """
    for pattern, what, fix in _KINDS:
        if pattern.match(head):
            raise Unreadable(f"is {what}, and no {label}", where=name, fix=fix)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    line = head.partition(b"\n")[0]
    encoding = encoding or _without_mark(line)
    if encoding is not None:
        fix = f"say so: --encoding {encoding}"
        raise Unreadable(f"is {encoding.upper()}, and not UTF-8", where=name, fix=fix)
    if b"\0" in line:
        raise Unreadable("is no text: its first line holds NUL bytes", where=name)


def _without_mark(line: bytes) -> str | None:
    """Latin letters in UTF-16 have a NUL in every second place."""
    pairs = len(line) // 2
    if pairs >= 2:
        if line[1::2].count(0) > 0.6 * pairs and line[::2].count(0) == 0:
            return "utf-16-le"
        if line[::2].count(0) > 0.6 * pairs and line[1::2].count(0) == 0:
            return "utf-16-be"
    return None
