"""Frames that come one by one and are wanted as one lazy frame in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl


class Waiting:
    """Appends frames of one schema to an Arrow file; memory does not grow with them."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        import pyarrow as pa
        import pyarrow.ipc

        self._path = path
        self._schema = pl.DataFrame(schema=schema).to_arrow().schema
        self._sink: Any = pa.ipc.new_file(path, self._schema)

    def add(self, frame: pl.DataFrame) -> None:
        self._sink.write_table(frame.to_arrow().cast(self._schema))

    def all(self) -> pl.LazyFrame:
        """Everything that was added, in order; nothing can be added any more."""
        self._sink.close()
        return pl.scan_ipc(self._path)
