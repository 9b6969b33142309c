"""Frames that come one by one and are wanted as one lazy frame in the end."""

from __future__ import annotations

from typing import Any

import polars as pl

from bncli.data.temporary import Temporary, temporary_errors


class Waiting:
    """Appends frames of one schema to a temporary Arrow file; memory does not grow with them.

    what: the frames, as messages call them. Raises DataError where the temporary folder is full.
    """

    def __init__(self, what: str, schema: pl.Schema) -> None:
        import pyarrow as pa
        import pyarrow.ipc

        self._what = what
        self._schema = pl.DataFrame(schema=schema).to_arrow().schema
        with temporary_errors(what):
            self._kept = Temporary()
            self._sink: Any = pa.ipc.new_file(self._kept.path, self._schema)

    def add(self, frame: pl.DataFrame) -> None:
        with temporary_errors(self._what):
            self._sink.write_table(frame.to_arrow().cast(self._schema))

    def all(self) -> pl.LazyFrame:
        """Everything that was added, in order, until ``close``; nothing can be added any more."""
        with temporary_errors(self._what):
            self._sink.close()
        return pl.scan_ipc(self._kept.path)

    def close(self) -> None:
        """Let go of the frames and of the room they take."""
        self._kept.close()
