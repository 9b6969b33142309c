"""What DATA names: globs, folders, links, pipes, files that are not there or may not be read."""

from __future__ import annotations

import os
from pathlib import Path

from corpus.model import add
from corpus.parquet_parts import sound
from corpus.text import CSV

_GOOD = sound()


def _folder(folder: Path) -> Path:
    inner = folder / "d"
    inner.mkdir()
    (inner / "t.parquet").write_bytes(_GOOD)
    return inner


def _loop(folder: Path) -> list[str]:
    inner = _folder(folder)
    (inner / "again").symlink_to(inner)
    return ["d"]


def _file_loop(folder: Path) -> list[str]:
    (folder / "t.parquet").symlink_to(folder / "u.parquet")
    (folder / "u.parquet").symlink_to(folder / "t.parquet")
    return ["t.parquet"]


def _fifo(folder: Path) -> list[str]:
    os.mkfifo(_folder(folder) / "u.parquet")
    return ["d"]


def _device(folder: Path) -> list[str]:
    (_folder(folder) / "u.parquet").symlink_to("/dev/zero")
    return ["d"]


def _dead_link(folder: Path) -> list[str]:
    (_folder(folder) / "u.parquet").symlink_to("nowhere")
    return ["d"]


def _dead_link_named(folder: Path) -> list[str]:
    (folder / "t.parquet").symlink_to("nowhere")
    return ["t.parquet"]


def _empty_folder(folder: Path) -> list[str]:
    (folder / "d").mkdir()
    return ["d"]


def _one_of_many(folder: Path) -> list[str]:
    for name in ("1", "2", "10"):
        (folder / f"{name}.parquet").write_bytes(_GOOD if name != "2" else _GOOD[:-30])
    return ["1.parquet", "2.parquet", "10.parquet"]


def _empty_among_many(folder: Path) -> list[str]:
    inner = _folder(folder)
    (inner / "u.parquet").touch()
    return ["d"]


def _two_kinds(folder: Path) -> list[str]:
    (_folder(folder) / "t.csv").write_bytes(CSV)
    return ["d"]


def _folder_called_file(folder: Path) -> list[str]:
    (folder / "t.parquet").mkdir()
    return ["t.parquet"]


def _long_name(folder: Path) -> list[str]:
    return ["n" * 5000 + ".parquet"]


add("places: a link loop", _loop, 3, "link loop")
add("places: files that are links to each other", _file_loop, 3, r"t\.parquet: .*symbolic links")
add("places: a FIFO in a folder", _fifo, 3, r"u\.parquet: a pipe or device")
add("places: a device in a folder", _device, 3, r"u\.parquet: a pipe or device")
add("places: a dead link in a folder", _dead_link, 3, "leads nowhere")
add("places: a dead link", _dead_link_named, 3, "leads nowhere")
add("places: an empty folder", _empty_folder, 3, "holds no data file")
add("places: a glob that matches nothing", lambda _: ["*.parquet"], 3, "no file matches")
add("places: a glob that is none", lambda _: ["[.parquet"], 3, "no such file|no file matches")
add("places: a file that is not there", lambda _: ["t.parquet"], 3, "no such file")
add(
    "places: two files that are not there",
    lambda _: ["t.parquet", "u.parquet"],
    3,
    "2 inputs are missing|no such file|no data file",
)
add("places: a folder called like a file", _folder_called_file, 3, "holds no data file")
add(
    "places: a missing file among several",
    lambda folder: [*_one_of_many(folder), "11.parquet"],
    3,
    r"11.parquet: no such file|2\.parquet",
)
add("places: a damaged file among several", _one_of_many, 3, r"2\.parquet")
add("places: an empty file in a folder", _empty_among_many, 3, r"u\.parquet: is empty")
add("places: two formats in a folder", _two_kinds, 3, "several formats")
add("places: a name longer than any", _long_name, 3, "no such file")
add("places: an empty name", lambda _: [""], 3, "no such file|no data")
add("places: a NUL in a name", lambda _: ["a\0b.parquet"], 3, "")
add("places: a bucket", lambda _: ["s3://bucket/t.parquet"], 2, "")
add("places: an unknown scheme", lambda _: ["gopher://x/t.parquet"], 2, "")
add("places: an endless device", lambda _: ["/dev/zero"], 2, "--format")
add(
    "places: an endless device, as CSV", lambda _: ["/dev/zero"], 3, "", options=("--format", "csv")
)
add(
    "places: an endless device, as NDJSON",
    lambda _: ["/dev/zero"],
    3,
    "",
    options=("--format", "ndjson"),
)
add(
    "places: an endless device, as a stream",
    lambda _: ["/dev/zero"],
    3,
    "",
    options=("--format", "arrow"),
)
add(
    "places: nothing to read, as CSV",
    lambda _: ["/dev/null"],
    3,
    "is empty|not UTF-8|Parquet",
    options=("--format", "csv"),
)
