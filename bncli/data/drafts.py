"""Drafts: what an output is before it is renamed to its own name.

A draft's name says what it will be and who writes it (``.out.csv.bncli-<pid>-<random>``), and
its writer holds a lock on it. A killed run leaves an unlocked draft, which the next run to the
same target clears; one that is still locked, by any process or thread, is left alone. The
process number alone would not do: it means nothing in another container that shares the
folder, and numbers are used again.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2s
from pathlib import Path
from threading import Event, Thread
from time import sleep

# Leaves room for ".bncli-<pid>-<random>" in the 255 bytes that a name may have.
_LONGEST_NAME_BYTES = 200
_NO_LOCKS_HERE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
_OWN: set[Path] = set()
_FLUSH_EVERY_S = 0.2
_PAUSES_S = (0.0, 0.01, 0.05, 0.2)
_WRITE = 2  # SYNC_FILE_RANGE_WRITE, linux/fs.h


@contextmanager
def draft_file(target: Path) -> Iterator[Path]:
    """An empty file of the default mode beside ``target``, locked, and gone at the end."""
    with _draft(target, _make_file) as draft:
        yield draft


@contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target``, locked, and gone at the end."""
    with _draft(target, Path.mkdir) as draft:
        yield draft


def clear_leftovers(target: Path) -> None:
    """Remove what killed runs to this target left; never what a live one is writing."""
    pattern = re.compile(re.escape(_prefix(target)) + r"\d+-[0-9a-f]{8}")
    with suppress(OSError):
        for path in list(target.parent.iterdir()):
            if pattern.fullmatch(path.name):
                _remove_if_abandoned(path)


def remove_own() -> None:
    """Remove every draft of this process: the last thing it does when a signal ends it."""
    for draft in list(_OWN):
        _remove(draft)


def flush(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems cannot flush a folder; they have nothing better to offer.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def flushed_meanwhile(path: Path) -> Iterator[None]:
    """While the block writes ``path``, have the disk write what is there already, so that little is
    left for the end. What fails is told by ``flush`` then. Does nothing but on Linux."""
    done = Event()

    def keep_writing() -> None:
        while not done.wait(_FLUSH_EVERY_S):
            _start_writing(path)

    if not hasattr(ctypes.CDLL(None), "sync_file_range"):
        yield
        return
    Thread(target=keep_writing, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _start_writing(path: Path) -> None:
    """Tell the system to start, without waiting for it: ``flush`` would hold the writer up."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            whole = ctypes.c_int64(0)
            ctypes.CDLL(None).sync_file_range(descriptor, whole, whole, _WRITE)
        finally:
            os.close(descriptor)


@contextmanager
def _draft(target: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    while True:
        draft = target.with_name(f"{_prefix(target)}{os.getpid()}-{secrets.token_hex(4)}")
        descriptor = None
        _OWN.add(draft)
        try:
            make(draft)
            descriptor = _lock(draft)
            if descriptor is not None:
                yield draft
                return
        finally:
            _remove(draft)
            _OWN.discard(draft)
            if descriptor is not None:
                os.close(descriptor)


def _make_file(path: Path) -> None:
    path.touch(0o666, exist_ok=False)


def _lock(draft: Path) -> int | None:
    """A descriptor that locks ``draft`` until it is closed; None where it was just cleared."""
    try:
        descriptor = os.open(draft, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS_HERE:
            return descriptor
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    # Between making and locking it another run may have taken it for abandoned.
    with suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(descriptor), draft.stat()):
            return descriptor
    os.close(descriptor)
    return None


def _remove_if_abandoned(draft: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(draft, os.O_RDONLY)
        try:
            # Where there are no locks nobody can say that it is abandoned: it stays.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(draft)
        finally:
            os.close(descriptor)


def _remove(draft: Path) -> None:
    """Remove a draft, in several attempts: a library's thread may still be writing part files.

    Never raises: what cannot be removed is left to the next run.
    """
    for pause_s in _PAUSES_S:
        with suppress(OSError):
            if draft.is_dir():
                shutil.rmtree(draft)
            else:
                draft.unlink(missing_ok=True)
            return
        sleep(pause_s)


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST_NAME_BYTES:
        name = blake2s(os.fsencode(name), digest_size=16).hexdigest()
    return f".{name}.bncli-"
