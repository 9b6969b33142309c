"""Outputs that appear whole or not at all.

A draft is written beside the target, flushed to disk and renamed to it; then the folder is
flushed: the order that crash-consistency studies of file systems found necessary. Devices,
pipes and open descriptors are written directly, and links are written through.
"""

from __future__ import annotations

import ctypes
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bncli.data.drafts import clear_leftovers, draft_file, draft_folder, flush, flushed_meanwhile
from bncli.data.targets import (
    PathLike,
    already_there,
    check_target,
    disk_errors,
    stat_or_none,
    usage_errors,
    written_directly,
)
from bncli.errors import UsageError

_PART_FILE = re.compile(r"part-\d+\.[a-z.]+")
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


@contextmanager
def atomic_file(path: PathLike, overwrite: bool = False) -> Iterator[Path]:
    """Give a path to write to; when the block ends well, ``path`` holds it, else it is as before.

    The mode of a replaced file is kept; a new one has the default mode.
    Raises OutputExists when ``path`` is there and ``overwrite`` is not given, UsageError where no
    file can be written there, DataError when the disk is full.
    """
    check_target(path, overwrite)
    if written_directly(path):
        with disk_errors(path):
            yield Path(path)
        return
    target = Path(os.path.realpath(path))
    clear_leftovers(target)
    with ExitStack() as stack:
        with usage_errors(path):
            draft = stack.enter_context(draft_file(target))
        with disk_errors(path):
            with flushed_meanwhile(draft):
                yield draft
            flush(draft)
        with usage_errors(path):
            _keep_owner_and_mode(draft, target)
            _put_in_place(draft, target, overwrite)


@contextmanager
def atomic_folder(path: PathLike, overwrite: bool = False) -> Iterator[Path]:
    """Give an empty folder to write part files to, which becomes ``path`` when the block ends well.

    Only a folder of nothing but part files (``part-0.csv``) is ever replaced.
    Raises OutputExists, UsageError, DataError as ``atomic_file`` does.
    """
    target = Path(os.path.realpath(path))
    check_folder(path, overwrite)
    clear_leftovers(target)
    with ExitStack() as stack:
        with usage_errors(path):
            draft = stack.enter_context(draft_folder(target))
        with disk_errors(path):
            yield draft
            for part in (*draft.iterdir(), draft):
                flush(part)
        with usage_errors(path):
            _put_folder_in_place(draft, target, path, overwrite)


def check_folder(path: PathLike, overwrite: bool = False) -> None:
    """Refuse, before any work is done, a folder that cannot be made or replaced in the end.

    Raises OutputExists, UsageError.
    """
    target = Path(os.path.realpath(path))
    if not target.exists():
        check_target(target)
        return
    if not target.is_dir():
        raise UsageError(f"cannot write '{path}': it is a file", fix="leave the '/' out")
    names = [entry.name for entry in target.iterdir()]
    other = next((name for name in sorted(names) if not _PART_FILE.fullmatch(name)), None)
    if other is not None:
        raise UsageError(
            f"cannot write '{path}': it holds '{other}', which is no part file",
            fix="write to a new folder",
        )
    if names and not overwrite:
        raise already_there(path)


def _keep_owner_and_mode(draft: Path, target: Path) -> None:
    found = stat_or_none(target)
    if found is not None:
        with suppress(OSError):
            os.chown(draft, found.st_uid, found.st_gid)
        draft.chmod(stat.S_IMODE(found.st_mode))


def _put_in_place(draft: Path, target: Path, overwrite: bool) -> None:
    """Rename; without ``overwrite`` by a link, which fails where a rename would replace."""
    if overwrite:
        draft.replace(target)
    else:
        try:
            target.hardlink_to(draft)
        except FileExistsError:
            raise already_there(target) from None
        except OSError:
            # A file system without links.
            check_target(target)
            draft.rename(target)
    flush(target.parent)


def _put_folder_in_place(draft: Path, target: Path, path: PathLike, overwrite: bool) -> None:
    check_folder(path, overwrite)
    if target.exists() and any(target.iterdir()):
        _exchange(draft, target)
    else:
        draft.rename(target)
    flush(target.parent)


def _exchange(draft: Path, target: Path) -> None:
    """Swap two folders in one step where the system can; the old one is then the draft."""
    library = ctypes.CDLL(None, use_errno=True)
    names = (os.fsencode(draft), os.fsencode(target))
    swap = getattr(library, "renameat2", None)
    if swap and swap(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return
    with draft_folder(target) as aside:
        target.rename(aside)
        draft.rename(target)
