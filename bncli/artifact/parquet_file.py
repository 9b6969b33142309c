"""The artifact as Parquet: one row per channel, for many columns and for other tools.

Decisions. The contract's plain fields are typed columns; ``state`` and ``quantiles`` are JSON
text, so that one checker reads both forms; so is ``by``, a column that is there where there are
statistics per group. The rest of the record is JSON in the file metadata under ``bncli``; an output
of ``transform`` has its whole record there. Bytes depend on the record (and the version of Arrow)
alone: compression is pinned, pages carry checksums, which are verified, and no Arrow schema is
embedded, which a stranger could fill with extension types.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bncli.artifact.check import MAX_CHANNELS
from bncli.artifact.parse import most_bytes, parsed, refuse_large
from bncli.errors import ArtifactError, BncliError

KEY = b"bncli"

_TEXT, _FLOAT = pa.string(), pa.float64()
_COLUMNS = {
    "feature": _TEXT,
    "channel": pa.int64(),
    "type": _TEXT,
    "layout": _TEXT,
    "count": pa.int64(),
    "missing": pa.int64(),
    **dict.fromkeys(("min", "max", "mean", "variance"), _FLOAT),
    **dict.fromkeys(("running_mean", "running_variance", "gamma", "beta"), _FLOAT),
    "constant": pa.bool_(),
    "state": _TEXT,
    "quantiles": _TEXT,
}
_BY = "by"  # a column that only artifacts with statistics per group have
_KNOWN = {**_COLUMNS, _BY: _TEXT}
_WRITING: dict[str, Any] = {
    "version": "2.6",
    "compression": "zstd",
    "compression_level": 3,
    "use_dictionary": False,
    "write_statistics": False,
    "store_schema": False,
    "write_page_checksum": True,
}
_NESTED = ("state", "quantiles", _BY)
_FAULTS = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError, OverflowError)


class ParquetFile:
    """The format behind ``.parquet``."""

    @staticmethod
    def encode(record: dict[str, Any], name: str) -> bytes:
        """The file's bytes. Raises ArtifactError when they are beyond what loads again."""
        rest, rows = _parted(record)
        nested = [key for key in _NESTED if key in rows[0]]
        rows = [{**row, **{key: _json(row[key]) for key in nested}} for row in rows]
        texts = [row[key] or "" for row in rows for key in nested]
        refuse_large("".join([_json(rest), *texts]).encode(), name)
        schema = pa.schema([(name, kind) for name, kind in _KNOWN.items() if name in rows[0]])
        buffer = BytesIO()
        with pq.ParquetWriter(buffer, schema, **_WRITING) as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema), row_group_size=MAX_CHANNELS)
            writer.add_key_value_metadata({KEY: _json(rest)})
        return buffer.getvalue()

    @staticmethod
    def decode(path: Path, name: str) -> Any:
        """The record in a file, unchecked. Raises ArtifactError, OSError."""
        try:
            with _opened(path) as file:
                rest = _metadata(file.metadata, name)
                if rest is None:
                    raise ArtifactError(
                        "this is a Parquet file without a standardizer in it",
                        where=name,
                        fix="make one with: bncli fit DATA -o stats.json",
                    )
                if not isinstance(rest, dict) or "channels" in rest:
                    return rest
                present = dict.fromkeys(file.schema_arrow.names)
            texts = [column for column in present if _KNOWN.get(column) == _TEXT]
            with _opened(path, texts) as file:
                channels = _channels(file, name)
        except BncliError:
            raise
        except _FAULTS as error:
            raise _damaged(name) from error
        # Channels come before categories, as in JSON.
        return _joined(rest, channels)


def embedded_record(path: Path, name: str) -> Any:
    """The whole record that an output of ``transform`` carries; None when there is none.

    Raises ArtifactError when the file is damaged, or what it carries is no JSON; OSError.
    """
    try:
        with _opened(path) as file:
            record = _metadata(file.metadata, name)
    except BncliError:
        raise
    except _FAULTS as error:
        raise _damaged(name) from error
    return record if isinstance(record, dict) and "channels" in record else None


