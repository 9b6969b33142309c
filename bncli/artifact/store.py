"""Saving and loading artifacts by their file's name and first bytes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bncli.artifact.json_file import JsonFile
from bncli.artifact.model import from_record, to_record
from bncli.data.atomic import atomic_file
from bncli.data.targets import written_directly
from bncli.errors import ArtifactError, UsageError
from bncli.registry import Registry
from bncli.standardize.standardizer import Standardizer

FORMATS = Registry(
    "artifact format",
    json="bncli.artifact.json_file:JsonFile",
    parquet="bncli.artifact.parquet_file:ParquetFile",
)

_JSON_START = re.compile(rb"""[^{]{0,20}\{[^{]*"format"\s*:\s*"bncli\.standardizer\"""")
_PARQUET_MAGIC = b"PAR1"
_PARQUET_KEY = b"bncli"
_MAX_FOOTER = 1 << 30
_CELL_BYTES = 140  # of the numbers of a group and channel, about
_MAX_EMBEDDED = 16 * 2**20  # readers of Parquet refuse footers of 100 MB


def save(standardizer: Standardizer, path: str | Path, overwrite: bool = False) -> None:
    """Write an artifact, whole or not at all, in the format that the suffix names.

    Raises UsageError for an unknown suffix, OutputExists, DataError when the disk is full,
    ArtifactError when the standardizer holds what no artifact can.
    """
    content = FORMATS[output_format(path)].encode(to_record(standardizer), os.fspath(path))
    with atomic_file(path, overwrite) as draft:
        draft.write_bytes(content)


def output_format(path: str | Path) -> str:
    """The format to write at a path: by its suffix; JSON to devices and pipes, which have none.

    Raises UsageError for an unknown suffix.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind in FORMATS:
        return kind
    if written_directly(path):
        return "json"
    known = " or ".join(f".{name}" for name in FORMATS)
    raise UsageError(
        f"cannot tell the artifact's format from '{path}'", fix=f"end its name in {known}"
    )


def is_artifact(path: str | Path) -> bool:
    """Whether a file looks like an artifact rather than data; it may still be damaged.

    A data file that carries a standardizer is data.
    """
    path = Path(path)
    if not path.is_file():
        return False
    if _is_parquet(path):
        if not _footer_may_be_ours(path):
            return False
        from bncli.artifact.parquet_file import looks_like_artifact

        return looks_like_artifact(path)
    with path.open("rb") as file:
        return _JSON_START.match(file.read(4096)) is not None


def load(path: str | Path) -> Standardizer:
    """Read an artifact, or what a Parquet output of ``transform`` carries, of any origin.

    The first bytes tell the format, not the name. Raises ArtifactError.
    """
    name = os.fspath(path)
    with _unreadable(name):
        kind = "parquet" if _is_parquet(Path(path)) else "json"
        record = FORMATS[kind].decode(Path(path), name)
    return from_record(record, name)


def dumps(standardizer: Standardizer) -> str:
    """The JSON artifact as text, as ``save`` writes it."""
    return JsonFile.encode(to_record(standardizer), "the artifact").decode()


def embedded(path: str | Path) -> Standardizer | None:
    """The standardizer that a data file carries; None where it carries none.

    Raises ArtifactError when the file, or the artifact in it, is damaged.
    """
    name = os.fspath(path)
    with _unreadable(name):
        if not _is_parquet(Path(path)):
            return None
        from bncli.artifact.parquet_file import embedded_record

        record = embedded_record(Path(path), name)
    return None if record is None else from_record(record, name)


def metadata(standardizer: Standardizer) -> dict[str, str]:
    """What a Parquet writer puts into the file metadata, so that ``embedded`` finds it again.

    Sketches and the covariance are left out where they would make a footer of more than 16 MiB.
    Empty where the statistics per group alone would: without them it could not be undone.
    """
    groups = standardizer.profile.groups
    if groups is not None and groups.moments.count.size * _CELL_BYTES > _MAX_EMBEDDED:
        return {}
    text = _compact(to_record(standardizer))
    if len(text) > _MAX_EMBEDDED:
        bare = replace(
            standardizer.profile,
            quantiles=(),
            categories={},
            category_types={},
            temporal={},
            other_types={},
            covariance=None,
        )
        text = _compact(to_record(standardizer.replace(profile=bare)))
    return {"bncli": text}


def _compact(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _is_parquet(path: Path) -> bool:
    # Looking into a pipe would take its first bytes away, and Parquet cannot come from one.
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC


def _footer_may_be_ours(path: Path) -> bool:
    """Whether the footer holds the name of our key. Importing pyarrow to see that most data does
    not would take longer than fitting it."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END) - 8
        file.seek(max(0, end))
        length = int.from_bytes(file.read(4), "little")
        file.seek(max(0, end - length))
        return _PARQUET_KEY in file.read(min(length, _MAX_FOOTER))


@contextmanager
def _unreadable(name: str) -> Iterator[None]:
    """Faults of the file system as ArtifactError."""
    try:
        yield
    except FileNotFoundError:
        raise ArtifactError("there is no such file", where=name) from None
    except IsADirectoryError:
        raise ArtifactError("this is a folder, and an artifact is a file", where=name) from None
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}", where=name) from error
