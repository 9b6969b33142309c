"""Arrow IPC: files (also called Feather), and streams from pipes or under a file's name."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from bncli.data.blocks import Once, open_bytes, shown
from bncli.data.csv_faults import check_names
from bncli.data.failures import FAILURES, reading, unreadable
from bncli.data.formats import ReadOptions
from bncli.data.locate import STDIN, Located
from bncli.data.parts import Part, scan_frames
from bncli.data.sources import Meter
from bncli.data.spool import Spool
from bncli.errors import BncliError, DataError, Unreadable, listed

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DIGITS = 38
_FILE_MAGIC, _FEATHER_1 = b"ARROW1", b"FEA1"


@dataclass(frozen=True, slots=True)
class Streamed:
    """An IPC stream. frames: those of a pipe, which come once; None to open the file again."""

    file: Located
    meter: Meter
    frames: Once[pl.DataFrame] | None = None


class Arrow:
    """Arrow IPC. What it is, file or stream, its first bytes tell, not its name."""

    label = "Arrow IPC"

    def open(self, files: Sequence[Located], options: ReadOptions) -> list[Part]:
        return [self._open(file, options) for file in files]

    def scan(self, parts: Sequence[Part]) -> pl.LazyFrame:
        return pl.concat([_scan(part) for part in parts]) if len(parts) > 1 else _scan(parts[0])

    def peek(self, part: Part) -> pl.DataFrame | None:
        frames: Once[pl.DataFrame] = part.stored.frames
        return frames.first

    def explain(self, part: Part, error: BaseException, columns: Sequence[str]) -> Exception:
        if part.path is None or isinstance(part.stored, Streamed):
            return unreadable(part.name, self.label, error)
        return _because(error, part.path, part.name)

    def _open(self, file: Located, options: ReadOptions) -> Part:
        name = shown(file.name)
        if file.pipe and not _begins_as_file(file):
            return self._stream(file, options)
        spool = Spool(file) if file.pipe else None
        path = spool.path if spool else file.path
        with reading(name, self.label), path.open("rb") as stream:
            magic = stream.read(len(_FILE_MAGIC))
        if magic.startswith(_FEATHER_1):
            raise Unreadable("is in Feather's first version", where=name, fix="write it again")
        if magic != _FILE_MAGIC:
            return self._stream(file, options)
        try:
            frame = pl.scan_ipc([path], glob=False, hive_partitioning=False)
            rows = frame.select(pl.len()).collect().item()
            schema = frame.collect_schema()
        except FAILURES as error:
            raise _because(error, path, name) from error
        return Part(name, self, schema, options, path, rows=rows, stored=spool)

    def _stream(self, file: Located, options: ReadOptions) -> Part:
        name, meter = shown(file.name), Meter()
        batches = _batches(file, meter)
        schema = next(batches).schema
        # A file's own bytes are measured when they are asked for.
        kept = meter if file.pipe else Meter()
        stored = Streamed(file, kept, Once(batches, file.name) if file.pipe else None)
        if stored.frames is None:
            batches.close()
        again = not file.pipe
        path = file.path if again else None
        return Part(name, self, schema, options, path, rewindable=again, stored=stored)


ARROW = Arrow()


def frame_of(batch: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    """The same rows as a polars frame, every buffer checked first: offsets may point anywhere."""
    batch.validate(full=True)
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _because(error: BaseException, path: Path, name: str) -> BncliError:
    """What ``error`` means; polars panics where two columns have one name."""
    import pyarrow as pa

    if isinstance(error, pl.exceptions.PanicException):
        with suppress(pa.ArrowException, OSError, MemoryError), pa.OSFile(str(path)) as file:
            schema = pa.ipc.open_file(file).schema
            check_names(schema.names, name)
            return wrong_types(schema, name) or unreadable(name, ARROW.label, error)
    return unreadable(name, ARROW.label, error)


def wrong_types(schema: pa.Schema, name: str) -> DataError | None:
    """What to say of the columns of a type that polars does not have; None where there is none."""
    import pyarrow as pa

    long = [f for f in schema if pa.types.is_decimal(f.type) and f.type.precision > MOST_DIGITS]
    if not long:
        return None
    told = (f"column '{f.name}' holds decimals of {f.type.precision} digits" for f in long)
    fix = f"write them as float64, or with {MOST_DIGITS} digits"
    return DataError(listed(told), where=name, fix=fix)


def _begins_as_file(file: Located) -> bool:
    """Whether standard input holds an IPC file; looked at without taking a byte."""
    # A stream that is no file in disguise may lack peek.
    peek = getattr(sys.stdin.buffer, "peek", None) if file.name == STDIN else None
    return peek is not None and peek(len(_FILE_MAGIC)).startswith(_FILE_MAGIC)


def _scan(part: Part) -> pl.LazyFrame:
    if not isinstance(part.stored, Streamed):
        assert part.path is not None
        return pl.scan_ipc([part.path], glob=False, hive_partitioning=False)
    stored = part.stored

    def frames() -> Iterator[pl.DataFrame]:
        if stored.frames is not None:
            return iter(stored.frames)
        batches = _batches(stored.file, Meter())
        next(batches)
        return batches

    return scan_frames(part.schema, frames)


def _batches(file: Located, meter: Meter) -> Generator[pl.DataFrame, None, None]:
    """The record batches of a stream, after an empty frame that tells the schema."""
    import pyarrow as pa

    with _arrow_errors(shown(file.name)), open_bytes(file) as raw:
        reader = pa.ipc.open_stream(pa.PythonFile(meter.watch(raw), mode="r"))
        if (wrong := wrong_types(reader.schema, shown(file.name))) is not None:
            raise wrong
        yield frame_of(reader.schema.empty_table())
        for batch in reader:
            yield frame_of(batch)


@contextmanager
def _arrow_errors(name: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (*FAILURES, pa.ArrowException, MemoryError) as error:
        raise unreadable(name, ARROW.label, error) from error
