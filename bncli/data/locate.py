"""From what the user names to a list of files: a path, a glob, a directory, ``-``.

Order: arguments as given; within a glob or a directory by *natural order* of the path, folder by
folder: numbers in names count as numbers, so ``part-2`` comes before ``part-10``.
"""

from __future__ import annotations

import difflib
import glob
import os
import re
import stat
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from bncli.data.formats import ReadOptions, suffix_format
from bncli.errors import BncliWarning, DataError, Unreadable, UsageError, listed

PathLike: TypeAlias = str | os.PathLike[str]
STDIN = "-"
_URL = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_HIVE = re.compile(r"^([^=]+)=(.*)$")
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Located:
    """One file. name: as messages call it; hive: its ``key=value`` folders, in path order.

    pipe: standard input, or a FIFO or device that was named itself, which reads only once.
    """

    path: Path
    name: str
    hive: tuple[tuple[str, str | None], ...] = ()
    pipe: bool = False


def locate(data: PathLike | Iterable[PathLike], options: ReadOptions) -> tuple[Located, ...]:
    """The files that ``data`` names, at least one.

    Raises Unreadable (all that is missing, together), DataError, UsageError.
    """
    items = [data] if isinstance(data, str | os.PathLike) else list(data)
    if not all(isinstance(item, str | os.PathLike) for item in items):
        raise UsageError("data is a path, several, or a table")
    if not items:
        raise UsageError("no data was named", fix="name a file, a directory, or - for a pipe")
    found: list[Located] = []
    missing: list[Unreadable] = []
    for item in items:
        try:
            found.extend(_expand(os.fspath(item), options))
        except Unreadable as error:
            missing.append(error)
    if len(missing) > 1:
        raise Unreadable(f"{len(missing)} inputs are missing:\n  " + listed(map(_line, missing)))
    if missing:
        raise missing[0]
    if sum(file.name == STDIN for file in found) > 1:
        raise UsageError("standard input can be read only once", fix="name - only once")
    return tuple(found)


def natural(text: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sort key: runs of digits compare as numbers; equal ones by their text."""
    pieces = re.findall(r"[0-9]+|[^0-9]+", text)
    key = [(0, int(p), "") if p[0] in "0123456789" else (1, 0, p) for p in pieces]
    return key, text


def _line(error: Unreadable) -> str:
    return str(error).splitlines()[0]


def _expand(item: str, options: ReadOptions) -> Iterator[Located]:
    if item == STDIN:
        yield Located(Path(STDIN), STDIN, pipe=True)
    elif _URL.match(item):
        raise UsageError(
            f"'{item.partition('?')[0]}' is not on this machine", fix="copy it here first"
        )
    elif os.path.lexists(item):
        yield from _existing(Path(item), options)
    elif glob.has_magic(item):
        yield from _matches(item, options)
    else:
        raise Unreadable("no such file or directory", where=item, fix=_near(Path(item)))


def _existing(path: Path, options: ReadOptions) -> Iterator[Located]:
    kind = _kind(path, str(path))
    if stat.S_ISDIR(kind):
        yield from _directory(path, options)
    else:
        yield Located(path, path.name, pipe=not stat.S_ISREG(kind))


def _kind(path: Path, name: str) -> int:
    try:
        return path.stat().st_mode
    except OSError as error:
        dangling = path.is_symlink() and isinstance(error, FileNotFoundError)
        what = "a link that leads nowhere" if dangling else (error.strerror or str(error)).lower()
        raise Unreadable(what, where=name) from error


def _matches(pattern: str, options: ReadOptions) -> Iterator[Located]:
    paths = sorted(glob.glob(pattern, recursive=True), key=natural)  # noqa: PTH207 (needs absolute patterns)
    if not paths:
        raise Unreadable("no file matches", where=pattern, fix=_near(Path(pattern)))
    # `**` also gives the folders themselves: their files match already.
    folders_too = "**" not in pattern
    for path in map(Path, paths):
        if folders_too or not path.is_dir():
            yield from _existing(path, options)


def _near(path: Path) -> str | None:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder '{folder}'"
    near = difflib.get_close_matches(path.name, [entry.name for entry in folder.iterdir()], n=1)
    return f"did you mean '{folder / near[0]}'?" if near else None


def _directory(root: Path, options: ReadOptions) -> Iterator[Located]:
    every = [
        path for path in _walk(root, (os.path.realpath(root),)) if not _is_side_file(path.name)
    ]
    chosen = [path for path in every if _wanted(path, options)]
    if not chosen:
        other = f"; {len(every)} of other kinds" if every else ""
        fix = "say the format with --format" if every else None
        raise Unreadable(f"holds no data file{other}", where=f"{root}/", fix=fix)
    _one_format(root, chosen, options)
    rest = [str(path.relative_to(root)) for path in every if path not in set(chosen)]
    if rest:
        names = ", ".join(rest[:3]) + (", ..." if len(rest) > 3 else "")
        text = f"{root}/: left out {len(rest)} files of no known format: {names}"
        warnings.warn(text, BncliWarning, stacklevel=2)
    for path in chosen:
        yield Located(path, str(path.relative_to(root)), _hive(root, path))


def _walk(folder: Path, above: tuple[str, ...]) -> Iterator[Path]:
    """Files below a folder in natural order. above: the real paths of the folders we are in."""
    try:
        names = sorted((entry.name for entry in folder.iterdir()), key=natural)
    except OSError as error:
        raise Unreadable((error.strerror or str(error)).lower(), where=f"{folder}/") from error
    _refuse_table_formats(folder, names)
    for path in (folder / name for name in names if not _is_side_file(name)):
        kind = _kind(path, str(path))
        if stat.S_ISDIR(kind):
            real = os.path.realpath(path)
            if real in above:
                raise DataError("a link loop: it leads to a folder it lies in", where=f"{path}/")
            yield from _walk(path, (*above, real))
        elif stat.S_ISREG(kind):
            yield path
        else:
            raise DataError("a pipe or device within a directory is not read", where=str(path))


def _refuse_table_formats(folder: Path, names: list[str]) -> None:
    # Their folders also hold files of deleted rows: only the table's own log tells.
    if "_delta_log" in names:
        raise DataError("a Delta table is not read yet", where=f"{folder}/", fix="export it first")
    if "metadata" in names and next((folder / "metadata").glob("*.metadata.json"), None):
        raise DataError(
            "an Iceberg table is not read yet", where=f"{folder}/", fix="export it first"
        )


def _is_side_file(name: str) -> bool:
    return name.startswith((".", "_")) and not _HIVE.match(name)


def _wanted(path: Path, options: ReadOptions) -> bool:
    known = suffix_format(path)
    if options.format is None:
        return known is not None
    return known == options.format or known is None


def _one_format(root: Path, chosen: list[Path], options: ReadOptions) -> None:
    formats = sorted({suffix_format(path) or "" for path in chosen})
    if options.format is None and len(formats) > 1:
        raise DataError(
            f"holds several formats: {', '.join(formats)}",
            where=f"{root}/",
            fix=f"choose one with --format {formats[0]}, or with a quoted glob",
        )


def _hive(root: Path, path: Path) -> tuple[tuple[str, str | None], ...]:
    # The named folder may be a partition itself (data/year=2024).
    folders = (root.name, *path.relative_to(root).parent.parts)
    pairs = (match.groups() for match in map(_HIVE.match, folders) if match)
    return tuple(
        (unquote(key), None if value == _HIVE_NULL else unquote(value)) for key, value in pairs
    )
