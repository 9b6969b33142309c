"""What libraries raise while reading, in our words. No other module tells their messages."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from bncli.data.system import number_of, reason_of
from bncli.errors import BncliError, DataError, Unreadable

FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
_CUT_SHORT = re.compile(
    r"unexpected end of file|incomplete frame|ended before the end-of-stream|truncated compressed",
    re.I,
)
_DAMAGED = re.compile(
    r"corrupt|checksum|crc check|invalid (gzip|deflate|block)|unknown frame|zstd|not a gzip", re.I
)
_UNPACKABLE = "is damaged: its compressed data cannot be unpacked"
_NOISE = re.compile(r"^(parquet: |out-of-spec: )?(File out of specification: )?")


@contextmanager
def reading(name: str, label: str) -> Iterator[None]:
    """Turn what a library raises while opening ``name`` into the tree of ``bncli.errors``."""
    try:
        yield
    except FAILURES as error:
        raise unreadable(name, label, error) from error


def unreadable(name: str, label: str, error: BaseException) -> BncliError:
    """What ``error`` means for the file ``name``. label: of the format, as people call it."""
    if isinstance(error, BncliError):
        return error
    if isinstance(error, pl.exceptions.PanicException):
        return Unreadable(f"is damaged: the {label} reader gave up on it", where=name)
    if isinstance(error, pl.exceptions.DuplicateError):
        return DataError(_duplicate(str(error)), where=name, fix="give every column its own name")
    if isinstance(error, pl.exceptions.NoDataError):
        return Unreadable("is empty", where=name)
    if isinstance(error, MemoryError):
        return Unreadable("is damaged, or needs more memory than there is", where=name)
    if isinstance(error, zlib.error):
        return Unreadable(_UNPACKABLE, where=name)
    if isinstance(error, OSError | EOFError):
        return Unreadable(_system(error), where=name)
    return Unreadable(f"cannot be read as {label}: {first_line(error)}", where=name)


def is_about_reading(error: BaseException) -> bool:
    """Whether ``error`` is a library's, of reading; writing tells its own (``write_frame``)."""
    if isinstance(error, OSError):
        return error.errno is None
    return isinstance(error, FAILURES)


def first_line(error: BaseException) -> str:
    """The gist of a library's message: one line, at most 160 characters, printable."""
    line = next(iter(str(error).strip().splitlines()), type(error).__name__)
    plain = "".join(char if char.isprintable() else "?" for char in _NOISE.sub("", line))
    return plain if len(plain) <= 160 else plain[:157] + "..."


def _system(error: OSError | EOFError) -> str:
    text = str(error)
    if isinstance(error, EOFError) or _CUT_SHORT.search(text):
        return "is cut short: its compressed data ends too early"
    if _DAMAGED.search(text):
        return _UNPACKABLE
    reason = first_line(error) if number_of(error) is None else reason_of(error)
    return f"cannot be read: {reason[:1].lower()}{reason[1:]}"


def _duplicate(text: str) -> str:
    names = re.search(r"'(.+)'|(\[.+\])", first_text(text))
    shown = f" {names.group(0)}" if names else ""
    return f"two columns have the same name{shown}"


def first_text(text: str) -> str:
    return text.splitlines()[0] if text else ""
