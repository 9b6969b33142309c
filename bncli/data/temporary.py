"""Temporary files that have no name, so that not even a kill leaves them."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
            f"{what} cannot be kept in a temporary file: {_gist(error)}", fix=_fix()
        ) from error


def _gist(error: OSError) -> str:
    """Arrow puts the reason at the end of a message of its own."""
    reason = (error.strerror or str(error)).rpartition("] ")[2]
    return reason[:1].lower() + reason[1:]


def _fix() -> str:
    try:
        return f"make room in {tempfile.gettempdir()}, or set TMPDIR"
    except OSError:
        return "name a folder with room in TMPDIR"
