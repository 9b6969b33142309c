"""How a table is written: what the target's name and the options say about its format."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bncli.data.formats import COMPRESSED, SUFFIXES, suffix_format
from bncli.data.targets import PathLike
from bncli.errors import UsageError
from bncli.registry import Registry

# Adding an output format: one function in ``sinks.py`` (or a module of its own), one line here.
SINKS = Registry(
    "output format",
    parquet="bncli.data.sinks:parquet",
    csv="bncli.data.sinks:csv",
    ndjson="bncli.data.sinks:ndjson",
    arrow="bncli.data.sinks:arrow",
)
BINARY = ("parquet", "arrow")

_CODECS = {
    "parquet": {"zstd": "zstd", "snappy": "snappy", "lz4": "lz4", "none": "uncompressed"},
    "arrow": {"zstd": "zstd", "lz4": "lz4", "none": "uncompressed"},
}
_LEVELS = {("parquet", "zstd"): range(1, 23)}
_PACKING = {".gz": "gzip", ".zst": "zstd"}
_GROUP_ROWS = 122_880
_GROUP_VALUES = 1 << 22


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a table is to be written, as the command line says it.

    to: the format where the target's name does not tell; fallback: the format where that is not
    given either. compression: ``zstd|snappy|lz4|none``, with ``:LEVEL`` if wanted, of Parquet and
    Arrow. row_group_size: rows of a Parquet row group. overwrite: replace what is there.
    csv_safe: of CSV, quote what a spreadsheet would take for a formula.
    """

    to: str | None = None
    fallback: str | None = None
    compression: str | None = None
    row_group_size: int | None = None
    overwrite: bool = False
    csv_safe: bool = False


@dataclass(frozen=True, slots=True)
class Encoding:
    """A format with everything that belongs to it.

    suffix: of part files. packing: around CSV and NDJSON, by polars' names; separator: of CSV.
    codec, level: inside Parquet and Arrow, None for the format's own default. safe: no formulas.
    row_group_rows: None to choose by the number of columns.
    """

    format: str
    suffix: str
    packing: str = "uncompressed"
    separator: str = ","
    codec: str | None = None
    level: int | None = None
    row_group_rows: int | None = None
    safe: bool = False

    def group_rows(self, columns: int) -> int:
        """Rows of a row group: what bounds the memory of writing, so fewer where there are
        many columns."""
        widest = _GROUP_VALUES // max(1, columns)
        return self.row_group_rows or max(1024, min(_GROUP_ROWS, widest))


def encoding_of(target: PathLike, options: WriteOptions) -> Encoding:
    """What the target's name and the options say; raises UsageError where they say nothing,
    contradict each other, or cannot be meant."""
    name = Path(os.fspath(target).rstrip("/")).name
    suffixes = "".join(suffix.lower() for suffix in Path(name).suffixes[-2:])
    known = None if is_folder(target) or is_stdout(target) else suffix_format(Path(name))
    if known and options.to not in (None, known):
        raise UsageError(
            f"'{name}' is {known} by its name, and --to says {options.to}", fix="leave --to out"
        )
    fmt = known or options.to or options.fallback
    if fmt is None or fmt not in SINKS:
        _refuse_format(name, fmt)
    assert fmt is not None
    if options.csv_safe and fmt != "csv":
        raise UsageError(f"--csv-safe is for CSV, not {fmt}", fix="leave it out")
    codec, level = _compression(fmt, options.compression)
    if options.row_group_size is not None and options.row_group_size < 1:
        raise UsageError("--row-group-size takes a number of rows, at least 1")
    last = Path(name).suffix.lower()
    return Encoding(
        fmt,
        f".{fmt}",
        packing=_PACKING[last] if known and last in COMPRESSED else "uncompressed",
        separator="\t" if ".tsv" in suffixes else ",",
        codec=codec,
        level=level,
        safe=options.csv_safe,
        row_group_rows=options.row_group_size,
    )


def is_folder(target: PathLike) -> bool:
    """A trailing slash asks for a folder of part files."""
    return os.fspath(target).endswith("/")


def is_stdout(target: PathLike) -> bool:
    return os.fspath(target) == "-"


def _refuse_format(name: str, fmt: str | None) -> None:
    """Raises UsageError: an unknown ``--to``, or a name that says no format."""
    if fmt is not None:
        SINKS[fmt]
    known = " ".join(SUFFIXES)
    raise UsageError(
        f"'{name}' says no output format",
        fix=f"use one of the suffixes {known}, or --to {'|'.join(SINKS)}",
    )


def _compression(fmt: str, text: str | None) -> tuple[str | None, int | None]:
    """Codec by polars' name and level, of ``zstd:5`` and the like."""
    if text is None:
        return None, None
    codecs = _CODECS.get(fmt)
    if codecs is None:
        raise UsageError(
            f"--compression is for Parquet and Arrow, not {fmt}",
            fix=f"name the file .{fmt}.gz or .{fmt}.zst",
        )
    name, colon, level = text.partition(":")
    if name not in codecs:
        raise UsageError(
            f"--compression {text}: no such codec in {fmt}", fix=f"known: {', '.join(codecs)}"
        )
    if not colon:
        return codecs[name], None
    allowed = _LEVELS.get((fmt, name))
    if allowed is None:
        raise UsageError(f"--compression {text}: {name} has no levels in {fmt}")
    if not level.isascii() or not level.isdigit() or int(level) not in allowed:
        raise UsageError(
            f"--compression {text}: no such level", fix=f"{allowed.start} to {allowed.stop - 1}"
        )
    return codecs[name], int(level)
