"""The artifact as JSON: for people, diffs and git."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bncli.artifact.parse import MAX_BYTES, parsed, refuse_large


class JsonFile:
    """The format behind ``.json``."""

    @staticmethod
    def encode(record: dict[str, Any], name: str) -> bytes:
        """The file's bytes. Raises ArtifactError when they are beyond what loads again."""
        text = (json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
        refuse_large(text, name)
        return text

    @staticmethod
    def decode(path: Path, name: str) -> Any:
        """The record in a file, unchecked. Raises ArtifactError, OSError."""
        with path.open("rb") as file:
            # One byte more than allowed tells that a file, or an endless pipe, is too large.
            return parsed(file.read(MAX_BYTES + 1), name)