def looks_like_artifact(path: Path) -> bool:
    """Whether a Parquet file has an artifact's columns and key; False when it is damaged."""
    try:
        with _opened(path) as file:
            names = set(file.schema_arrow.names)
            return KEY in (file.metadata.metadata or {}) and names.issuperset(_COLUMNS)
    except _FAULTS:
        return False


def _parted(record: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What goes into the metadata, and the rows: what is said of each channel."""
    rest = {key: value for key, value in record.items() if key != "channels"}
    if record.get(_BY) is None:
        return rest, record["channels"]
    groups = {key: value for key, value in record[_BY].items() if key != "channels"}
    pairs = zip(record["channels"], record[_BY]["channels"], strict=True)
    return {**rest, _BY: groups}, [{**channel, _BY: by} for channel, by in pairs]


def _joined(rest: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The inverse of ``_parted``, of any origin."""
    groups = rest.get(_BY)
    if not isinstance(groups, dict):
        return {**rest, "channels": rows}
    channels = [{key: value for key, value in row.items() if key != _BY} for row in rows]
    by = {**groups, "channels": [row.get(_BY) for row in rows]}
    return {**rest, "channels": channels, _BY: by}


def _damaged(name: str) -> ArtifactError:
    return ArtifactError("this is a damaged Parquet file", where=name)


def _opened(path: Path, texts: list[str] | None = None) -> pq.ParquetFile:
    """texts: columns to read as dictionaries; naming one that is not there is an error."""
    return pq.ParquetFile(
        # A native file: a text would also be tried as the address of a remote store.
        pa.OSFile(str(path)),
        read_dictionary=texts,
        page_checksum_verification=True,
        pre_buffer=False,
        arrow_extensions_enabled=False,
    )


def _metadata(footer: pq.FileMetaData, name: str) -> Any:
    text = (footer.metadata or {}).get(KEY)
    return None if text is None else parsed(text, name)


def _channels(file: pq.ParquetFile, name: str) -> list[dict[str, Any]]:
    """The rows as the record's ``channels``: known columns as records, others by name only."""
    footer = file.metadata
    groups = [footer.row_group(at) for at in range(min(footer.num_row_groups, 1000))]
    size = sum(group.total_byte_size for group in groups)
    if footer.num_rows > MAX_CHANNELS or size > most_bytes() or len(groups) < footer.num_row_groups:
        raise ArtifactError("this has more rows or bytes than an artifact may", where=name)
    columns = dict.fromkeys(file.schema_arrow.names)
    table = file.read(columns=[column for column in columns if column in _KNOWN])
    for column in table.column_names:
        kind = table.schema.field(column).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if kind != _KNOWN[column] or table.column_names.count(column) > 1:
            raise ArtifactError(f"column '{column}' must be of type {_KNOWN[column]}", where=name)
    # A dictionary may repeat one long text in every row: measure before it is spread out.
    texts = [column for column in table.columns if pa.types.is_dictionary(column.type)]
    if sum(map(_spread_size, texts)) > most_bytes():
        raise ArtifactError("this has more text than an artifact may", where=name)
    unknown = dict.fromkeys(column for column in columns if column not in _KNOWN)
    return [{**row, **unknown, **_nested(row, name)} for row in table.to_pylist()]


def _nested(row: dict[str, Any], name: str) -> dict[str, Any]:
    texts = {key: row[key] for key in _NESTED if row.get(key) is not None}
    return {key: parsed(text.encode(), name) for key, text in texts.items()}


def _spread_size(column: pa.ChunkedArray) -> int:
    """Bytes of a column of texts once every row holds its own."""
    sizes = (
        pc.sum(pc.take(pc.binary_length(chunk.dictionary), chunk.indices)).as_py()
        for chunk in column.chunks
    )
    return sum(size or 0 for size in sizes)


def _json(value: Any) -> Any:
    """Compact JSON; null stays null."""
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
