"""Bytes that are read once, from a pipe or a file, cut into blocks of whole records.

Memory: one block (4 MiB) at a time, or one record where that is longer, up to 256 MiB.
"""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO, Generic, TypeVar, cast

from bncli.data.failures import reading, unreadable
from bncli.data.handover import ahead
from bncli.data.locate import STDIN, Located
from bncli.data.sources import Meter
from bncli.errors import Unreadable, UsageError

T = TypeVar("T")
BLOCK_BYTES = 4 << 20
LONGEST_RECORD_BYTES = 256 << 20
UTF_8 = ("utf-8", "utf-8-sig", "ascii")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Once(Generic[T]):
    """Pieces that come only once, the first of which may be looked at before.

    first: None when there is no piece at all. Raises UsageError when iterated a second time.
    """

    def __init__(self, pieces: Iterator[T], name: str) -> None:
        self.name = name
        self._rest: Iterator[T] | None = pieces
        self.first = next(pieces, None)

    def __iter__(self) -> Iterator[T]:
        rest, self._rest = self._rest, None
        if rest is None:
            raise UsageError(
                f"{shown(self.name)} can be read only once", fix="save it to a file first"
            )
        return rest if self.first is None else chain([self.first], rest)


@dataclass(frozen=True, slots=True)
class Dripping:
    """Text that polars cannot open itself: a pipe, or a file in another encoding.

    blocks: of the pipe, whole records; None to open the file again. dialect: of a CSV.
    """

    file: Located
    meter: Meter
    blocks: Once[bytes] | None = None
    dialect: Any = None


def shown(name: str) -> str:
    """How messages call an input."""
    return "standard input" if name == STDIN else name


@contextmanager
def open_bytes(file: Located) -> Iterator[BinaryIO]:
    """The raw bytes of a file, or of standard input, which stays open afterwards."""
    if file.name == STDIN:
        yield sys.stdin.buffer
        return
    with file.path.open("rb") as stream:
        yield stream


def first_bytes(file: Located, size: int = 4096) -> bytes:
    """How a file that is no pipe begins, as it lies there."""
    with reading(shown(file.name), "text"), open_bytes(file) as raw:
        return raw.read(size)


def byte_blocks(file: Located, meter: Meter | None = None) -> Iterator[bytes]:
    """The bytes of ``file`` in blocks, unpacked when they begin like gzip or Zstandard.

    Every member and frame is read. Raises Unreadable when packed data is damaged or cut short.
    """
    with open_bytes(file) as raw:
        stream = meter.watch(raw) if meter is not None else raw
        head = stream.read(len(_ZSTD))
        whole = cast(BinaryIO, _Rejoined(head, stream))
        try:
            unpacked = _read_through(_unpacked(head, whole))
            packed = is_packed(head) and not file.pipe
            yield from ahead(unpacked) if packed else unpacked
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(shown(file.name), "compressed data", error) from error


def is_packed(head: bytes) -> bool:
    """Whether bytes begin like gzip or Zstandard."""
    return head.startswith((_GZIP, _ZSTD))


def record_blocks(blocks: Iterable[bytes], quote: str = "", name: str = "") -> Iterator[bytes]:
    """Blocks that end where a record (a line, but for line ends within quotes) ends.

    Raises Unreadable for a record longer than 256 MiB. name: of the input, for messages.
    """
    rest: list[bytes] = []
    mark, size, inside = quote.encode(), 0, 0
    for block in blocks:
        rest.append(block)
        size += len(block)
        quotes = block.count(mark) if mark else 0
        # A long record comes in many blocks: looked at as a whole only where it may end.
        end = 0
        if b"\n" in block and not (inside and not quotes):
            whole = b"".join(rest)
            end = _records_end(whole, mark)
            rest = [whole]
        if end:
            yield whole[:end]
            rest = [whole[end:]]
            size, quotes, inside = size - end, rest[0].count(mark) if mark else 0, 0
        elif size > LONGEST_RECORD_BYTES:
            raise Unreadable(
                "a record is longer than 256 MiB",
                where=shown(name) or None,
                fix="is a quote never closed?",
            )
        inside = (inside + quotes) % 2
    if size:
        yield b"".join(rest)


def recoded(blocks: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """The same text in UTF-8, without a mark at its start, whatever ``encoding`` it comes in."""
    if codecs.lookup(encoding).name in UTF_8:
        yield next(blocks, b"").removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in blocks:
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise Unreadable(f"is not in {encoding}", where=shown(name)) from error


def _records_end(data: bytes, quote: bytes) -> int:
    """Length of the whole records in ``data``, which begins with one; 0 when there is none."""
    end = data.rfind(b"\n") + 1
    if not quote:
        return end
    inside = data.count(quote, 0, end) % 2
    while end and inside:
        # The last quote before here opened a field that goes on: cut before its line.
        opened = data.rfind(quote, 0, end)
        before = data.rfind(b"\n", 0, opened) + 1
        inside = (inside - data.count(quote, before, end)) % 2
        end = before
    return end


def _read_through(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block


def _unpacked(head: bytes, stream: BinaryIO) -> BinaryIO:
    if head.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if head == _ZSTD:
        import pyarrow as pa

        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"))
    return stream


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already, put together again."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        head, self._head = self._head, b""
        if not head:
            return self._stream.read(size)
        if size < 0:
            return head + self._stream.read()
        self._head = head[size:]
        return head[:size] + self._stream.read(max(0, size - len(head)))
