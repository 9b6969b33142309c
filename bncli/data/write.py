"""Writing a lazy frame to a file, a folder of parts, or standard output, whole or not at all."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

import polars as pl

from bncli.data.atomic import atomic_file, atomic_folder, check_folder
from bncli.data.encoding import (
    BINARY,
    SINKS,
    Encoding,
    WriteOptions,
    encoding_of,
    is_folder,
    is_stdout,
)
from bncli.data.failures import FAILURES
from bncli.data.sinks import Destination, refuse_types
from bncli.data.system import number_of, reason_of
from bncli.data.targets import PathLike, check_target, disk_errors, written_directly
from bncli.errors import DataError, UsageError

__all__ = ["WriteOptions", "atomic_file", "check_output", "is_atomic", "write_frame"]

Fault: TypeAlias = Callable[[BaseException], BaseException | None]

_PART_VALUES = 1 << 26
_TOLD_BY_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE)
# All that polars tells of a disk that is full when it writes the headers of Parquet.
_LOST = "Invalid thrift: transport error"


def write_frame(
    frame: pl.LazyFrame,
    target: PathLike,
    options: WriteOptions | None = None,
    metadata: Mapping[str, str] | None = None,
    verify: Callable[[], None] | None = None,
    fault: Fault = lambda _: None,
) -> None:
    """Stream ``frame`` to ``target`` in order; memory does not grow with the rows.

    target: a file, whose suffix tells the format; a name with a slash at its end, a folder of
    part files; ``-``, standard output. metadata: kept in Parquet files, elsewhere dropped.
    verify: called once all is written, before it takes the target's name; it may raise. fault:
    what an error of polars means if it comes from reading the frame; None if it does not.
    Raises OutputExists, UsageError, DataError (disk full), BrokenPipeError, and whatever reading
    the frame raises. A target that is a file or folder is then as it was before.
    """
    options = options or WriteOptions()
    encoding = check_output(target, options)
    refuse_types(frame.collect_schema(), encoding)
    sink = SINKS[encoding.format]
    with _destination(target, encoding, options, frame) as destination:
        try:
            sink(frame, destination, encoding, metadata)
        except FAILURES as error:
            raise _meant(error, target, fault) from error
        if verify is not None:
            verify()


def check_output(target: PathLike, options: WriteOptions) -> Encoding:
    """Refuse, before anything is read, what cannot be written in the end.

    Raises OutputExists, UsageError.
    """
    encoding = encoding_of(target, options)
    if is_stdout(target):
        if encoding.format in BINARY and sys.stdout.isatty():
            raise UsageError(
                f"{encoding.format} is not for a terminal", fix="write it to a file, or --to csv"
            )
    elif is_folder(target):
        check_folder(target, options.overwrite)
    else:
        check_target(target, options.overwrite)
    return encoding


def is_atomic(target: PathLike) -> bool:
    """Whether nothing is seen of ``target`` before all of it is there."""
    return not is_stdout(target) and (is_folder(target) or not written_directly(target))


def _meant(error: BaseException, target: PathLike, fault: Fault) -> BaseException:
    """One query reads and writes: which of the two failed, and how."""
    if number_of(error) in _TOLD_BY_DISK_ERRORS:
        return error
    shown = "standard output" if is_stdout(target) else f"'{target}'"
    lost = "the disk is full or failing" if _LOST in str(error) else reason_of(error)
    return fault(error) or DataError(f"cannot write {shown}: {lost}")


@contextmanager
def _destination(
    target: PathLike, encoding: Encoding, options: WriteOptions, frame: pl.LazyFrame
) -> Iterator[Destination]:
    if is_stdout(target):
        with disk_errors("standard output"):
            yield _stdout()
            sys.stdout.flush()
    elif is_folder(target):
        with atomic_folder(target, options.overwrite) as folder:
            yield _parts(folder, encoding, len(frame.collect_schema()))
    else:
        with atomic_file(target, options.overwrite) as path:
            if written_directly(target):
                # Appending: what a shell opened for bncli is not cut off by opening it again.
                with path.open("ab", buffering=0) as stream:
                    yield stream
            else:
                yield path


def _stdout() -> BinaryIO:
    sys.stdout.flush()
    return sys.stdout.buffer


def _parts(folder: Path, encoding: Encoding, columns: int) -> pl.PartitionBy:
    return pl.PartitionBy(
        folder,
        file_path_provider=lambda part: f"part-{part.index_in_partition:05}{encoding.suffix}",
        max_rows_per_file=max(1024, _PART_VALUES // max(1, columns)),
    )
