"""Which formats there are, which suffix means which, and how the user says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bncli.errors import Unreadable, UsageError
from bncli.registry import Registry

# Adding a format: one module with an object that follows ``parts.Format``, one line here.
FORMATS = Registry(
    "format",
    parquet="bncli.data.parquet:PARQUET",
    csv="bncli.data.delimited:CSV",
    ndjson="bncli.data.ndjson:NDJSON",
    arrow="bncli.data.arrow:ARROW",
)

SUFFIXES = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
COMPRESSED = (".gz", ".zst")
_MAY_BE_COMPRESSED = ("csv", "ndjson")
_UNPACK_FIRST = (".bz2", ".xz", ".zip", ".lz4", ".7z", ".tar")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How data is read, as the command line says it.

    format: overrides the suffix; needed for standard input. separator: one character (default
    ``,``, a tab for .tsv). quote: one character, or empty for none. null_values: spellings read
    as missing in every column. limit: at most so many rows. missing_columns, extra_columns: what
    a file does that lacks a column of the first one, or has one more. tensors: how the rows of
    some columns are laid out, as ``{"image": "CHW:3x32x32"}``.
    Raises UsageError for a value that cannot be meant.
    """

    format: str | None = None
    separator: str | None = None
    quote: str = '"'
    header: bool = True
    decimal_comma: bool = False
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ()
    limit: int | None = None
    missing_columns: Literal["raise", "null"] = "raise"
    extra_columns: Literal["raise", "ignore"] = "raise"
    tensors: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            FORMATS[self.format]  # raises, with the nearest known name
        if self.separator == "\\t":
            object.__setattr__(self, "separator", "\t")
        _one_byte("separator", self.separator)
        _one_byte("quote", self.quote or None)
        if self.limit is not None and self.limit < 0:
            raise UsageError(f"--limit {self.limit} is less than no row", fix="--limit 1000")
        _known_encoding(self.encoding)

    @property
    def utf8(self) -> bool:
        return _known_encoding(self.encoding) in ("utf-8", "utf-8-sig", "ascii")


def format_of(path: Path, options: ReadOptions) -> str:
    """The format of a file: as told by ``--format``, or by its suffix.

    Raises Unreadable when neither tells.
    """
    if options.format is not None:
        return options.format
    known = suffix_format(path)
    if known is not None:
        return known
    last = path.suffix.lower()
    if last in _UNPACK_FIRST:
        raise Unreadable(f"'{last}' files are not read", where=path.name, fix="unpack it first")
    if last == ".json":
        raise Unreadable(
            "'.json' may be anything", where=path.name, fix="--format ndjson, if it is one per line"
        )
    what = f"'{last}' says no known format" if last else "a name without suffix says no format"
    raise Unreadable(what, where=path.name, fix=f"say which: --format {'|'.join(FORMATS)}")


def suffix_format(path: Path) -> str | None:
    """The format that the suffix stands for, ``.csv.gz`` and the like included."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] in COMPRESSED:
        inner = SUFFIXES.get(suffixes[0]) if len(suffixes) == 2 else None
        return inner if inner in _MAY_BE_COMPRESSED else None
    return SUFFIXES.get(suffixes[-1]) if suffixes else None


def _one_byte(option: str, text: str | None) -> None:
    if text is not None and len(text.encode()) != 1:
        raise UsageError(f"--{option} takes one character of one byte, not '{text}'")


def _known_encoding(name: str) -> str:
    import codecs

    try:
        return codecs.lookup(name).name
    except LookupError:
        raise UsageError(
            f"no encoding named '{name}'", fix="for example --encoding latin-1"
        ) from None
