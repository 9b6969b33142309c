"""What is remembered of each input: its size, its rows, a cheap fingerprint, when it changed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, cast

from bncli.errors import DataError
from bncli.stats.profile import Source

EDGE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file changed: its size and time of last change, when it was opened."""

    path: Path
    size: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        now = path.stat()
        return cls(path, now.st_size, now.st_mtime_ns)

    def check(self) -> None:
        """Raises DataError when the file is not what it was."""
        try:
            same = Stamp.of(self.path) == self
        except OSError:
            same = False
        if not same:
            raise DataError(
                "changed while it was being read",
                where=self.path.name,
                fix="run again once nothing writes to it any more",
            )


def source_of(path: Path, rows: int | None) -> Source:
    """The source record of a file. Reads 128 KiB of it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        first = file.read(EDGE_BYTES)
        file.seek(max(0, size - EDGE_BYTES))
        last = file.read(EDGE_BYTES)
    return Source(path.name, size, rows, fingerprint(size, first, last))


def fingerprint(size: int, first: bytes, last: bytes) -> str:
    """Hash of the size and of the first and last 64 KiB (all of it, where it is shorter)."""
    digest = blake2b(size.to_bytes(8, "little"), digest_size=16)
    digest.update(first)
    digest.update(last)
    return digest.hexdigest()


class Meter:
    """Measures a stream while it passes: what ``source_of`` would say of it as a file."""

    def __init__(self) -> None:
        self.size = 0
        self._first = b""
        self._last = b""

    def watch(self, stream: BinaryIO) -> BinaryIO:
        """The same stream, every byte of which is counted."""
        return cast(BinaryIO, _Watched(stream, self))

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if len(self._first) < EDGE_BYTES:
            self._first += data[: EDGE_BYTES - len(self._first)]
        self._last = (self._last + data[-EDGE_BYTES:])[-EDGE_BYTES:]

    def source(self, name: str, rows: int | None) -> Source:
        return Source(name, self.size, rows, fingerprint(self.size, self._first, self._last))


class _Watched(io.RawIOBase):
    def __init__(self, stream: BinaryIO, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._meter.add(data)
        return data
