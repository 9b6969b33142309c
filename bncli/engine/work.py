"""One run of ``transform`` or ``inverse``: a dataset through a rewriter to a target.

Where every column has one formula, the input can be read again and nothing is seen of the target
before it is whole, the run is one streaming query of polars. It stops at an infinite result, and
the rows are read again, in chunks, to say where. Otherwise (mini-batches with their own
statistics, pipes) rows go through the rewriter a chunk at a time, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock

import polars as pl

from bncli.data.batches import Chunk, Tail
from bncli.data.dataset import Dataset
from bncli.data.encoding import WriteOptions
from bncli.data.formats import suffix_format
from bncli.data.parts import scan_frames
from bncli.data.rewrite import result_schema, watched
from bncli.data.targets import PathLike, refuse_input_as_output
from bncli.data.write import check_output, is_atomic, write_frame
from bncli.engine.rewriting import Fixed, Rewriter

Progress = Callable[[int, int | None], None]
_READ_ROWS = 65_536
_READ_VALUES = 1 << 22


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done. rows: written; columns: that were computed, by their names in the input."""

    rows: int
    columns: tuple[str, ...]


@dataclass(slots=True)
class Work:
    """One streaming run. batch_size: rows of a mini-batch; None where that is no matter."""

    dataset: Dataset
    rewriter: Rewriter
    target: PathLike
    batch_size: int | None = None
    tail: Tail = "keep"
    progress: Progress | None = None
    rows: int = field(default=0, init=False)
    failure: BaseException | None = field(default=None, init=False)
    _counting: Lock = field(default_factory=Lock, init=False)

    def run(
        self,
        columns: tuple[str, ...],
        writing: WriteOptions,
        metadata: Mapping[str, str] | None,
    ) -> Applied:
        """Read, compute and write; columns: those that are computed."""
        refuse_input_as_output((stamp.path for stamp in self.dataset.stamps), self.target)
        options = replace(writing, fallback=writing.fallback or _input_format(self.dataset))
        if check_output(self.target, options).format == "csv":
            # What is text in both is copied as it stands: 00501 stays 00501.
            others = [name for name in self.dataset.schema if name not in columns]
            self.dataset = self.dataset.verbatim(others)
        fixed = self.rewriter if isinstance(self.rewriter, Fixed) else None
        if fixed is not None and self.dataset.rewindable and is_atomic(self.target):
            self._as_query(fixed, options, metadata)
        else:
            self._in_chunks(options, metadata)
        return Applied(self.rows, columns)

    def _as_query(
        self,
        fixed: Fixed,
        options: WriteOptions,
        metadata: Mapping[str, str] | None,
    ) -> None:
        source = fixed.guard.admitted(self.dataset.scan())
        result = source.select(fixed.expressions(self.dataset.schema))

        def watch(rows: int, infinite: bool) -> None:
            if infinite:
                self.failure = pl.exceptions.ComputeError("an infinite result")
                raise self.failure
            self._count(rows)

        def verify() -> None:
            self.dataset.check_rows(self.rows)
            self.dataset.check_unchanged()

        def fault(error: BaseException) -> Exception | None:
            if self.failure is not None:
                self._say_where(fixed)
            return self.dataset.fault(error)

        frame = watched(result, fixed.results, watch)
        try:
            write_frame(frame, self.target, options, metadata, verify, fault)
        except Exception:
            # What the watch raised may come as it is, or within an error of polars.
            if self.failure is not None:
                self._say_where(fixed)
            raise

    def _in_chunks(
        self,
        options: WriteOptions,
        metadata: Mapping[str, str] | None,
    ) -> None:
        self._settle_types()
        schema = result_schema(self.dataset.schema, self.rewriter.expressions(self.dataset.schema))
        frames = scan_frames(schema, self._rewritten)
        try:
            write_frame(frames, self.target, options, metadata, fault=lambda _: self.failure)
        except BaseException as error:
            # polars may have wrapped what stopped the reading.
            raise self.failure or error from None

    def _say_where(self, fixed: Fixed) -> None:
        """Raises NonFinite or DataError, for the first rows that cannot be written."""
        for chunk in self._chunks():
            fixed.rewrite(chunk)

    def _settle_types(self) -> None:
        """What is written cannot be taken back from a pipe: guessed types are proved before."""
        guessed = any(part.guesses for part in self.dataset.parts)
        if guessed and self.dataset.rewindable and not is_atomic(self.target):
            for _ in self.dataset.chunks(_READ_ROWS):
                pass

    def _rewritten(self) -> Iterator[pl.DataFrame]:
        try:
            for chunk in self._chunks():
                yield self.rewriter.rewrite(chunk)
                self._count(chunk.frame.height)
            self.dataset.check_unchanged()
        except Exception as error:
            self.failure = error
            raise

    def _chunks(self) -> Iterator[Chunk]:
        reading = max(1024, min(_READ_ROWS, _READ_VALUES // max(1, len(self.dataset.schema))))
        size = self.batch_size or reading
        return self.dataset.chunks(size, tail=self.tail, read_rows=reading)

    def _count(self, rows: int) -> None:
        with self._counting:
            self.rows += rows
            if self.progress:
                self.progress(self.rows, self.dataset.rows)


def _input_format(dataset: Dataset) -> str | None:
    paths = [part.path for part in dataset.parts if part.path is not None]
    return dataset.options.format or (suffix_format(paths[0]) if paths else None)
