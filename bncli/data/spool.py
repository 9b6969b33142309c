"""A pipe put on disk, for formats that are read from their end."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from bncli.data.blocks import open_bytes, shown
from bncli.data.locate import Located
from bncli.data.sources import Meter
from bncli.errors import Unreadable


class Spool:
    """The bytes of a pipe in a temporary file that has no name, so that not even a kill leaves it.

    path: where it can be opened while this object lives; meter: what passed.
    Raises Unreadable when there is no byte, or no room for them.
    """

    def __init__(self, file: Located) -> None:
        self.meter = Meter()
        kept = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the finalizer)
        weakref.finalize(self, kept.close)
        try:
            with open_bytes(file) as pipe:
                shutil.copyfileobj(self.meter.watch(pipe), kept, 1 << 20)
            kept.flush()
        except OSError as error:
            raise Unreadable(
                f"cannot be kept in a temporary file: {(error.strerror or str(error)).lower()}",
                where=shown(file.name),
                fix=f"make room in {tempfile.gettempdir()}, or set TMPDIR",
            ) from error
        if not self.meter.size:
            raise Unreadable("is empty", where=shown(file.name))
        self.path = Path(f"/dev/fd/{kept.fileno()}")
