"""A pipe put on disk, for formats that are read from their end."""

from __future__ import annotations

import shutil

from bncli.data.blocks import open_bytes, shown
from bncli.data.locate import Located
from bncli.data.sources import Meter
from bncli.data.temporary import Temporary, temporary_errors
from bncli.errors import Unreadable


class Spool:
    """The bytes of a pipe in a temporary file.

    path: where it can be opened while this object lives; meter: what passed.
    Raises Unreadable when there is no byte, DataError when there is no room for them.
    """

    def __init__(self, file: Located) -> None:
        self.meter = Meter()
        with temporary_errors(shown(file.name)):
            self._kept = Temporary()
            with open_bytes(file) as pipe:
                shutil.copyfileobj(self.meter.watch(pipe), self._kept.file, 1 << 20)
            self._kept.file.flush()
        if not self.meter.size:
            raise Unreadable("is empty", where=shown(file.name))
        self.path = self._kept.path
