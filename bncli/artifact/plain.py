"""Any JSON value, bounded in depth: what stands in fields whose content is nobody's contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bncli.artifact.parse import shortened
from bncli.artifact.shape import (
    MAX_INTEGER,
    MAX_TEXT,
    Checker,
    Problems,
    Schema,
    integer,
    items,
    number,
    text,
)


def plain(depth: int = 8) -> Checker:
    """Any JSON value, nested up to ``depth`` deep."""
    word, whole, real = text(), integer(-MAX_INTEGER - 1), number()

    def check(value: Any, path: str, problems: Problems) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return word(value, path, problems)
        if isinstance(value, int):
            return whole(value, path, problems)
        if isinstance(value, float):
            return real(value, path, problems)
        if depth == 0:
            problems.add(path, "is nested too deeply")
            return None
        inner = plain(depth - 1)
        if isinstance(value, list):
            return items(inner)(value, path, problems)
        if isinstance(value, Mapping):
            return {
                word(key, f"a key of {path}", problems): inner(
                    item, f"{path}.{shortened(key)}", problems
                )
                for key, item in value.items()
            }
        problems.add(path, f"must be a JSON value, and is {shortened(value)}")
        return None

    return Checker(check, {"$ref": f"#/$defs/{_plain_name(depth)}"})


def plain_schemas(depth: int = 8) -> dict[str, Schema]:
    """The definitions that the schema of ``plain(depth)`` refers to, by name."""
    scalars: list[Schema] = [
        {"type": ["null", "boolean", "number"]},
        {"type": "string", "maxLength": MAX_TEXT},
    ]
    found: dict[str, Schema] = {_plain_name(0): {"anyOf": scalars}}
    for level in range(1, depth + 1):
        inner = {"$ref": f"#/$defs/{_plain_name(level - 1)}"}
        nested: list[Schema] = [
            {"type": "array", "items": inner},
            {"type": "object", "additionalProperties": inner},
        ]
        found[_plain_name(level)] = {"anyOf": [*scalars, *nested]}
    return found


def _plain_name(depth: int) -> str:
    return f"json_of_depth_{depth}"
