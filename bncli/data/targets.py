"""What may be written to: checks before any work is done, and plain words for what fails."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from bncli.data.system import number_of, reason_of
from bncli.errors import BncliError, DataError, OutputExists, UsageError

PathLike: TypeAlias = str | os.PathLike[str]

_NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than is allowed here",
    errno.EIO: "the disk reports an input/output error",
}
_DESCRIPTORS = ("/dev/fd/", "/proc/self/fd/", "/dev/stdout", "/dev/stderr")


def check_target(path: PathLike, overwrite: bool = False) -> None:
    """Refuse, before any work is done, a file that cannot be written in the end.

    Raises OutputExists, UsageError.
    """
    with usage_errors(path):
        found = stat_or_none(path)
        if found is None:
            _check_parent(path)
        elif stat.S_ISDIR(found.st_mode):
            raise UsageError(
                f"cannot write '{path}': it is a folder",
                fix="name a file in it, or end the name with '/' to write part files",
            )
        elif not _may(path, os.W_OK):
            raise UsageError(f"cannot write '{path}': permission denied")
        elif not overwrite and not written_directly(path):
            raise already_there(path)


def already_there(path: PathLike) -> OutputExists:
    return OutputExists(f"'{path}' is there already", fix="replace it with --overwrite")


def refuse_input_as_output(inputs: Iterable[PathLike], target: PathLike) -> None:
    """Refuse a target that is one of the inputs, or the folder that one of them lies in.

    Standard output (``-``) may lead into a file, too. Raises UsageError.
    """
    output = Path("/dev/stdout" if os.fspath(target) == "-" else target)
    for path in map(Path, inputs):
        with suppress(OSError):
            same = path.resolve().parent.samefile(output) if output.is_dir() else False
            if same or path.samefile(output):
                raise UsageError(
                    f"'{target}' is both input and output", fix="write to another name"
                )


def written_directly(path: PathLike) -> bool:
    """A device, pipe, socket or open descriptor: written as it is, never replaced."""
    if os.fspath(path).startswith(_DESCRIPTORS):
        return True
    found = stat_or_none(path)
    return found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))


def stat_or_none(path: PathLike) -> os.stat_result | None:
    """What the path, or the file it links to, is; None where there is none yet."""
    try:
        return Path(path).stat()
    except FileNotFoundError:
        return None


@contextmanager
def disk_errors(path: PathLike) -> Iterator[None]:
    """Tell a full or failing disk in plain words; a closed reader is a BrokenPipeError.

    Everything else passes as it is. Raises DataError.
    """
    try:
        yield
    except BncliError:
        raise
    except Exception as error:
        number = number_of(error)
        if number in _NO_ROOM:
            raise DataError(f"cannot write '{path}': {_NO_ROOM[number]}") from error
        if number == errno.EPIPE and not isinstance(error, BrokenPipeError):
            raise BrokenPipeError(errno.EPIPE, "broken pipe") from error
        raise


@contextmanager
def usage_errors(path: PathLike) -> Iterator[None]:
    """Around bncli's own calls on the target: whatever fails, the target was badly chosen."""
    try:
        with disk_errors(path):
            yield
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write '{path}': {reason_of(error)}") from error


def _may(path: PathLike, mode: int) -> bool:
    """Whether the user whose rights this process has may do that."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _check_parent(path: PathLike) -> None:
    parent = Path(os.path.realpath(path)).parent
    if not parent.is_dir():
        reason = "is no folder" if parent.exists() else "is not there"
        raise UsageError(f"cannot write '{path}': the folder '{parent.name}' {reason}")
    if not _may(parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write '{path}': no permission to write in its folder")
