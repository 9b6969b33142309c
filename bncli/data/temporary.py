"""Temporary files that have no name, so that not even a kill leaves them."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bncli.data.system import reason_of
from bncli.errors import BncliError, DataError


class Temporary:
    """An empty file that is gone when it is closed, with this object, or with the process.

    file: open for reading and writing; path: where others can open it meanwhile.
    """

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the finalizer)
        self.path = Path(f"/dev/fd/{self.file.fileno()}")
        self.close = weakref.finalize(self, self.file.close)


@contextmanager
def temporary_errors(what: str) -> Iterator[None]:
    """Tell a temporary folder that is full, or not there, in plain words.

    what: is kept there, as messages call it. Raises DataError.
    """
    try:
        yield
    except BncliError:
        raise
    except OSError as error:
        raise DataError(
            f"{what} cannot be kept in a temporary file: {reason_of(error)}", fix=_fix()
        ) from error


def _fix() -> str:
    try:
        return f"make room in {tempfile.gettempdir()}, or set TMPDIR"
    except OSError:
        return "name a folder with room in TMPDIR"
