"""The artifact as JSON: for people, diffs and git."""

from __future__ import annotations

import json
import math
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from bncli.artifact.parse import parsed, read_bounded, refuse_large


class JsonFile:
    """The format behind ``.json``."""

    @staticmethod
    def encode(record: dict[str, Any], name: str) -> bytes:
        """The file's bytes. Raises ArtifactError when they are beyond what loads again."""
        text = (indented(record) + "\n").encode()
        refuse_large(text, name)
        return text

    @staticmethod
    def decode(path: Path, name: str) -> Any:
        """The record in a file, unchecked. Raises ArtifactError, OSError."""
        with path.open("rb") as file:
            return parsed(read_bounded(file, name), name)


def indented(value: Any, margin: str = "\n") -> str:
    """What ``json.dumps(value, indent=2)`` gives, several times as fast: the standard library
    indents in Python, a token at a time. Raises ValueError for NaN and infinities.

    margin: a line end and the indentation of the line that the value begins on.
    """
    inner = margin + "  "
    if isinstance(value, dict) and value:
        items = (
            f"{encode_basestring(key)}: {indented(item, inner)}" for key, item in value.items()
        )
        return f"{{{inner}{(',' + inner).join(items)}{margin}}}"
    if isinstance(value, list) and value:
        if set(map(type, value)) <= _NUMBERS:
            # No text in it, so every comma parts two items.
            return f"[{inner}{_compact(value)[1:-1].replace(', ', ',' + inner)}{margin}]"
        return f"[{inner}{(',' + inner).join(indented(item, inner) for item in value)}{margin}]"
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int or (kind is float and math.isfinite(value)):
        return repr(value)
    return _compact(value)


_NUMBERS = {int, float, bool, type(None)}
_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
